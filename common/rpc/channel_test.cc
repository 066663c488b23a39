#include "common/rpc/channel.h"

#include <grpcpp/generic/async_generic_service.h>
#include <grpcpp/security/server_credentials.h>
#include <grpcpp/server.h>

#include <catch2/catch.hpp>
#include <chrono>
#include <memory>

#include "absl/strings/str_cat.h"

namespace paceline {
namespace {

TEST_CASE("a channel reaches a server, and a second server cannot take its port") {
  grpc::CallbackGenericService unimplemented;
  int port = 0;
  grpc::ServerBuilder builder;
  ApplyServerDefaults(&builder);
  builder.RegisterCallbackGenericService(&unimplemented);
  builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port);
  const std::unique_ptr<grpc::Server> first = builder.BuildAndStart();
  REQUIRE(first != nullptr);
  REQUIRE(port > 0);

  const auto channel =
      MakeChannel(absl::StrCat("127.0.0.1:", port), grpc::InsecureChannelCredentials());
  REQUIRE(channel->WaitForConnected(std::chrono::system_clock::now() + std::chrono::seconds(20)));

  int taken = 0;
  grpc::ServerBuilder second_builder;
  ApplyServerDefaults(&second_builder);
  grpc::CallbackGenericService second_unimplemented;
  second_builder.RegisterCallbackGenericService(&second_unimplemented);
  second_builder.AddListeningPort(absl::StrCat("127.0.0.1:", port),
                                  grpc::InsecureServerCredentials(), &taken);
  const std::unique_ptr<grpc::Server> second = second_builder.BuildAndStart();
  REQUIRE(taken == 0);
  first->Shutdown();
}

}  // namespace
}  // namespace paceline
