// `pacectl doctor` against daemons that answer from a script.
#include <grpcpp/security/server_credentials.h>
#include <grpcpp/server.h>
#include <grpcpp/server_builder.h>

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "cli/doctor/tcp_check.h"
#include "cli/fake_scheduler.h"
#include "cli/pacectl.h"
#include "cli/test_environment.h"
#include "common/clock.h"
#include "common/daemon/address.h"
#include "common/status/status_matchers.h"
#include "common/sync.h"
#include "common/version/version.h"
#include "proto/daemon.grpc.pb.h"

namespace paceline::cli {
namespace {

// Thread-safe.
class FakeDaemon final : public v1::Daemon::Service {
 public:
  FakeDaemon() {
    grpc::ServerBuilder builder;
    builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port_);
    builder.RegisterService(this);
    server_ = builder.BuildAndStart();
  }

  int port() const { return port_; }
  std::string address() const { return absl::StrCat("127.0.0.1:", port_); }
  std::vector<v1::MeasureLinkRequest> measured() const {
    MutexLock lock(&mu_);
    return measured_;
  }

  grpc::Status Inspect(grpc::ServerContext*, const v1::InspectRequest*,
                       v1::InspectResponse* response) override {
    response->set_version(std::string(kVersion));
    response->set_time_ms(absl::ToUnixMillis(RealClock().Now()));
    response->mutable_host()->set_disk_bytes(1000);
    response->mutable_host()->set_disk_free_bytes(1);
    return grpc::Status::OK;
  }

  grpc::Status MeasureLink(grpc::ServerContext*, const v1::MeasureLinkRequest* request,
                           v1::MeasureLinkResponse* response) override {
    MutexLock lock(&mu_);
    measured_.push_back(*request);
    response->set_round_trip_seconds(0.001);
    response->set_send_bytes_per_second(1e9);
    response->set_receive_bytes_per_second(1e9);
    return grpc::Status::OK;
  }

 private:
  int port_ = 0;
  mutable Mutex mu_;
  std::vector<v1::MeasureLinkRequest> measured_ ABSL_GUARDED_BY(mu_);
  std::unique_ptr<grpc::Server> server_;
};

struct Fixture {
  FakeScheduler scheduler;
  FakeDaemon server;
  FakeDaemon worker;
  TestEnvironment test;

  v1::Cluster Cluster() const {
    v1::Cluster cluster;
    cluster.set_version(std::string(kVersion));
    cluster.set_address(scheduler.address());
    for (const auto& [role, address] : {std::pair(v1::NODE_ROLE_SERVER, server.address()),
                                        std::pair(v1::NODE_ROLE_WORKER, worker.address())}) {
      v1::NodeStatus* node = cluster.add_nodes();
      node->set_role(role);
      node->set_address(address);
      node->set_live(true);
    }
    return cluster;
  }

  int Run(const std::vector<std::string>& arguments) {
    test.out.str("");
    std::vector<const char*> argv = {"pacectl", "doctor"};
    const std::string address = "--address=" + scheduler.address();
    argv.push_back(address.c_str());
    for (const std::string& argument : arguments) argv.push_back(argument.c_str());
    return RunPacectl(static_cast<int>(argv.size()), argv.data(), test.env);
  }
};

TEST_CASE("every daemon is examined, and links between them are measured") {
  Fixture f;
  f.scheduler.SetCluster(f.Cluster());
  CHECK(f.Run({}) == 0);
  const std::string text = f.test.out.str();
  // The scheduler of this test is none that can be examined.
  CHECK(absl::StrContains(text, absl::StrCat("warn  scheduler ", f.scheduler.address(),
                                             ": reachable, and too old to be examined\n")));
  CHECK(absl::StrContains(text,
                          absl::StrCat("ok    server ", f.server.address(), ": reachable in ")));
  CHECK(absl::StrContains(text, "warn  worker " + f.worker.address() + ": disk: 1 B of 1000 B"));
  CHECK(absl::StrContains(text, "      make room on the file system of --data-dir"));
  CHECK(absl::StrContains(text, absl::StrCat("ok    worker ", f.worker.address(), " -> server ",
                                             f.server.address(), ": 1 ms, ")));
  CHECK(f.worker.measured().size() == 2);
  CHECK(f.server.measured().size() == 1);
  CHECK(f.worker.measured()[0].role() == "server");
}

TEST_CASE("a daemon that cannot be reached fails the examination") {
  Fixture f;
  v1::Cluster cluster = f.Cluster();
  cluster.mutable_nodes(0)->set_address("127.0.0.1:1");
  f.scheduler.SetCluster(cluster);
  CHECK(f.Run({"--no-bandwidth", "-o", "json"}) == 1);
  const auto json = nlohmann::json::parse(f.test.out.str());
  CHECK(json["health"] == "fail");
  bool found = false;
  for (const auto& finding : json["findings"]) {
    if (finding["subject"] != "server 127.0.0.1:1") continue;
    found = true;
    CHECK(finding["health"] == "fail");
    CHECK_FALSE(finding["hint"].get<std::string>().empty());
  }
  CHECK(found);
  CHECK(f.worker.measured().empty());
}

TEST_CASE("ports of HTTP are looked at where others may reach them") {
  Fixture f;
  v1::Cluster cluster = f.Cluster();
  cluster.mutable_nodes(0)->set_http_address("127.0.0.1:1");
  cluster.mutable_nodes(1)->set_http_address(f.worker.address());
  f.scheduler.SetCluster(cluster);
  CHECK(f.Run({"--no-bandwidth"}) == 0);
  CHECK(absl::StrContains(f.test.out.str(), absl::StrCat("warn  server ", f.server.address(),
                                                         ": HTTP: 127.0.0.1:1: ")));
  CHECK_FALSE(
      absl::StrContains(f.test.out.str(), absl::StrCat("worker ", f.worker.address(), ": HTTP")));
}

TEST_CASE("a port answers, refuses, or has no host") {
  FakeDaemon daemon;
  CHECK_OK(CheckTcpPort({.host = "127.0.0.1", .port = daemon.port()}, absl::Seconds(5)));
  CHECK_STATUS(CheckTcpPort({.host = "127.0.0.1", .port = 1}, absl::Seconds(5)),
               absl::StatusCode::kUnavailable, "127.0.0.1:1: Connection refused");
  CHECK_STATUS(CheckTcpPort({.host = "not a host", .port = 1}, absl::Seconds(5)),
               absl::StatusCode::kUnavailable, "not a host:1: ");
}

}  // namespace
}  // namespace paceline::cli
