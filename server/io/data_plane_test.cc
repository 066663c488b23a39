// The data plane over loopback, spoken to with the ordinary generated stubs.
#include <grpcpp/client_context.h>
#include <grpcpp/generic/generic_stub.h>

#include <catch2/catch.hpp>
#include <chrono>
#include <future>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "common/refusal/refusal.h"
#include "common/rpc/grpc_status.h"
#include "common/status/status_matchers.h"
#include "server/core/job_testing.h"
#include "server/io/loopback_server.h"

namespace paceline::server {
namespace {

using testing::Context;
using testing::DensePull;
using testing::DenseTable;
using testing::Frame;
using v1::Refusal;

TEST_CASE("generated code can train: open, pull, push, pin") {
  Loopback server;
  server.OpenRanks();
  v1::PullResponse pulled;
  REQUIRE_OK(server.Pull(DensePull(0, 1, 0, {0}), &pulled));
  REQUIRE(pulled.blocks_size() == 1);
  CHECK(pulled.blocks(0).codec() == v1::CODEC_FLOAT32);
  CHECK(pulled.blocks(0).rows() == 2);
  CHECK(Floats(pulled) == std::vector<float>{0, 0});

  v1::PushResponse pushed;
  REQUIRE_OK(server.Push(Frame(0, 1, 0).Dense(0, 2, {1, 2}).Last({0}), &pushed));
  CHECK(pushed.duplicates() == 0);
  REQUIRE_OK(server.Push(Frame(0, 1, 0).Dense(0, 2, {1, 2}).Last({0}), &pushed));
  CHECK(pushed.duplicates() == 1);

  // Waits for rank 1, and is answered by whoever brings its push.
  v1::PullRequest request = DensePull(0, 1, 1, {0});
  request.set_max_wait_ms(30000);
  std::future<absl::Status> waiting =
      std::async(std::launch::async, [&] { return server.Pull(request, &pulled); });
  server.AwaitParked(1);
  REQUIRE_OK(server.Push(Frame(1, 1, 0).Dense(0, 2, {10, 20}).Last({0})));
  REQUIRE_OK(waiting.get());
  CHECK(Floats(pulled) == std::vector<float>{11, 22});
  CHECK(pulled.blocks(0).version() == 1);

  grpc::ClientContext pin_context;
  v1::PinRequest pin;
  *pin.mutable_context() = Context(0, 1, 1);
  v1::PinResponse pinned;
  REQUIRE_OK(FromGrpcStatus(server.stub().Pin(&pin_context, pin, &pinned)));
  request.set_pin(pinned.pin());
  REQUIRE_OK(server.Pull(request, &pulled));
  CHECK(Floats(pulled) == std::vector<float>{11, 22});
  grpc::ClientContext unpin_context;
  v1::UnpinRequest unpin;
  *unpin.mutable_context() = Context(0, 1, 1);
  unpin.set_pin(pinned.pin());
  v1::UnpinResponse unpinned;
  REQUIRE_OK(FromGrpcStatus(server.stub().Unpin(&unpin_context, unpin, &unpinned)));
  CHECK(server.stats().handled(DataMethod::kPush) == 3);
  CHECK(server.stats().duplicates.value() == 1);
}

TEST_CASE("a refusal comes with its kind and values") {
  Loopback server;
  server.OpenRanks();
  Frame stale = Frame(0, 1, 0).Dense(0, 2, {1, 2});
  stale.header().mutable_context()->set_epoch(9);
  const absl::Status status = server.Push(stale);
  CHECK(status.code() == absl::StatusCode::kFailedPrecondition);
  REQUIRE(RefusalKindOf(status) == Refusal::STALE_EPOCH);
  CHECK(RefusalOf(status)->expected() == 1);
  CHECK(RefusalOf(status)->got() == 9);
  CHECK(server.stats().refused(Refusal::STALE_EPOCH) == 1);
  Frame unknown = Frame(0, 1, 0).Dense(0, 2, {1, 2});
  unknown.header().mutable_context()->set_job_id(99);
  CHECK(RefusalKindOf(server.Push(unknown)) == Refusal::UNKNOWN_JOB);
  v1::PullRequest pull = DensePull(0, 1, 0, {0});
  pull.mutable_context()->set_job_id(99);
  v1::PullResponse pulled;
  CHECK(RefusalKindOf(server.Pull(pull, &pulled)) == Refusal::UNKNOWN_JOB);
  v1::OpenRankRequest open;
  grpc::ClientContext context;
  v1::OpenRankResponse opened;
  CHECK(RefusalKindOf(FromGrpcStatus(server.stub().OpenRank(&context, open, &opened))) ==
        Refusal::UNKNOWN_JOB);
}

TEST_CASE("a pull that is not admitted is told so in time, with the reason") {
  Loopback server;
  server.OpenRanks();
  REQUIRE_OK(server.Push(Frame(0, 1, 0).Last({})));
  v1::PullResponse pulled;
  v1::PullRequest request = DensePull(0, 1, 1, {0});
  SECTION("after max_wait_ms") { request.set_max_wait_ms(1); }
  SECTION("before the call's deadline") { request.set_max_wait_ms(600000); }
  const absl::Status status = server.Pull(request, &pulled, std::chrono::seconds(10));
  REQUIRE(RefusalKindOf(status) == Refusal::NOT_YET);
  CHECK(RefusalOf(status)->slowest_rank() == 1);
  CHECK_THAT(std::string(status.message()), Catch::Contains("waits for rank 1 at iteration 0"));
  CHECK(server.job().parked_pulls() == 0);
}

TEST_CASE("a pull whose caller goes away is forgotten") {
  Loopback server;
  server.OpenRanks();
  v1::PullRequest request = DensePull(0, 1, 1, {0});
  request.set_max_wait_ms(60000);
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + kDeadline);
  v1::PullResponse pulled;
  std::future<grpc::Status> waiting = std::async(
      std::launch::async, [&] { return server.stub().Pull(&context, request, &pulled); });
  server.AwaitParked(1);
  context.TryCancel();
  CHECK(waiting.get().error_code() == grpc::StatusCode::CANCELLED);
  server.AwaitParked(0);
}

TEST_CASE("closing a job ends its parked pulls") {
  Loopback server;
  server.OpenRanks();
  v1::PullRequest request = DensePull(0, 1, 1, {0});
  request.set_max_wait_ms(60000);
  v1::PullResponse pulled;
  std::future<absl::Status> waiting =
      std::async(std::launch::async, [&] { return server.Pull(request, &pulled); });
  server.AwaitParked(1);
  server.job().Close();
  CHECK(RefusalKindOf(waiting.get()) == Refusal::UNKNOWN_JOB);
}

// Sends bytes as they are.
absl::Status SendRaw(const std::shared_ptr<grpc::Channel>& channel, const std::string& method,
                     const std::string& bytes) {
  grpc::GenericStub stub(channel);
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + kDeadline);
  const grpc::Slice slice(bytes);
  const grpc::ByteBuffer request(&slice, 1);
  grpc::ByteBuffer response;
  grpc::CompletionQueue queue;
  const auto call = stub.PrepareUnaryCall(&context, method, request, &queue);
  call->StartCall();
  grpc::Status status;
  call->Finish(&response, &status, &status);
  void* tag = nullptr;
  bool ok = false;
  REQUIRE(queue.Next(&tag, &ok));
  return FromGrpcStatus(status);
}

TEST_CASE("bytes that are no message are refused, and the server lives on") {
  Loopback server;
  server.OpenRanks();
  const Frame frame = Frame(0, 1, 0).Dense(0, 2, {1, 2}).Last({0});
  v1::PushRequest whole = frame.header();
  whole.set_payload(frame.payload().ToString());
  const std::string bytes = whole.SerializeAsString();
  for (const char* method : {"/paceline.v1.DataPlane/Push", "/paceline.v1.DataPlane/Pull"}) {
    for (const std::string& raw :
         {std::string("\xff\xff\xff\xff"), std::string("\x0a\x7f"), std::string(3, '\x0b'),
          bytes.substr(0, bytes.size() - 1), std::string("\x7a\xff\xff\xff\xff\x0f")}) {
      INFO(method << " of " << raw.size() << " bytes");
      const absl::Status status = SendRaw(server.channel(), method, raw);
      CHECK(status.code() == absl::StatusCode::kInvalidArgument);
      CHECK(RefusalKindOf(status) == Refusal::INVALID);
    }
  }
  REQUIRE_OK(server.Push(frame));
}

TEST_CASE("a frame beyond the limit is refused by the transport") {
  Loopback server;
  server.OpenRanks();
  v1::PushRequest request = Frame(0, 1, 0).header();
  request.set_payload(std::string(kMaxMessageBytes, 'x'));
  // The client's own limit is lifted, the server's stands.
  grpc::ChannelArguments args;
  args.SetMaxSendMessageSize(-1);
  const auto stub = v1::DataPlane::NewStub(
      grpc::CreateCustomChannel(server.address(), grpc::InsecureChannelCredentials(), args));
  v1::PushResponse response;
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + kDeadline);
  CHECK(stub->Push(&context, request, &response).error_code() ==
        grpc::StatusCode::RESOURCE_EXHAUSTED);
}

TEST_CASE("a large shard goes both ways, cut into many slices") {
  constexpr uint64_t kRows = 1000;
  constexpr uint32_t kDim = 1000;
  Loopback server({DenseTable("a", kRows, kDim)});
  server.OpenRanks();
  std::vector<float> gradient(kRows * kDim);
  for (size_t i = 0; i < gradient.size(); ++i) gradient[i] = static_cast<float>(i % 1000);
  REQUIRE_OK(server.Push(Frame(0, 1, 0).Dense(0, kRows, gradient).Last({0})));
  REQUIRE_OK(server.Push(Frame(1, 1, 0).Dense(0, kRows, gradient).Last({0})));
  v1::PullResponse pulled;
  REQUIRE_OK(server.Pull(DensePull(0, 1, 1, {0}), &pulled));
  const std::vector<float> rows = Floats(pulled);
  REQUIRE(rows.size() == gradient.size());
  size_t wrong = 0;
  for (size_t i = 0; i < rows.size(); ++i) wrong += rows[i] != 2 * gradient[i];
  CHECK(wrong == 0);
}

}  // namespace
}  // namespace paceline::server
