// The health service over loopback, spoken to with the generated stub.
#include "common/rpc/health_service.h"

#include <grpcpp/client_context.h>
#include <grpcpp/server.h>
#include <grpcpp/server_builder.h>

#include <catch2/catch.hpp>
#include <chrono>
#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "common/rpc/channel.h"
#include "common/rpc/grpc_status.h"
#include "common/rpc/served_queue.h"
#include "common/status/status_matchers.h"
#include "proto/health.grpc.pb.h"

namespace paceline {
namespace {

using grpc::health::v1::Health;
using grpc::health::v1::HealthCheckRequest;
using grpc::health::v1::HealthCheckResponse;

// What waits for too long fails.
std::chrono::system_clock::time_point Soon() {
  return std::chrono::system_clock::now() + std::chrono::seconds(30);
}

HealthCheckRequest Of(const std::string& service) {
  HealthCheckRequest request;
  request.set_service(service);
  return request;
}

struct Fixture {
  explicit Fixture(std::size_t most_watches = kMostHealthWatches) : health("server", most_watches) {
    grpc::ServerBuilder builder;
    ApplyServerDefaults(&builder);
    int port = 0;
    builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port);
    health.Register(&builder);
    queue.Register(&builder);
    server = builder.BuildAndStart();
    REQUIRE(server != nullptr);
    health.Start(&queue);
    queue.Start(2);
    stub = Health::NewStub(
        MakeChannel(absl::StrCat("127.0.0.1:", port), grpc::InsecureChannelCredentials()));
  }
  ~Fixture() { Shutdown(); }

  // With a deadline that a test would not outlive.
  void Shutdown() {
    health.Shutdown();
    server->Shutdown(std::chrono::system_clock::now() + std::chrono::hours(1));
    queue.Shutdown();
  }

  absl::Status Check(const std::string& service, HealthCheckResponse* response) {
    grpc::ClientContext context;
    context.set_deadline(Soon());
    return FromGrpcStatus(stub->Check(&context, Of(service), response));
  }

  HealthService health;
  ServedQueue queue;
  std::unique_ptr<grpc::Server> server;
  std::unique_ptr<Health::Stub> stub;
};

// A client that watches.
class Watcher {
 public:
  explicit Watcher(Fixture* fixture, const std::string& service = "") {
    context_.set_deadline(Soon());
    reader_ = fixture->stub->Watch(&context_, Of(service));
  }

  // The next that it is told; UNKNOWN at the end.
  HealthCheckResponse::ServingStatus Next() {
    HealthCheckResponse response;
    return reader_->Read(&response) ? response.status() : HealthCheckResponse::UNKNOWN;
  }
  void Cancel() { context_.TryCancel(); }
  // After the end.
  absl::Status Finish() { return FromGrpcStatus(reader_->Finish()); }

 private:
  grpc::ClientContext context_;
  std::unique_ptr<grpc::ClientReader<HealthCheckResponse>> reader_;
};

TEST_CASE("a check says whether the server serves") {
  Fixture test;
  HealthCheckResponse response;
  REQUIRE_OK(test.Check("", &response));
  CHECK(response.status() == HealthCheckResponse::SERVING);
  test.health.SetServing(false);
  REQUIRE_OK(test.Check("", &response));
  CHECK(response.status() == HealthCheckResponse::NOT_SERVING);
  test.health.SetServing(true);
  REQUIRE_OK(test.Check("", &response));
  CHECK(response.status() == HealthCheckResponse::SERVING);
  test.health.Shutdown();
  test.health.SetServing(true);
  REQUIRE_OK(test.Check("", &response));
  CHECK(response.status() == HealthCheckResponse::NOT_SERVING);
  CHECK_STATUS(test.Check("other", &response), absl::StatusCode::kNotFound, "got \"other\"");
}

TEST_CASE("whoever watches is told each change once") {
  Fixture test;
  Watcher first(&test);
  Watcher second(&test);
  Watcher other(&test, "other");
  CHECK(first.Next() == HealthCheckResponse::SERVING);
  CHECK(second.Next() == HealthCheckResponse::SERVING);
  CHECK(other.Next() == HealthCheckResponse::SERVICE_UNKNOWN);
  test.health.SetServing(true);
  test.health.SetServing(false);
  CHECK(first.Next() == HealthCheckResponse::NOT_SERVING);
  CHECK(second.Next() == HealthCheckResponse::NOT_SERVING);
  test.health.SetServing(true);
  CHECK(first.Next() == HealthCheckResponse::SERVING);
  second.Cancel();
  while (second.Next() != HealthCheckResponse::UNKNOWN) {
  }
  CHECK_STATUS(second.Finish(), absl::StatusCode::kCancelled, "");

  // Nobody who watches holds the server up.
  test.Shutdown();
  CHECK(first.Next() == HealthCheckResponse::NOT_SERVING);
  CHECK(first.Next() == HealthCheckResponse::UNKNOWN);
  CHECK_STATUS(first.Finish(), absl::StatusCode::kUnavailable, "shuts down");
  CHECK(other.Next() == HealthCheckResponse::UNKNOWN);
  CHECK_STATUS(other.Finish(), absl::StatusCode::kUnavailable, "shuts down");
}

TEST_CASE("a watch that comes while the service ends is told so") {
  Fixture test;
  test.health.Shutdown();
  Watcher late(&test);
  CHECK(late.Next() == HealthCheckResponse::NOT_SERVING);
  CHECK(late.Next() == HealthCheckResponse::UNKNOWN);
  CHECK_STATUS(late.Finish(), absl::StatusCode::kUnavailable, "shuts down");
}

TEST_CASE("so many watch and no more, and one that goes leaves its place") {
  Fixture test(/*most_watches=*/2);
  Watcher first(&test);
  CHECK(first.Next() == HealthCheckResponse::SERVING);
  Watcher second(&test);
  CHECK(second.Next() == HealthCheckResponse::SERVING);
  Watcher third(&test);
  CHECK(third.Next() == HealthCheckResponse::UNKNOWN);
  CHECK_STATUS(third.Finish(), absl::StatusCode::kResourceExhausted, "at most 2");
  first.Cancel();
  // Until the server has heard of it.
  while (Watcher(&test).Next() != HealthCheckResponse::SERVING) {
  }
  test.health.SetServing(false);
  CHECK(second.Next() == HealthCheckResponse::NOT_SERVING);
}

TEST_CASE("a server that shuts down at once leaves no watch behind") {
  Fixture test;
  Watcher watcher(&test);
  CHECK(watcher.Next() == HealthCheckResponse::SERVING);
  // Without a word to the health service: gRPC cancels the call.
  test.server->Shutdown(std::chrono::system_clock::now());
  CHECK(watcher.Next() == HealthCheckResponse::UNKNOWN);
  CHECK_FALSE(watcher.Finish().ok());
}

}  // namespace
}  // namespace paceline
