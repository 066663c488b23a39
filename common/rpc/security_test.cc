// Connections with certificates: who gets through, who does not and why, and what happens
// when certificates are replaced.
#include "common/rpc/security.h"

#include <grpcpp/channel.h>
#include <grpcpp/client_context.h>
#include <grpcpp/generic/async_generic_service.h>
#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/server.h>
#include <grpcpp/server_builder.h>

#include <catch2/catch.hpp>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/synchronization/notification.h"
#include "absl/time/clock.h"
#include "common/clock.h"
#include "common/rpc/caller.h"
#include "common/rpc/channel.h"
#include "common/rpc/denied_call.h"
#include "common/security/certificates.h"
#include "common/security/tls_dir.h"
#include "common/status/status_matchers.h"
#include "common/sync.h"

namespace paceline {
namespace {

constexpr char kGetJob[] = "/paceline.v1.Scheduler/GetJob";
constexpr char kBackup[] = "/paceline.v1.Scheduler/BackupState";

// Answers every call of any method with who called.
class Echo final : public grpc::CallbackGenericService {
 public:
  grpc::ServerGenericBidiReactor* CreateReactor(
      grpc::GenericCallbackServerContext* context) override {
    return new Reactor(IdentityText(CallerOf(*context)));
  }

 private:
  class Reactor final : public grpc::ServerGenericBidiReactor {
   public:
    explicit Reactor(const std::string& text) {
      const grpc::Slice slice(text);
      answer_ = grpc::ByteBuffer(&slice, 1);
      StartWriteAndFinish(&answer_, {}, grpc::Status::OK);
    }
    void OnDone() override { delete this; }

   private:
    grpc::ByteBuffer answer_;
  };
};

struct Answer {
  grpc::Status status;
  std::string text;
  // PEM of whom was called.
  std::string certificate;
};

// A network of certificates in a folder that goes away.
class Fixture {
 public:
  Fixture() {
    std::string pattern = std::filesystem::temp_directory_path() / "security-XXXXXX";
    REQUIRE(mkdtemp(pattern.data()) != nullptr);
    folder_ = pattern;
    ca = NewCa();
  }
  ~Fixture() {
    if (server_ != nullptr) server_->Shutdown(std::chrono::system_clock::now());
    std::filesystem::remove_all(folder_);
  }

  KeyAndCertificate NewCa() {
    REQUIRE_OK_AND_ASSIGN(const KeyAndCertificate made, MakeCa(clock_.Now()));
    return made;
  }

  // A folder with a certificate for 127.0.0.1.
  std::string Issue(Role role, CertificateRequest request = {.hosts = {"127.0.0.1"}}) {
    const std::string dir = absl::StrCat(folder_, "/", RoleName(role), ++folders_);
    Replace(dir, role, std::move(request));
    return dir;
  }
  // Returns the certificate.
  std::string Replace(const std::string& dir, Role role,
                      CertificateRequest request = {.hosts = {"127.0.0.1"}}) {
    request.identity = {role, "x"};
    if (request.now == absl::Time()) request.now = clock_.Now();
    REQUIRE_OK_AND_ASSIGN(const KeyAndCertificate issued, IssueCertificate(ca, request));
    REQUIRE_OK(WriteTlsDir(
        dir, {trusted.empty() ? ca.certificate : trusted, issued.certificate, issued.key}));
    return issued.certificate;
  }

  std::shared_ptr<RpcSecurity> Load(const std::string& dir) {
    REQUIRE_OK_AND_ASSIGN(auto security, RpcSecurity::Load(dir, clock_.Now()));
    return security;
  }

  void Serve(const std::shared_ptr<RpcSecurity>& security) {
    grpc::ServerBuilder builder;
    ApplyServerDefaults(&builder);
    builder.AddListeningPort("127.0.0.1:0", security->ServerCredentials(on_denied), &port_);
    builder.RegisterCallbackGenericService(&echo_);
    server_ = builder.BuildAndStart();
    REQUIRE(server_ != nullptr);
  }

  // Over a connection of its own.
  Answer Call(const std::shared_ptr<RpcSecurity>& caller, const std::string& method = kGetJob,
              Role expected = Role::kScheduler, const std::string& host = "127.0.0.1") {
    return Call(MakeChannel(absl::StrCat(host, ":", port_), caller->ChannelCredentials(expected),
                            {.connection_number = ++connections_}),
                method);
  }

  static Answer Call(const std::shared_ptr<grpc::Channel>& channel, const std::string& method) {
    grpc::GenericStub stub(channel);
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(20));
    const grpc::Slice empty;
    const grpc::ByteBuffer request(&empty, 1);
    grpc::ByteBuffer response;
    Answer answer;
    absl::Notification done;
    stub.UnaryCall(&context, method, {}, &request, &response, [&](grpc::Status status) {
      answer.status = std::move(status);
      done.Notify();
    });
    done.WaitForNotification();
    if (answer.status.ok()) {
      grpc::Slice slice;
      REQUIRE(response.DumpToSingleSlice(&slice).ok());
      answer.text.assign(reinterpret_cast<const char*>(slice.begin()), slice.size());
    }
    if (context.auth_context() != nullptr) {
      for (const auto& pem : context.auth_context()->FindPropertyValues("x509_pem_cert")) {
        answer.certificate.assign(pem.data(), pem.size());
      }
    }
    return answer;
  }

  std::shared_ptr<grpc::Channel> Channel(const std::shared_ptr<RpcSecurity>& caller) {
    return MakeChannel(absl::StrCat("127.0.0.1:", port_),
                       caller->ChannelCredentials(Role::kScheduler),
                       {.connection_number = ++connections_});
  }

  KeyAndCertificate ca;
  DeniedCallObserver on_denied;
  // In place of the authority's certificate.
  std::string trusted;

 private:
  RealClock clock_;
  std::string folder_;
  int folders_ = 0;
  int connections_ = 0;
  Echo echo_;
  int port_ = 0;
  std::unique_ptr<grpc::Server> server_;
};

void CheckUnavailable(const Answer& answer, const std::string& why) {
  INFO(answer.status.error_message());
  CHECK(answer.status.error_code() == grpc::StatusCode::UNAVAILABLE);
  CHECK(absl::StrContains(answer.status.error_message(), why));
}

TEST_CASE("a caller is known by its certificate, and may call what its role may") {
  Fixture fixture;
  fixture.Serve(fixture.Load(fixture.Issue(Role::kScheduler)));
  const auto user = fixture.Load(fixture.Issue(Role::kUser, {}));
  const Answer allowed = fixture.Call(user);
  INFO(allowed.status.error_message());
  CHECK(allowed.status.ok());
  CHECK(allowed.text == "user x");
  const Answer denied = fixture.Call(user, kBackup);
  CHECK(denied.status.error_code() == grpc::StatusCode::PERMISSION_DENIED);
  CHECK(denied.status.error_message() ==
        "/paceline.v1.Scheduler/BackupState: user x may not call it: it is for admin");
  CHECK(fixture.Call(user, "/no.such/Method").status.error_code() ==
        grpc::StatusCode::PERMISSION_DENIED);
  const auto admin = fixture.Load(fixture.Issue(Role::kAdmin, {}));
  CHECK(fixture.Call(admin, kBackup).text == "admin x");
}

TEST_CASE("calls that are denied are told, those that are let in are not") {
  Mutex mu;
  std::vector<DeniedCall> denied;
  Fixture fixture;
  fixture.on_denied = [&](const DeniedCall& call) {
    MutexLock lock(&mu);
    denied.push_back(call);
  };
  fixture.Serve(fixture.Load(fixture.Issue(Role::kScheduler)));
  const auto user = fixture.Load(fixture.Issue(Role::kUser, {}));
  CHECK(fixture.Call(user).status.ok());
  CHECK_FALSE(fixture.Call(user, kBackup).status.ok());
  CHECK_FALSE(fixture.Call(user, "/no.such/Method").status.ok());
  MutexLock lock(&mu);
  REQUIRE(denied.size() == 2);
  CHECK(denied[0].caller == Identity{.role = Role::kUser, .name = "x"});
  CHECK(denied[0].method == kBackup);
  CHECK_STATUS(denied[0].why, absl::StatusCode::kPermissionDenied, "it is for admin");
  CHECK(denied[1].method == "/no.such/Method");
}

TEST_CASE("without certificates everybody is an admin without a name") {
  Fixture fixture;
  const auto insecure = RpcSecurity::Insecure();
  CHECK_FALSE(insecure->tls());
  CHECK(insecure->expires_ms() == 0);
  fixture.Serve(insecure);
  CHECK(fixture.Call(insecure, kBackup).text == "admin");
}

TEST_CASE("who shows no certificate, or one of another authority, does not get in") {
  Fixture fixture;
  fixture.Serve(fixture.Load(fixture.Issue(Role::kScheduler)));
  CheckUnavailable(fixture.Call(RpcSecurity::Insecure()), "");
  const std::string home = fixture.ca.certificate;
  fixture.ca = fixture.NewCa();
  // Trusts the server, which does not trust it.
  fixture.trusted = home + fixture.ca.certificate;
  CheckUnavailable(fixture.Call(fixture.Load(fixture.Issue(Role::kAdmin, {}))), "");
  // Trusts its own authority alone.
  fixture.trusted.clear();
  CheckUnavailable(fixture.Call(fixture.Load(fixture.Issue(Role::kAdmin, {}))),
                   "certificate verify failed");
}

TEST_CASE("a certificate that has ended does not get in") {
  Fixture fixture;
  fixture.Serve(fixture.Load(fixture.Issue(Role::kScheduler)));
  const std::string dir = fixture.Issue(Role::kAdmin, {});
  const auto admin = fixture.Load(dir);
  const absl::Time past = absl::Now() - absl::Hours(48);
  REQUIRE(fixture.Call(admin).status.ok());
  fixture.Replace(dir, Role::kAdmin, {.now = past, .days = 1});
  // As soon as the folder is read again.
  Answer answer;
  do answer = fixture.Call(admin);
  while (answer.status.ok());
  CheckUnavailable(answer, "");
  CHECK(admin->expires_ms() == absl::ToUnixSeconds(past + absl::Hours(24)) * 1000);
}

TEST_CASE("a client insists on the role and the host that it dials") {
  Fixture fixture;
  const auto user = fixture.Load(fixture.Issue(Role::kUser, {}));
  SECTION("another role") {
    fixture.Serve(fixture.Load(fixture.Issue(Role::kServer)));
    CheckUnavailable(fixture.Call(user), "a scheduler expected, its certificate is of server x");
    CHECK(fixture.Call(user, kGetJob, Role::kServer).status.ok());
  }
  SECTION("another host") {
    fixture.Serve(fixture.Load(fixture.Issue(Role::kScheduler, {.hosts = {"vm1", "10.0.0.1"}})));
    CheckUnavailable(fixture.Call(user),
                     "the certificate of scheduler x is for vm1, 10.0.0.1: issue it with this "
                     "host too");
  }
  SECTION("no host") {
    fixture.Serve(fixture.Load(fixture.Issue(Role::kScheduler, {})));
    CheckUnavailable(fixture.Call(user), "for no host");
  }
  SECTION("by name") {
    fixture.Serve(fixture.Load(fixture.Issue(Role::kScheduler, {.hosts = {"localhost"}})));
    CHECK(fixture.Call(user, kGetJob, Role::kScheduler, "localhost").status.ok());
    CheckUnavailable(fixture.Call(user), "dialled 127.0.0.1:");
  }
}

TEST_CASE("certificates and authorities are replaced under a running server") {
  Fixture fixture;
  const std::string server_dir = fixture.Issue(Role::kScheduler);
  const std::string user_dir = fixture.Issue(Role::kUser, {});
  fixture.Serve(fixture.Load(server_dir));
  const auto user = fixture.Load(user_dir);
  const auto old_connection = fixture.Channel(user);
  REQUIRE(Fixture::Call(old_connection, kGetJob).status.ok());
  const std::string old_ca = fixture.ca.certificate;

  // Everybody trusts both authorities before anybody shows a certificate of the new one.
  fixture.trusted = old_ca;
  const KeyAndCertificate new_ca = fixture.NewCa();
  fixture.trusted += new_ca.certificate;
  fixture.Replace(server_dir, Role::kScheduler);
  fixture.Replace(user_dir, Role::kUser, {});
  fixture.ca = new_ca;
  // A user of the new authority comes in as soon as the server trusts it.
  const auto new_user = fixture.Load(fixture.Issue(Role::kUser, {}));
  while (!fixture.Call(new_user).status.ok()) {
  }
  const std::string replaced = fixture.Replace(server_dir, Role::kScheduler);
  while (fixture.Call(new_user).certificate != replaced) {
  }
  CHECK(fixture.Call(user).status.ok());
  // The old authority is given up: its user stays out, but for the connection that it has.
  fixture.trusted = new_ca.certificate;
  fixture.Replace(server_dir, Role::kScheduler);
  Answer answer;
  do answer = fixture.Call(user);
  while (answer.status.ok());
  CheckUnavailable(answer, "");
  CHECK(fixture.Call(new_user).status.ok());
  CHECK(Fixture::Call(old_connection, kGetJob).status.ok());
}

TEST_CASE("files that are missing leave what was there in use") {
  Fixture fixture;
  const std::string dir = fixture.Issue(Role::kScheduler);
  fixture.Serve(fixture.Load(dir));
  std::filesystem::remove(dir + "/tls.crt");
  const auto user = fixture.Load(fixture.Issue(Role::kUser, {}));
  // Long enough for the folder to be read again.
  const absl::Time until = absl::Now() + 2 * kCertificateRefresh;
  while (absl::Now() < until) {
    const Answer answer = fixture.Call(user);
    INFO(answer.status.error_message());
    REQUIRE(answer.status.ok());
  }
}

TEST_CASE("a folder that is not good is refused at once") {
  CHECK_STATUS(RpcSecurity::Load("/no/such/folder", absl::Now()), absl::StatusCode::kNotFound,
               "/no/such/folder/ca.crt");
}

}  // namespace
}  // namespace paceline
