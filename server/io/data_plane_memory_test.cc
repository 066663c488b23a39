// Where payloads lie, and how many a server holds.
#include <grpcpp/create_channel.h>
#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/support/channel_arguments.h>

#include <catch2/catch.hpp>
#include <memory>
#include <string>
#include <vector>

#include "common/refusal/refusal.h"
#include "common/rpc/byte_buffer.h"
#include "server/io/arena_client.h"
#include "server/io/loopback_server.h"

namespace paceline::server {
namespace {

using testing::Context;
using testing::DensePull;
using testing::DenseTable;
using testing::Frame;
using v1::Refusal;

TEST_CASE("payloads go through memory that the client handed over") {
  Loopback server;
  server.OpenRanks();
  const ArenaClient arena(server.arenas());
  const auto push = [&](uint32_t rank, const v1::SharedSpan& span, const std::string& payload) {
    v1::PushRequest request = Frame(rank, 1, 0).Dense(0, 2, {1, 2}).Last({0}).header();
    *request.add_shared_payload() = span;
    request.set_payload(payload);
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + kDeadline);
    v1::PushResponse ignored;
    return FromGrpcStatus(server.stub().Push(&context, request, &ignored));
  };
  arena.Floats(64)[0] = 1;
  arena.Floats(64)[1] = 2;
  // Rank 1 comes before its turn: it is kept until rank 0 is there, although the client has
  // its memory back.
  REQUIRE_OK(push(1, arena.Span(64, 8), ""));
  arena.Floats(64)[0] = 100;
  REQUIRE_OK(push(0, arena.Span(64, 8), ""));

  v1::PullRequest pull = DensePull(0, 1, 1, {0});
  SECTION("the reply lies in its space") {
    *pull.add_reply_space() = arena.Span(128, 16);
    v1::PullResponse pulled;
    REQUIRE_OK(server.Pull(pull, &pulled));
    CHECK(pulled.payload().empty());
    REQUIRE(pulled.in_reply_space() == 8);
    v1::PullResponse plain;
    REQUIRE_OK(server.Pull(DensePull(0, 1, 1, {0}), &plain));
    CHECK(Floats(plain) == std::vector<float>{arena.Floats(128)[0], arena.Floats(128)[1]});
    // The second column got 2 from each, the first 1 and 100.
    CHECK(Floats(plain)[0] / Floats(plain)[1] == Approx(101.0 / 4));
    CHECK(server.stats().shared_bytes.value() == 24);
  }
  SECTION("the reply's space is in pieces, which need not end where blocks do") {
    *pull.add_reply_space() = arena.Span(128, 4);
    *pull.add_reply_space() = arena.Span(256, 8);
    v1::PullResponse pulled;
    REQUIRE_OK(server.Pull(pull, &pulled));
    REQUIRE(pulled.in_reply_space() == 8);
    v1::PullResponse plain;
    REQUIRE_OK(server.Pull(DensePull(0, 1, 1, {0}), &plain));
    CHECK(Floats(plain) == std::vector<float>{arena.Floats(128)[0], arena.Floats(256)[0]});
    CHECK(arena.Floats(132)[0] == 0);
  }
  SECTION("a space that is too small is left alone") {
    *pull.add_reply_space() = arena.Span(128, 4);
    v1::PullResponse pulled;
    REQUIRE_OK(server.Pull(pull, &pulled));
    CHECK(pulled.in_reply_space() == 0);
    CHECK(pulled.payload().size() == 8);
    CHECK(arena.Floats(128)[0] == 0);
  }
  SECTION("memory that is not held is an error without a refusal, to be tried again") {
    v1::SharedSpan unknown = arena.Span(0, 8);
    unknown.set_arena(arena.arena + 1);
    const absl::Status pushed = push(0, unknown, "");
    CHECK(absl::IsUnavailable(pushed));
    CHECK(RefusalKindOf(pushed) == Refusal::KIND_UNSPECIFIED);
    *pull.add_reply_space() = unknown;
    v1::PullResponse pulled;
    CHECK(absl::IsUnavailable(server.Pull(pull, &pulled)));
  }
  SECTION("two payloads are one too many") {
    CHECK(RefusalKindOf(push(0, arena.Span(64, 8), "12345678")) == Refusal::INVALID);
  }
}

// A client that asks and does not read what comes.
class SlowClient {
 public:
  SlowClient(const std::string& address, const v1::PullRequest& request) : stub_(Connect(address)) {
    call_ = stub_.PrepareCall(&context_, "/paceline.v1.DataPlane/Pull", &queue_);
    call_->StartCall(this);
    Await();
    call_->WriteLast(EncodeMessage(request, /*payload_field=*/0), grpc::WriteOptions(), this);
    Await();
  }
  ~SlowClient() {
    context_.TryCancel();
    grpc::Status status;
    call_->Finish(&status, this);
    Await();
  }

 private:
  // A connection of its own, which takes little that nobody reads.
  static std::shared_ptr<grpc::Channel> Connect(const std::string& address) {
    grpc::ChannelArguments args;
    args.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
    args.SetInt(GRPC_ARG_HTTP2_BDP_PROBE, 0);
    args.SetInt(GRPC_ARG_HTTP2_STREAM_LOOKAHEAD_BYTES, 65536);
    return grpc::CreateCustomChannel(address, grpc::InsecureChannelCredentials(), args);
  }
  void Await() {
    void* tag = nullptr;
    bool ok = false;
    REQUIRE(queue_.Next(&tag, &ok));
  }

  grpc::CompletionQueue queue_;
  grpc::GenericStub stub_;
  grpc::ClientContext context_;
  std::unique_ptr<grpc::GenericClientAsyncReaderWriter> call_;
};

TEST_CASE("a hundred clients that do not read hold a bounded number of replies") {
  constexpr uint64_t kRows = 1024;
  constexpr uint32_t kDim = 256;
  constexpr uint64_t kReply = kRows * kDim * sizeof(float);
  Loopback server({DenseTable("a", kRows, kDim)}, /*most_reply_bytes=*/10 * kReply);
  server.OpenRanks();
  {
    std::vector<std::unique_ptr<SlowClient>> clients;
    for (int i = 0; i < 100; ++i) {
      clients.push_back(std::make_unique<SlowClient>(server.address(), DensePull(0, 1, 0, {0})));
    }
    const auto refused = [&] { return server.stats().refused(Refusal::NOT_YET); };
    const metrics::Counter& sent = server.stats().of(DataMethod::kPull).sent_bytes;
    while (sent.value() / kReply + refused() < 100) std::this_thread::yield();
    CHECK(sent.value() == 10 * kReply);
    CHECK(refused() == 90);
    // Whoever comes now is told to come again.
    v1::PullResponse pulled;
    const absl::Status full = server.Pull(DensePull(1, 1, 0, {0}), &pulled);
    CHECK(RefusalKindOf(full) == Refusal::NOT_YET);
    CHECK_STATUS(full, absl::StatusCode::kUnavailable, "slow clients");
  }
  // They have gone: there is room again.
  v1::PullResponse pulled;
  absl::Status answered;
  do {
    answered = server.Pull(DensePull(1, 1, 0, {0}), &pulled);
  } while (RefusalKindOf(answered) == Refusal::NOT_YET);
  REQUIRE_OK(answered);
  CHECK(pulled.payload().size() == kReply);
}

}  // namespace
}  // namespace paceline::server
