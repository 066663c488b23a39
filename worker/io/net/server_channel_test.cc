#include "worker/io/net/server_channel.h"

#include <grpcpp/generic/async_generic_service.h>
#include <grpcpp/security/server_credentials.h>
#include <grpcpp/server.h>
#include <grpcpp/server_builder.h>

#include <catch2/catch.hpp>
#include <memory>

#include "absl/strings/str_cat.h"
#include "common/clock.h"
#include "common/rpc/channel.h"

namespace paceline::worker {
namespace {

std::unique_ptr<grpc::Server> Listen(grpc::CallbackGenericService* service, int* port) {
  grpc::ServerBuilder builder;
  ApplyServerDefaults(&builder);
  builder.RegisterCallbackGenericService(service);
  builder.AddListeningPort(absl::StrCat("127.0.0.1:", *port), grpc::InsecureServerCredentials(),
                           port);
  return builder.BuildAndStart();
}

// Asks, in machine time, until the channel says that the link is lost, or for `most`.
bool Lost(ServerChannel* channel, absl::Duration most) {
  RealClock clock;
  const absl::Duration end = clock.Monotonic() + most;
  while (clock.Monotonic() < end) {
    if (channel->CheckLost(clock.Monotonic())) return true;
    clock.SleepFor(absl::Milliseconds(20));
  }
  return false;
}

TEST_CASE("A link is lost once, when its pulse is gone, and then has a new connection") {
  grpc::CallbackGenericService service;
  int port = 0;
  std::unique_ptr<grpc::Server> server = Listen(&service, &port);
  REQUIRE(server != nullptr);
  ServerChannel channel(absl::StrCat("127.0.0.1:", port));
  const auto first = channel.stub();
  CHECK_FALSE(Lost(&channel, kPulseGrace + absl::Seconds(1)));
  CHECK(channel.stub() == first);
  server->Shutdown();
  server.reset();
  CHECK(Lost(&channel, absl::Seconds(20)));
  CHECK(channel.stub() != first);
  // Said once.
  CHECK_FALSE(Lost(&channel, kPulseGrace + absl::Seconds(1)));
}

}  // namespace
}  // namespace paceline::worker
