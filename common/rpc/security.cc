#include "common/rpc/security.h"

#include <grpcpp/security/credentials.h>
#include <grpcpp/security/server_credentials.h>
#include <grpcpp/security/tls_certificate_provider.h>
#include <grpcpp/security/tls_credentials_options.h>

#include <map>
#include <utility>

#include "common/rpc/authorizer.h"
#include "common/rpc/peer_verifier.h"
#include "common/security/tls_dir.h"
#include "common/status/status_macros.h"

namespace paceline {
namespace {

namespace grpc_tls = grpc::experimental;

class NoSecurity final : public RpcSecurity {
 public:
  bool tls() const override { return false; }
  const std::string& tls_dir() const override { return dir_; }
  const Identity& identity() const override { return identity_; }
  int64_t expires_ms() const override { return 0; }
  std::shared_ptr<grpc::ServerCredentials> ServerCredentials(DeniedCallObserver) const override {
    return grpc::InsecureServerCredentials();
  }
  std::shared_ptr<grpc::ChannelCredentials> ChannelCredentials(Role) const override {
    return grpc::InsecureChannelCredentials();
  }

 private:
  const std::string dir_;
  const Identity identity_ = {.role = Role::kAdmin, .name = ""};
};

class MutualTls final : public RpcSecurity {
 public:
  MutualTls(std::string dir, const TlsDir& facts)
      : dir_(std::move(dir)),
        identity_(facts.identity),
        ends_(facts.ends),
        files_(std::make_shared<grpc_tls::FileWatcherCertificateProvider>(
            facts.paths.key, facts.paths.certificate, facts.paths.ca,
            static_cast<unsigned>(absl::ToInt64Seconds(kCertificateRefresh)))) {
    for (const Role role : {Role::kScheduler, Role::kServer, Role::kWorker}) {
      channels_[role] = MakeChannelCredentials(role);
    }
  }

  bool tls() const override { return true; }
  const std::string& tls_dir() const override { return dir_; }
  const Identity& identity() const override { return identity_; }
  int64_t expires_ms() const override {
    return absl::ToUnixMillis(CertificateEnds(dir_).value_or(ends_));
  }

  std::shared_ptr<grpc::ServerCredentials> ServerCredentials(
      DeniedCallObserver on_denied) const override {
    grpc_tls::TlsServerCredentialsOptions options(files_);
    Watch(&options);
    options.set_cert_request_type(GRPC_SSL_REQUEST_AND_REQUIRE_CLIENT_CERTIFICATE_AND_VERIFY);
    // Who may do what is decided by calls, not by connections.
    options.set_certificate_verifier(std::make_shared<grpc_tls::NoOpCertificateVerifier>());
    auto credentials = grpc_tls::TlsServerCredentials(options);
    credentials->SetAuthMetadataProcessor(std::make_shared<Authorizer>(std::move(on_denied)));
    return credentials;
  }

  std::shared_ptr<grpc::ChannelCredentials> ChannelCredentials(Role peer) const override {
    const auto known = channels_.find(peer);
    // People serve nothing: such a channel never connects.
    return known == channels_.end() ? MakeChannelCredentials(peer) : known->second;
  }

 private:
  static void Watch(grpc_tls::TlsCredentialsOptions* options) {
    options->watch_root_certs();
    options->watch_identity_key_cert_pairs();
  }

  std::shared_ptr<grpc::ChannelCredentials> MakeChannelCredentials(Role peer) const {
    grpc_tls::TlsChannelCredentialsOptions options;
    options.set_certificate_provider(files_);
    Watch(&options);
    options.set_certificate_verifier(MakePeerVerifier(peer));
    // The verifier has checked the one host that a channel calls.
    options.set_check_call_host(false);
    return grpc_tls::TlsCredentials(options);
  }

  const std::string dir_;
  const Identity identity_;
  const absl::Time ends_;
  const std::shared_ptr<grpc_tls::CertificateProviderInterface> files_;
  // By the role that is dialled: equal credentials let channels share connections.
  std::map<Role, std::shared_ptr<grpc::ChannelCredentials>> channels_;
};

}  // namespace

std::shared_ptr<RpcSecurity> RpcSecurity::Insecure() { return std::make_shared<NoSecurity>(); }

absl::StatusOr<std::shared_ptr<RpcSecurity>> RpcSecurity::Load(const std::string& tls_dir,
                                                               absl::Time now) {
  PL_ASSIGN_OR_RETURN(const TlsDir facts, ReadTlsDir(tls_dir, now));
  return std::make_shared<MutualTls>(tls_dir, facts);
}

}  // namespace paceline
