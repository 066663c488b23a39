// `pacectl log-level` against daemons that answer from a script.
#include <grpcpp/security/server_credentials.h>
#include <grpcpp/server.h>
#include <grpcpp/server_builder.h>

#include <catch2/catch.hpp>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "cli/pacectl.h"
#include "cli/test_environment.h"
#include "common/sync.h"
#include "proto/cluster.grpc.pb.h"
#include "proto/cluster.pb.h"
#include "proto/daemon.grpc.pb.h"

namespace paceline::cli {
namespace {

using Catch::Matchers::Contains;

// Thread-safe.
class FakeDaemon final : public v1::Daemon::Service {
 public:
  // Is a scheduler too, if there is one to serve.
  explicit FakeDaemon(grpc::Service* scheduler = nullptr) {
    grpc::ServerBuilder builder;
    int port = 0;
    builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port);
    builder.RegisterService(this);
    if (scheduler != nullptr) builder.RegisterService(scheduler);
    server_ = builder.BuildAndStart();
    REQUIRE(server_ != nullptr);
    address_ = absl::StrCat("127.0.0.1:", port);
  }

  const std::string& address() const { return address_; }
  std::string level() const {
    MutexLock lock(&mu_);
    return level_;
  }
  int changes() const {
    MutexLock lock(&mu_);
    return changes_;
  }

  grpc::Status Inspect(grpc::ServerContext*, const v1::InspectRequest*,
                       v1::InspectResponse* response) override {
    response->set_log_level(level());
    return grpc::Status::OK;
  }
  grpc::Status SetLogLevel(grpc::ServerContext*, const v1::SetLogLevelRequest* request,
                           v1::SetLogLevelResponse* response) override {
    MutexLock lock(&mu_);
    response->set_previous(level_);
    level_ = request->level();
    ++changes_;
    return grpc::Status::OK;
  }

 private:
  mutable Mutex mu_;
  std::string level_ ABSL_GUARDED_BY(mu_) = "info";
  int changes_ ABSL_GUARDED_BY(mu_) = 0;
  std::string address_;
  std::unique_ptr<grpc::Server> server_;
};

class FakeCluster final : public v1::Scheduler::Service {
 public:
  grpc::Status DescribeCluster(grpc::ServerContext*, const v1::DescribeClusterRequest*,
                               v1::Cluster* response) override {
    *response = cluster;
    return grpc::Status::OK;
  }
  // Before the first call.
  v1::Cluster cluster;
};

struct Fixture {
  FakeCluster cluster;
  FakeDaemon scheduler{&cluster};
  FakeDaemon server;
  FakeDaemon worker;
  TestEnvironment test;

  Fixture() {
    cluster.cluster.set_address("vm1:7070");
    Add(2, v1::NODE_ROLE_SERVER, server.address());
    Add(3, v1::NODE_ROLE_WORKER, worker.address());
  }

  void Add(uint64_t id, v1::NodeRole role, const std::string& address) {
    v1::NodeStatus* node = cluster.cluster.add_nodes();
    node->set_node_id(id);
    node->set_role(role);
    node->set_address(address);
  }

  int Run(const std::vector<std::string>& arguments) {
    test.out.str("");
    test.err.str("");
    const std::string address = "--address=" + scheduler.address();
    std::vector<const char*> argv = {"pacectl", address.c_str(), "log-level"};
    for (const std::string& argument : arguments) argv.push_back(argument.c_str());
    return RunPacectl(static_cast<int>(argv.size()), argv.data(), test.env);
  }
  std::string out() const { return test.out.str(); }
  std::string err() const { return test.err.str(); }
};

TEST_CASE("the scheduler's level is asked and changed") {
  Fixture f;
  const std::string name = absl::StrCat("scheduler (", f.scheduler.address(), "): ");
  CHECK(f.Run({}) == 0);
  CHECK(f.out() == name + "info\n");
  CHECK(f.scheduler.changes() == 0);
  CHECK(f.Run({"debug"}) == 0);
  CHECK(f.out() == name + "info -> debug\n");
  CHECK(f.scheduler.level() == "debug");
  CHECK(f.server.changes() + f.worker.changes() == 0);
}

TEST_CASE("nodes are named by number or address, and changed once") {
  Fixture f;
  CHECK(f.Run({"warning", "3", f.server.address(), f.worker.address()}) == 0);
  CHECK(f.out() == absl::StrCat("worker 3 (", f.worker.address(), "): info -> warning\nserver 2 (",
                                f.server.address(), "): info -> warning\n"));
  CHECK(f.worker.changes() == 1);
  CHECK(f.scheduler.changes() == 0);
  CHECK(f.Run({"error", "scheduler", "vm1:7070"}) == 0);
  CHECK(f.out() == absl::StrCat("scheduler (", f.scheduler.address(), "): info -> error\n"));
  CHECK(f.scheduler.changes() == 1);
}

TEST_CASE("--all is the scheduler and every node, one after the other") {
  Fixture f;
  CHECK(f.Run({"debug", "--all", "-o", "json"}) == 0);
  const auto daemons = nlohmann::json::parse(f.out())["daemons"];
  REQUIRE(daemons.size() == 3);
  CHECK(daemons[0] == nlohmann::json({{"role", "scheduler"},
                                      {"address", f.scheduler.address()},
                                      {"previous", "info"},
                                      {"log_level", "debug"}}));
  CHECK(daemons[1]["role"] == "server");
  CHECK(daemons[2]["node_id"] == "3");
  CHECK(f.worker.level() == "debug");
  CHECK(f.Run({"--all"}) == 0);
  CHECK_THAT(f.out(), Contains(absl::StrCat("worker 3 (", f.worker.address(), "): debug\n")));
  CHECK(f.worker.changes() == 1);
}

TEST_CASE("a daemon that cannot be reached is said, and the others are changed") {
  Fixture f;
  f.cluster.cluster.mutable_nodes(0)->set_address("127.0.0.1:1");
  CHECK(f.Run({"debug", "--all"}) == 3);
  CHECK_THAT(f.err(), Contains("server 2 (127.0.0.1:1): "));
  CHECK_THAT(f.out(), Contains("worker 3"));
  CHECK(f.worker.level() == "debug");
  CHECK(f.Run({"info", "--all", "-o", "json"}) == 3);
  const auto daemons = nlohmann::json::parse(f.out())["daemons"];
  CHECK_FALSE(daemons[1]["error"].get<std::string>().empty());
  CHECK(daemons[2]["log_level"] == "info");
}

TEST_CASE("what there is not is an error that names what there is, and changes nothing") {
  Fixture f;
  CHECK(f.Run({"debgu"}) == 2);
  CHECK_THAT(f.err(), Contains("debug, info, warning, error expected, got `debgu`"));
  CHECK_THAT(f.err(), Contains("did you mean `debug`?"));
  CHECK(f.Run({"debug", "3", "9"}) == 2);
  CHECK_THAT(f.err(), Contains(absl::StrCat(
                          "no node `9`; there are, by number or address: scheduler, server 2 (",
                          f.server.address(), "), worker 3 (", f.worker.address(), ")")));
  CHECK(f.Run({"debug", "vm7:7071"}) == 2);
  CHECK_THAT(f.err(), Contains("no node `vm7:7071`"));
  CHECK(f.Run({"debug", "3", "--all"}) == 2);
  CHECK_THAT(f.err(), Contains("--all"));
  CHECK(f.scheduler.changes() + f.server.changes() + f.worker.changes() == 0);
}

TEST_CASE("of many nodes an error names some") {
  Fixture f;
  for (uint64_t id = 4; id < 20; ++id) f.Add(id, v1::NODE_ROLE_WORKER, "w:1");
  CHECK(f.Run({"debug", "99"}) == 2);
  CHECK_THAT(f.err(), Contains("worker 11 (w:1) and 8 more (pacectl cluster)"));
}

}  // namespace
}  // namespace paceline::cli
