// Which threads a server has, alone in its process.
#include <grpcpp/client_context.h>
#include <grpcpp/health_check_service_interface.h>
#include <grpcpp/server.h>
#include <grpcpp/server_builder.h>

#include <catch2/catch.hpp>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>

#include "common/clock.h"
#include "common/fs_memory.h"
#include "common/rpc/channel.h"
#include "common/rpc/grpc_status.h"
#include "common/status/status_matchers.h"
#include "proto/daemon.grpc.pb.h"
#include "proto/health.grpc.pb.h"
#include "proto/node.grpc.pb.h"
#include "server/server.h"

namespace paceline::server {
namespace {

using grpc::health::v1::Health;
using grpc::health::v1::HealthCheckRequest;
using grpc::health::v1::HealthCheckResponse;

// Threads of this process with that name, as the kernel cuts it.
int Pollers(const std::string& wanted) {
  int count = 0;
  for (const auto& task : std::filesystem::directory_iterator("/proc/self/task")) {
    std::ifstream comm(task.path() / "comm");
    std::string name;
    std::getline(comm, name);
    if (name == wanted) ++count;
  }
  return count;
}

TEST_CASE("nobody but the data plane's threads polls a server's sockets") {
  RealClock clock;
  MemoryFileSystem fs;
  Server::Options options;
  options.clock = &clock;
  options.fs = &fs;
  // Nobody listens there; the server asks again and again.
  options.scheduler = "127.0.0.1:1";
  options.data_dir = "/data";
  // Also where others of the process have gRPC's own health service.
  grpc::EnableDefaultHealthCheckService(true);
  REQUIRE_OK_AND_ASSIGN(const std::unique_ptr<Server> server, Server::Start(options));
  const auto channel = MakeChannel(server->address(), grpc::InsecureChannelCredentials());

  const auto health = Health::NewStub(channel);
  const auto check = [&] {
    grpc::ClientContext context;
    HealthCheckResponse response;
    REQUIRE_OK(FromGrpcStatus(health->Check(&context, HealthCheckRequest(), &response)));
    return response.status();
  };
  CHECK(check() == HealthCheckResponse::SERVING);
  grpc::ClientContext inspect_context;
  v1::InspectResponse facts;
  REQUIRE_OK(FromGrpcStatus(
      v1::Daemon::NewStub(channel)->Inspect(&inspect_context, v1::InspectRequest(), &facts)));
  CHECK(facts.role() == "server");
  CHECK(facts.address() == server->address());
  grpc::ClientContext context;
  v1::ReadCutFileRequest request;
  request.set_dir("cuts/c/1/00000001");
  request.set_name("f");
  v1::ReadCutFileResponse response;
  const auto files = v1::CutFiles::NewStub(channel);
  CHECK_STATUS(FromGrpcStatus(files->ReadCutFile(&context, request, &response)),
               absl::StatusCode::kNotFound, "f");
  grpc::ClientContext watch_context;
  HealthCheckResponse status;
  const auto watch = health->Watch(&watch_context, HealthCheckRequest());
  REQUIRE(watch->Read(&status));
  CHECK(status.status() == HealthCheckResponse::SERVING);
  server->Drain(absl::ZeroDuration());
  CHECK(check() == HealthCheckResponse::NOT_SERVING);
  REQUIRE(watch->Read(&status));
  CHECK(status.status() == HealthCheckResponse::NOT_SERVING);
  // gRPC's for callbacks, and for synchronous calls: any socket of the process wakes them.
  CHECK(Pollers("nexting_thread") == 0);
  CHECK(Pollers("grpcpp_sync_ser") == 0);
  // Which does not wait for whoever watches.
  server->Shutdown(absl::Hours(1));
  CHECK_FALSE(watch->Read(&status));
  CHECK(absl::IsUnavailable(FromGrpcStatus(watch->Finish())));
}

// The names above are those that gRPC gives.
TEST_CASE("a server with a synchronous service and gRPC's own health service has pollers") {
  grpc::EnableDefaultHealthCheckService(true);
  v1::CutFiles::Service service;
  grpc::ServerBuilder builder;
  builder.RegisterService(&service);
  const std::unique_ptr<grpc::Server> server = builder.BuildAndStart();
  REQUIRE(server != nullptr);
  // Threads name themselves, in their own time.
  while (Pollers("nexting_thread") == 0 || Pollers("grpcpp_sync_ser") == 0) {
  }
  server->Shutdown();
}

}  // namespace
}  // namespace paceline::server
