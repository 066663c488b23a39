// For tests: a data plane on a free port of loopback, spoken to with the generated stubs.
#ifndef PACELINE_SERVER_IO_LOOPBACK_SERVER_H_
#define PACELINE_SERVER_IO_LOOPBACK_SERVER_H_

#include <grpcpp/client_context.h>
#include <grpcpp/server.h>
#include <grpcpp/server_builder.h>

#include <catch2/catch.hpp>
#include <chrono>
#include <memory>
#include <string>
#include <thread>
#include <variant>
#include <vector>

#include "common/clock.h"
#include "common/rpc/channel.h"
#include "common/rpc/grpc_status.h"
#include "common/status/status_matchers.h"
#include "proto/data.grpc.pb.h"
#include "server/core/job_testing.h"
#include "server/core/server_state.h"
#include "server/io/data_plane.h"
#include "server/io/data_plane_stats.h"
#include "server/io/shared_arenas.h"

namespace paceline::server {

inline constexpr auto kDeadline = std::chrono::seconds(30);

// A server on a free port that serves one job of two ranks under BSP.
class Loopback {
 public:
  explicit Loopback(const std::vector<v1::TableSpec>& tables = {testing::DenseTable("a", 2, 1)},
                    uint64_t most_reply_bytes = kMostReplyBytes)
      : data_plane_({.clock = &clock_,
                     .state = &state_,
                     .stats = &stats_,
                     .arenas = &arenas_,
                     .most_reply_bytes = most_reply_bytes,
                     .threads = 2}) {
    const v1::ServerJobOrder order = testing::ServeOrder({.policy = v1::POLICY_BSP}, 2, tables);
    opened_ = testing::OpenJob(order);
    const std::vector<ServerCommand> commands = state_.Heed(order, 1, testing::kNodeIncarnation);
    REQUIRE(
        state_.Opened(testing::kJob, std::get<OpenCommand>(commands.at(0)).attempt, opened_.job));
    grpc::ServerBuilder builder;
    ApplyServerDefaults(&builder);
    int port = 0;
    builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port);
    data_plane_.Register(&builder);
    server_ = builder.BuildAndStart();
    REQUIRE(server_ != nullptr);
    data_plane_.Start();
    address_ = "127.0.0.1:" + std::to_string(port);
    channel_ = MakeChannel(address_, grpc::InsecureChannelCredentials());
    stub_ = v1::DataPlane::NewStub(channel_);
  }

  void EndStreams() { data_plane_.EndStreams(); }

  ~Loopback() {
    data_plane_.EndStreams();
    server_->Shutdown(std::chrono::system_clock::now() + kDeadline);
    data_plane_.Shutdown();
  }

  const std::string& address() const { return address_; }
  ServerJob& job() { return *opened_.job; }
  ServerState& state() { return state_; }
  DataPlaneStats& stats() { return stats_; }
  SharedArenas& arenas() { return arenas_; }
  const std::shared_ptr<grpc::Channel>& channel() { return channel_; }
  v1::DataPlane::Stub& stub() { return *stub_; }

  absl::Status Push(const testing::Frame& frame, v1::PushResponse* response = nullptr) {
    v1::PushRequest request = frame.header();
    request.set_payload(frame.payload().ToString());
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + kDeadline);
    v1::PushResponse ignored;
    return FromGrpcStatus(
        stub_->Push(&context, request, response == nullptr ? &ignored : response));
  }

  absl::Status Pull(const v1::PullRequest& request, v1::PullResponse* response,
                    std::chrono::milliseconds deadline = kDeadline) {
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + deadline);
    return FromGrpcStatus(stub_->Pull(&context, request, response));
  }

  void OpenRanks() {
    for (const uint32_t rank : {0, 1}) {
      v1::OpenRankRequest request;
      *request.mutable_context() = testing::Context(rank, 1, 0);
      grpc::ClientContext context;
      v1::OpenRankResponse response;
      REQUIRE_OK(FromGrpcStatus(stub_->OpenRank(&context, request, &response)));
      CHECK(response.progress() == 0);
      CHECK(response.shared_memory_socket() == arenas_.socket_name());
    }
  }

  void AwaitParked(uint64_t count) {
    while (job().parked_pulls() != count) std::this_thread::yield();
  }

 private:
  RealClock clock_;
  ServerState state_;
  DataPlaneStats stats_;
  SharedArenas arenas_;
  testing::OpenedJob opened_;
  DataPlane data_plane_;
  std::unique_ptr<grpc::Server> server_;
  std::string address_;
  std::shared_ptr<grpc::Channel> channel_;
  std::unique_ptr<v1::DataPlane::Stub> stub_;
};

inline std::vector<float> Floats(const v1::PullResponse& response) {
  return testing::Floats(Payload::Of(response.payload()));
}

}  // namespace paceline::server

#endif  // PACELINE_SERVER_IO_LOOPBACK_SERVER_H_
