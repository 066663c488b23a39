// A whole server over loopback: orders in, a rank's calls, a cut, the status pages,
// the end.
#include "server/server.h"

#include <grpcpp/client_context.h>
#include <grpcpp/server.h>
#include <grpcpp/server_builder.h>
#include <httplib.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "common/clock.h"
#include "common/fs_memory.h"
#include "common/rpc/channel.h"
#include "common/rpc/grpc_status.h"
#include "common/status/status_matchers.h"
#include "common/sync.h"
#include "proto/data.grpc.pb.h"
#include "proto/node.grpc.pb.h"
#include "server/core/job_testing.h"

namespace paceline::server {
namespace {

using testing::Context;
using testing::DenseTable;
using testing::Frame;
using testing::kJob;
using testing::kNodeIncarnation;
using v1::ServerJobReport;

// Answers every heartbeat after a moment with one standing order.
class FakeScheduler final : public v1::Coordination::Service {
 public:
  FakeScheduler() {
    grpc::ServerBuilder builder;
    ApplyServerDefaults(&builder);
    builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port_);
    builder.RegisterService(this);
    server_ = builder.BuildAndStart();
    REQUIRE(server_ != nullptr);
  }
  ~FakeScheduler() override { server_->Shutdown(std::chrono::system_clock::now()); }

  std::string address() const { return "127.0.0.1:" + std::to_string(port_); }

  void Order(const v1::ServerJobOrder& order) {
    MutexLock lock(&mu_);
    order_ = order;
  }

  grpc::Status Heartbeat(grpc::ServerContext*, const v1::HeartbeatRequest* request,
                         v1::HeartbeatResponse* response) override {
    MutexLock lock(&mu_);
    last_ = *request;
    cv_.NotifyAll();
    response->set_node_id(1);
    response->set_incarnation(kNodeIncarnation);
    // Long: for four of these without a heartbeat the server is not ready.
    response->set_heartbeat_ms(1000);
    response->mutable_scheduler()->set_cluster_id("c");
    if (order_.job_id() != 0) *response->add_jobs() = order_;
    return grpc::Status::OK;
  }

  // The first report from now on that `wanted` says yes to.
  v1::HeartbeatRequest Await(const std::function<bool(const v1::HeartbeatRequest&)>& wanted) {
    MutexLock lock(&mu_);
    while (!wanted(last_)) cv_.Wait(&mu_);
    return last_;
  }

 private:
  Mutex mu_;
  CondVar cv_;
  v1::ServerJobOrder order_ ABSL_GUARDED_BY(mu_);
  v1::HeartbeatRequest last_ ABSL_GUARDED_BY(mu_);
  std::unique_ptr<grpc::Server> server_;
  int port_ = 0;
};

class Fixture {
 public:
  Fixture() {
    options_.clock = &clock_;
    options_.fs = &fs_;
    options_.scheduler = scheduler_.address();
    options_.data_dir = "/data";
    options_.http_listen = {.host = "127.0.0.1", .port = 0};
  }

  RealClock clock_;
  MemoryFileSystem fs_;
  FakeScheduler scheduler_;
  Server::Options options_;
};

absl::Status Push(v1::DataPlane::Stub& stub, const Frame& frame) {
  v1::PushRequest request = frame.header();
  request.set_payload(frame.payload().ToString());
  grpc::ClientContext context;
  v1::PushResponse response;
  return FromGrpcStatus(stub.Push(&context, request, &response));
}

TEST_CASE("orders open a job, ranks use it, a cut is written, and it is freed") {
  Fixture fixture;
  REQUIRE_OK_AND_ASSIGN(const std::unique_ptr<Server> server, Server::Start(fixture.options_));
  const v1::HeartbeatRequest first =
      fixture.scheduler_.Await([](const auto& report) { return report.process_nonce() != 0; });
  CHECK(first.role() == v1::NODE_ROLE_SERVER);
  CHECK(first.address() == server->address());
  CHECK(first.address() == "127.0.0.1:" + std::to_string(server->port()));
  CHECK_FALSE(first.version().empty());
  CHECK_FALSE(first.hostname().empty());
  CHECK(first.host().resident_bytes() > 0);
  CHECK(first.host().memory_bytes() > 0);
  CHECK_OK(server->Health());

  v1::ServerJobOrder order =
      testing::ServeOrder({.policy = v1::POLICY_BSP}, 1, {DenseTable("a", 2, 1)});
  fixture.scheduler_.Order(order);
  fixture.scheduler_.Await([](const auto& report) {
    return report.jobs_size() == 1 && report.jobs(0).state() == ServerJobReport::SERVING;
  });
  const auto stub =
      v1::DataPlane::NewStub(MakeChannel(server->address(), grpc::InsecureChannelCredentials()));
  v1::OpenRankRequest open;
  *open.mutable_context() = Context(0, 1, 0);
  grpc::ClientContext context;
  v1::OpenRankResponse opened;
  REQUIRE_OK(FromGrpcStatus(stub->OpenRank(&context, open, &opened)));
  REQUIRE_OK(Push(*stub, Frame(0, 1, 0).Dense(0, 2, {1, 2}).Last({0})));
  REQUIRE_OK(Push(*stub, Frame(0, 1, 1).Finish()));

  httplib::Client http("127.0.0.1", server->http_port());
  CHECK(http.Get("/healthz")->status == 200);
  CHECK(http.Get("/readyz")->status == 200);
  CHECK_THAT(http.Get("/version")->body, Catch::Contains(R"("role":"server")"));
  const std::string metrics = http.Get("/metrics")->body;
  CHECK_THAT(metrics,
             Catch::Contains("paceline_rpc_handled_total{method=\"Push\",code=\"OK\"} 2\n"));
  CHECK_THAT(metrics, Catch::Contains("paceline_server_table_bytes{job=\"7\"}"));
  CHECK_THAT(metrics, Catch::Contains("process_resident_memory_bytes "));
  CHECK_THAT(http.Get("/debug/shards")->body, Catch::Contains("\"table\": \"a\""));
  CHECK(http.Get("/debug/tasks")->body == R"({"tasks":[]})");
  CHECK_THAT(http.Get("/status")->body, Catch::Contains("NODE_ROLE_SERVER"));

  order.mutable_cut()->set_cut_id(1);
  order.mutable_cut()->set_dir("/ckpt/00000001");
  fixture.scheduler_.Order(order);
  const v1::HeartbeatRequest cut = fixture.scheduler_.Await(
      [](const auto& report) { return report.jobs_size() == 1 && report.jobs(0).cut().done(); });
  REQUIRE(cut.jobs(0).cut().files_size() == 1);
  CHECK(fixture.fs_.Exists("/ckpt/00000001/" + cut.jobs(0).cut().files(0).name()));
  CHECK(cut.jobs(0).finished(0));
  CHECK(cut.jobs(0).table_bytes() > 0);

  v1::ServerJobOrder close;
  close.set_job_id(kJob);
  close.set_desired(v1::ServerJobOrder::CLOSE);
  fixture.scheduler_.Order(close);
  fixture.scheduler_.Await([](const auto& report) { return report.jobs_size() == 0; });
  const absl::Status gone = Push(*stub, Frame(0, 1, 1).Finish());
  CHECK(absl::IsNotFound(gone));

  server->Shutdown(absl::Seconds(10));
  server->Shutdown(absl::Seconds(10));
  server->Wait();
  CHECK(absl::IsUnavailable(Push(*stub, Frame(0, 1, 1).Finish())));
}

TEST_CASE("a server that shuts down ends the pulls that wait") {
  Fixture fixture;
  REQUIRE_OK_AND_ASSIGN(const std::unique_ptr<Server> server, Server::Start(fixture.options_));
  fixture.scheduler_.Order(
      testing::ServeOrder({.policy = v1::POLICY_BSP}, 1, {DenseTable("a", 2, 1)}));
  fixture.scheduler_.Await([](const auto& report) {
    return report.jobs_size() == 1 && report.jobs(0).state() == ServerJobReport::SERVING;
  });
  const auto stub =
      v1::DataPlane::NewStub(MakeChannel(server->address(), grpc::InsecureChannelCredentials()));
  v1::OpenRankRequest open;
  *open.mutable_context() = Context(0, 1, 0);
  grpc::ClientContext open_context;
  v1::OpenRankResponse opened;
  REQUIRE_OK(FromGrpcStatus(stub->OpenRank(&open_context, open, &opened)));
  v1::PullRequest pull = testing::DensePull(0, 1, 1, {0});
  pull.set_max_wait_ms(60000);
  grpc::ClientContext context;
  grpc::CompletionQueue queue;
  const auto call = stub->AsyncPull(&context, pull, &queue);
  v1::PullResponse pulled;
  grpc::Status status;
  call->Finish(&pulled, &status, &status);
  httplib::Client http("127.0.0.1", server->http_port());
  while (http.Get("/metrics")->body.find("parked_pulls{job=\"7\"} 1") == std::string::npos) {
  }
  server->Shutdown(absl::Minutes(5));
  void* tag = nullptr;
  bool ok = false;
  REQUIRE(queue.Next(&tag, &ok));
  CHECK(status.error_code() == grpc::StatusCode::NOT_FOUND);
}

TEST_CASE("options that cannot be served") {
  Fixture fixture;
  SECTION("no scheduler") {
    fixture.options_.scheduler = "";
    REQUIRE_STATUS(Server::Start(fixture.options_), absl::StatusCode::kInvalidArgument,
                   "--scheduler");
  }
  SECTION("no folder of its own") {
    fixture.options_.data_dir = "";
    REQUIRE_STATUS(Server::Start(fixture.options_), absl::StatusCode::kInvalidArgument,
                   "--data-dir");
  }
  SECTION("nobody can dial a wildcard") {
    fixture.options_.listen.host = "0.0.0.0";
    REQUIRE_STATUS(Server::Start(fixture.options_), absl::StatusCode::kInvalidArgument,
                   "--advertise");
  }
  SECTION("a port that is taken") {
    REQUIRE_OK_AND_ASSIGN(const std::unique_ptr<Server> server, Server::Start(fixture.options_));
    fixture.options_.listen.port = server->port();
    REQUIRE_STATUS(Server::Start(fixture.options_), absl::StatusCode::kUnavailable, "--listen");
  }
}

}  // namespace
}  // namespace paceline::server
