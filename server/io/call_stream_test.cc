// Streams of calls against a data plane on loopback, spoken by generated code.
#include "server/io/call_stream.h"

#include <grpcpp/client_context.h>
#include <grpcpp/support/sync_stream.h>

#include <catch2/catch.hpp>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "common/refusal/refusal.h"
#include "common/rpc/call_error.h"
#include "common/rpc/grpc_status.h"
#include "common/status/status_matchers.h"
#include "proto/data.grpc.pb.h"
#include "server/core/job_testing.h"
#include "server/io/loopback_server.h"

namespace paceline::server {
namespace {

using testing::DensePull;
using testing::Frame;
using v1::Refusal;

// A client's end of one stream.
class Client {
 public:
  explicit Client(Loopback* server) {
    context_.set_deadline(std::chrono::system_clock::now() + kDeadline);
    wire_ = server->stub().Stream(&context_);
  }
  ~Client() { context_.TryCancel(); }

  static v1::DataCall PushOf(const Frame& frame, uint64_t id) {
    v1::DataCall call;
    call.set_id(id);
    call.set_timeout_ms(30000);
    call.set_payload_bytes(frame.payload().size());
    *call.mutable_push() = frame.header();
    return call;
  }
  static v1::DataCall PullOf(const v1::PullRequest& pull, uint64_t id) {
    v1::DataCall call;
    call.set_id(id);
    call.set_timeout_ms(30000);
    *call.mutable_pull() = pull;
    return call;
  }

  void Send(const std::vector<v1::DataCall>& calls, const std::string& payload = "") {
    v1::CallBatch batch;
    for (const v1::DataCall& call : calls) *batch.add_calls() = call;
    batch.set_payload(payload);
    wire_->Write(batch);
  }
  void SaysNoMore() { wire_->WritesDone(); }

  // The next `count` answers by id, each with its payload.
  struct Answer {
    v1::DataAnswer header;
    std::string payload;
  };
  std::map<uint64_t, Answer> Read(size_t count) {
    std::map<uint64_t, Answer> answers;
    v1::AnswerBatch batch;
    while (answers.size() < count && wire_->Read(&batch)) {
      uint64_t at = 0;
      for (const v1::DataAnswer& answer : batch.answers()) {
        answers[answer.id()] = {answer, batch.payload().substr(at, answer.payload_bytes())};
        at += answer.payload_bytes();
      }
    }
    return answers;
  }

  // Reads to the end.
  absl::Status Finish() {
    v1::AnswerBatch batch;
    while (wire_->Read(&batch)) {
    }
    return FromGrpcStatus(wire_->Finish());
  }
  void GoAway() { context_.TryCancel(); }

 private:
  grpc::ClientContext context_;
  std::unique_ptr<grpc::ClientReaderWriter<v1::CallBatch, v1::AnswerBatch>> wire_;
};

TEST_CASE("a batch of calls is served, each with its part of the payload") {
  Loopback server;
  Client client(&server);
  std::vector<v1::DataCall> opens(2);
  for (const uint32_t rank : {0, 1}) {
    opens[rank].set_id(rank);
    *opens[rank].mutable_open_rank()->mutable_context() = testing::Context(rank, 1, 0);
  }
  client.Send(opens);
  for (const auto& [id, answer] : client.Read(2)) CHECK(answer.header.has_open_rank());

  const Frame first = Frame(0, 1, 0).Dense(0, 2, {1, 2}).Last({0});
  const Frame second = Frame(1, 1, 0).Dense(0, 2, {10, 20}).Last({0});
  // The pull is asked for with the pushes, and waits for the round that they make.
  v1::PullRequest pull = DensePull(0, 1, 1, {0});
  pull.set_max_wait_ms(60000);
  client.Send({Client::PullOf(pull, 7), Client::PushOf(first, 8), Client::PushOf(second, 9)},
              first.payload().ToString() + second.payload().ToString());
  auto answers = client.Read(3);
  REQUIRE(answers.size() == 3);
  CHECK(answers[8].header.has_push());
  CHECK(answers[9].header.has_push());
  REQUIRE(answers[7].header.has_pull());
  CHECK(testing::Floats(Payload::Of(answers[7].payload)) == std::vector<float>{11, 22});
}

TEST_CASE("a refused call says so, and the stream goes on") {
  Loopback server;
  server.OpenRanks();
  Client client(&server);
  v1::DataCall nothing;
  nothing.set_id(3);
  client.Send({Client::PullOf(DensePull(0, 2, 0, {0}), 1),
               Client::PullOf(DensePull(0, 1, 0, {0}), 2), nothing});
  auto answers = client.Read(3);
  CHECK(RefusalKindOf(FromCallError(answers[1].header.error())) == Refusal::RANK_NOT_OPEN);
  CHECK(answers[2].header.has_pull());
  CHECK(RefusalKindOf(FromCallError(answers[3].header.error())) == Refusal::INVALID);
  CHECK(server.stats().refused(Refusal::RANK_NOT_OPEN) == 1);
  client.SaysNoMore();
  REQUIRE_OK(client.Finish());
}

TEST_CASE("a batch that is none ends the stream, and the calls that wait in it") {
  Loopback server;
  server.OpenRanks();
  Client client(&server);
  v1::PullRequest pull = DensePull(0, 1, 1, {0});
  pull.set_max_wait_ms(60000);
  client.Send({Client::PullOf(pull, 1)});
  server.AwaitParked(1);
  std::string wanted;
  SECTION("two calls with one id") {
    client.Send({Client::PullOf(pull, 1)});
    wanted = "call 1: waits";
  }
  SECTION("too little payload") {
    client.Send({Client::PushOf(Frame(0, 1, 0).Dense(0, 2, {1, 2}), 2)}, "1234");
    wanted = "payload of call 2: 8 bytes expected, got 4";
  }
  SECTION("too much payload") {
    client.Send({Client::PullOf(pull, 2)}, "1234");
    wanted = "payload of the calls: 0 bytes expected, got 4";
  }
  SECTION("too many calls") {
    client.Send(std::vector<v1::DataCall>(kMostUnanswered + 1));
    wanted = "calls of a batch: at most 1024 expected, got 1025";
  }
  const absl::Status ended = client.Finish();
  CHECK_STATUS(ended, absl::StatusCode::kInvalidArgument, wanted);
  CHECK(RefusalKindOf(ended) == Refusal::INVALID);
  server.AwaitParked(0);
}

TEST_CASE("the calls of a client that goes away are forgotten") {
  Loopback server;
  server.OpenRanks();
  Client client(&server);
  v1::PullRequest pull = DensePull(0, 1, 1, {0});
  pull.set_max_wait_ms(60000);
  client.Send({Client::PullOf(pull, 1), Client::PullOf(pull, 2)});
  server.AwaitParked(2);
  client.GoAway();
  server.AwaitParked(0);
}

TEST_CASE("a stream ends once all of its calls are answered") {
  Loopback server;
  server.OpenRanks();
  Client client(&server);
  v1::PullRequest pull = DensePull(0, 1, 1, {0});
  pull.set_max_wait_ms(60000);
  client.Send({Client::PullOf(pull, 1)});
  server.AwaitParked(1);
  SECTION("when the client has no more") { client.SaysNoMore(); }
  SECTION("when the server shuts down") { server.EndStreams(); }
  for (const uint32_t rank : {0, 1}) {
    REQUIRE_OK(server.Push(Frame(rank, 1, 0).Dense(0, 2, {1, 2}).Last({0})));
  }
  CHECK(client.Read(1)[1].header.has_pull());
  REQUIRE_OK(client.Finish());
}

TEST_CASE("a client that says at once that it has no more gets all its answers") {
  Loopback server;
  server.OpenRanks();
  for (int i = 0; i < 200; ++i) {
    Client client(&server);
    client.Send(
        {Client::PullOf(DensePull(0, 1, 0, {0}), 1), Client::PullOf(DensePull(0, 1, 0, {0}), 2)});
    client.SaysNoMore();
    REQUIRE(client.Read(2).size() == 2);
    REQUIRE_OK(client.Finish());
  }
}

TEST_CASE("a stream with too many unanswered calls is not read until there are fewer") {
  Loopback server;
  server.OpenRanks();
  Client client(&server);
  v1::PullRequest pull = DensePull(0, 1, 1, {0});
  pull.set_max_wait_ms(60000);
  for (uint64_t id = 0; id < kMostUnanswered + 10; ++id) client.Send({Client::PullOf(pull, id)});
  while (server.job().parked_pulls() < kMostUnanswered) std::this_thread::yield();
  // Each thread may have read one more before it was full.
  CHECK(server.job().parked_pulls() <= kMostUnanswered + 2);
  for (const uint32_t rank : {0, 1}) {
    REQUIRE_OK(server.Push(Frame(rank, 1, 0).Dense(0, 2, {1, 2}).Last({0})));
  }
  CHECK(client.Read(kMostUnanswered + 10).size() == kMostUnanswered + 10);
}

}  // namespace
}  // namespace paceline::server
