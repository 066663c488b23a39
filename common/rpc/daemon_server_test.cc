// Every daemon's server over loopback, spoken to with generated stubs.
#include "common/rpc/daemon_server.h"

#include <grpcpp/client_context.h>
#include <grpcpp/completion_queue.h>
#include <grpcpp/support/async_unary_call.h>

#include <catch2/catch.hpp>
#include <chrono>
#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "common/clock.h"
#include "common/daemon/host_status.h"
#include "common/log.h"
#include "common/log_level.h"
#include "common/rpc/channel.h"
#include "common/rpc/grpc_status.h"
#include "common/status/status_matchers.h"
#include "proto/daemon.grpc.pb.h"
#include "proto/health.grpc.pb.h"

namespace paceline {
namespace {

using grpc::health::v1::Health;
using grpc::health::v1::HealthCheckRequest;
using grpc::health::v1::HealthCheckResponse;

std::chrono::system_clock::time_point Soon() {
  return std::chrono::system_clock::now() + std::chrono::seconds(30);
}

struct Daemon {
  Daemon() {
    DaemonServer::Options options;
    options.listen = {"127.0.0.1", 0};
    options.max_connections = 100;
    options.daemon.clock = &clock;
    options.daemon.role = "worker";
    options.daemon.hostname = "node-7";
    options.daemon.address = [this] { return address(); };
    options.daemon.host = [] { return ReadHostStatus("/"); };
    auto bound = DaemonServer::Bind(std::move(options));
    REQUIRE_OK(bound);
    server = *std::move(bound);
    REQUIRE_OK(server->Start());
    channel = MakeChannel(address(), grpc::InsecureChannelCredentials());
    stub = v1::Daemon::NewStub(channel);
  }

  std::string address() const { return absl::StrCat("127.0.0.1:", server->port()); }

  template <typename Request, typename Response>
  absl::Status Call(grpc::Status (v1::Daemon::Stub::*method)(grpc::ClientContext*, const Request&,
                                                             Response*),
                    const Request& request, Response* response) {
    grpc::ClientContext context;
    context.set_deadline(Soon());
    return FromGrpcStatus((stub.get()->*method)(&context, request, response));
  }

  HealthCheckResponse::ServingStatus Health(const std::string& service) {
    grpc::ClientContext context;
    context.set_deadline(Soon());
    HealthCheckRequest request;
    request.set_service(service);
    HealthCheckResponse response;
    REQUIRE_OK(FromGrpcStatus(
        grpc::health::v1::Health::NewStub(channel)->Check(&context, request, &response)));
    return response.status();
  }

  RealClock clock;
  std::unique_ptr<DaemonServer> server;
  std::shared_ptr<grpc::Channel> channel;
  std::unique_ptr<v1::Daemon::Stub> stub;
};

TEST_CASE("Inspect says who the daemon is and what it has left") {
  Daemon daemon;
  v1::InspectResponse facts;
  REQUIRE_OK(daemon.Call(&v1::Daemon::Stub::Inspect, v1::InspectRequest(), &facts));
  CHECK(facts.role() == "worker");
  CHECK(facts.address() == daemon.address());
  CHECK(facts.hostname() == "node-7");
  CHECK_FALSE(facts.version().empty());
  CHECK(facts.started_ms() <= facts.time_ms());
  CHECK(facts.started_ms() > 0);
  CHECK(facts.host().memory_bytes() > 0);
  CHECK(facts.descriptors() > 0);
  CHECK(facts.descriptors() < facts.descriptor_limit());
  CHECK(facts.connection_limit() == 100);
  CHECK(facts.connections() == 1);
  CHECK_FALSE(facts.tls());
}

TEST_CASE("the log level changes by a call") {
  Daemon daemon;
  InitLogging({.level = LogLevel::kInfo});
  v1::SetLogLevelRequest request;
  request.set_level("error");
  v1::SetLogLevelResponse response;
  REQUIRE_OK(daemon.Call(&v1::Daemon::Stub::SetLogLevel, request, &response));
  CHECK(response.previous() == "info");
  CHECK(GetLogLevel() == LogLevel::kError);
  v1::InspectResponse facts;
  REQUIRE_OK(daemon.Call(&v1::Daemon::Stub::Inspect, v1::InspectRequest(), &facts));
  CHECK(facts.log_level() == "error");
  request.set_level("loud");
  CHECK_STATUS(daemon.Call(&v1::Daemon::Stub::SetLogLevel, request, &response),
               absl::StatusCode::kInvalidArgument, "loud");
  CHECK(GetLogLevel() == LogLevel::kError);
  request.set_level("info");
  REQUIRE_OK(daemon.Call(&v1::Daemon::Stub::SetLogLevel, request, &response));
  CHECK(response.previous() == "error");
}

TEST_CASE("Exchange takes and gives up to its limit") {
  Daemon daemon;
  v1::ExchangeRequest request;
  v1::ExchangeResponse response;
  REQUIRE_OK(daemon.Call(&v1::Daemon::Stub::Exchange, request, &response));
  CHECK(response.data().empty());
  request.mutable_data()->assign(kMostExchangeBytes, 'a');
  request.set_reply_bytes(kMostExchangeBytes);
  REQUIRE_OK(daemon.Call(&v1::Daemon::Stub::Exchange, request, &response));
  CHECK(response.data().size() == kMostExchangeBytes);
  request.set_reply_bytes(kMostExchangeBytes + 1);
  CHECK_STATUS(daemon.Call(&v1::Daemon::Stub::Exchange, request, &response),
               absl::StatusCode::kInvalidArgument, "1048577");
  request.set_reply_bytes(0);
  request.mutable_data()->push_back('a');
  CHECK_STATUS(daemon.Call(&v1::Daemon::Stub::Exchange, request, &response),
               absl::StatusCode::kInvalidArgument, "1048577");
}

TEST_CASE("one daemon measures its link to another, one at a time") {
  Daemon one;
  Daemon other;
  v1::MeasureLinkRequest request;
  v1::MeasureLinkResponse link;
  request.set_address(other.address());
  request.set_role("worker");
  request.set_duration_ms(5001);
  CHECK_STATUS(one.Call(&v1::Daemon::Stub::MeasureLink, request, &link),
               absl::StatusCode::kInvalidArgument, "5001");
  request.set_duration_ms(50);
  // Twice, one after the other.
  for (int i = 0; i < 2; ++i) {
    REQUIRE_OK(one.Call(&v1::Daemon::Stub::MeasureLink, request, &link));
    CHECK(link.round_trip_seconds() > 0);
    CHECK(link.send_bytes_per_second() > 0);
    CHECK(link.receive_bytes_per_second() > 0);
  }

  // A long one, which ends when the daemon does.
  grpc::CompletionQueue queue;
  grpc::ClientContext context;
  request.set_duration_ms(5000);
  const auto call = one.stub->AsyncMeasureLink(&context, request, &queue);
  grpc::Status status;
  call->Finish(&link, &status, &status);
  absl::Status second;
  while (!absl::IsResourceExhausted(second)) {
    v1::MeasureLinkRequest short_one = request;
    short_one.set_duration_ms(1);
    second = one.Call(&v1::Daemon::Stub::MeasureLink, short_one, &link);
  }
  CHECK_STATUS(second, absl::StatusCode::kResourceExhausted, "another link");
  one.server->Shutdown(absl::Seconds(20));
  void* tag = nullptr;
  bool ok = false;
  REQUIRE(queue.Next(&tag, &ok));
  CHECK(absl::IsCancelled(FromGrpcStatus(status)));

  request.set_address("");
  CHECK_STATUS(other.Call(&v1::Daemon::Stub::MeasureLink, request, &link),
               absl::StatusCode::kInvalidArgument, "address");
  // Nobody is there any more.
  request.set_address(one.address());
  CHECK_STATUS(other.Call(&v1::Daemon::Stub::MeasureLink, request, &link),
               absl::StatusCode::kUnavailable, "");
}

TEST_CASE("health has the name of the role, and ends before the server does") {
  Daemon daemon;
  CHECK(daemon.Health("") == HealthCheckResponse::SERVING);
  CHECK(daemon.Health("worker") == HealthCheckResponse::SERVING);
  daemon.server->StopServing();
  CHECK(daemon.Health("") == HealthCheckResponse::NOT_SERVING);
  CHECK(daemon.Health("worker") == HealthCheckResponse::NOT_SERVING);
  daemon.server->Shutdown(absl::Seconds(20));
  daemon.server->Shutdown(absl::Seconds(20));
  v1::InspectResponse facts;
  CHECK(absl::IsUnavailable(daemon.Call(&v1::Daemon::Stub::Inspect, v1::InspectRequest(), &facts)));
}

TEST_CASE("a server that never starts lets go of its port") {
  Daemon daemon;
  DaemonServer::Options options;
  options.listen = {"127.0.0.1", daemon.server->port()};
  options.daemon.clock = &daemon.clock;
  CHECK_STATUS(DaemonServer::Bind(options).status(), absl::StatusCode::kUnavailable,
               "--listen: cannot listen on " + daemon.address());
  options.listen.port = 0;
  REQUIRE_OK_AND_ASSIGN(const auto idle, DaemonServer::Bind(options));
  CHECK(idle->port() > 0);
}

}  // namespace
}  // namespace paceline
