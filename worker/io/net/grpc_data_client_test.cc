// The client over loopback, against a service made of generated code: what leaves
// is ordinary protobuf, and what ordinary protobuf answers is understood.
#include "worker/io/net/grpc_data_client.h"

#include <grpcpp/server.h>
#include <grpcpp/server_builder.h>

#include <atomic>
#include <catch2/catch.hpp>
#include <cstring>
#include <future>

#include "absl/strings/str_cat.h"
#include "common/refusal/refusal.h"
#include "common/rpc/call_error.h"
#include "common/rpc/channel.h"
#include "common/status/status_matchers.h"
#include "common/sync.h"
#include "proto/data.grpc.pb.h"

namespace paceline::worker {
namespace {

class FakeDataPlane final : public v1::DataPlane::Service {
 public:
  grpc::Status Stream(grpc::ServerContext*,
                      grpc::ServerReaderWriter<v1::AnswerBatch, v1::CallBatch>* stream) override {
    ++streams;
    v1::CallBatch batch;
    while (stream->Read(&batch)) {
      v1::AnswerBatch answers;
      uint64_t at = 0;
      for (const v1::DataCall& call : batch.calls()) {
        Answer(call, batch.payload().substr(at, call.payload_bytes()), &answers);
        at += call.payload_bytes();
      }
      if (answers.answers_size() > 0) stream->Write(answers);
      MutexLock lock(&mu);
      if (end) return grpc::Status(grpc::StatusCode::ABORTED, "no more");
    }
    return grpc::Status::OK;
  }

  void Answer(const v1::DataCall& call, const std::string& payload, v1::AnswerBatch* answers) {
    MutexLock lock(&mu);
    // Without an answer.
    if (call.push().context().iteration() == 98) return;
    v1::DataAnswer* const answer = answers->add_answers();
    answer->set_id(call.id());
    switch (call.request_case()) {
      case v1::DataCall::kOpenRank:
        answer->mutable_open_rank()->set_progress(call.open_rank().context().rank() + 40);
        answer->mutable_open_rank()->set_finished(true);
        return;
      case v1::DataCall::kPush:
        if (call.push().context().iteration() == 99) {
          v1::Refusal refusal;
          refusal.set_kind(v1::Refusal::STALE_TIMELINE);
          refusal.set_expected(3);
          *answer->mutable_error() = ToCallError(RefusalStatus(refusal, "timeline: 3 expected"));
          return;
        }
        push = call.push();
        push.set_payload(payload);
        answer->mutable_push()->set_duplicates(2);
        return;
      case v1::DataCall::kPull:
        pull = call.pull();
        pull.set_payload(payload);
        answer->mutable_pull()->add_blocks()->set_version(9);
        answer->set_payload_bytes(reply_payload.size() + (short_payload ? 1 : 0));
        answers->mutable_payload()->append(reply_payload);
        return;
      case v1::DataCall::kPin:
        answer->mutable_pin()->set_pin(77);
        return;
      case v1::DataCall::kUnpin:
        if (call.unpin().pin() != 77) {
          *answer->mutable_error() = ToCallError(absl::InvalidArgumentError("which pin?"));
          return;
        }
        answer->mutable_unpin();
        return;
      default:
        FAIL("a call without a request");
    }
  }

  std::atomic<int> streams{0};
  Mutex mu;
  v1::PushRequest push;
  v1::PullRequest pull;
  std::string reply_payload;
  // After the next batch.
  bool end = false;
  // Answers to pulls promise more than they bring.
  bool short_payload = false;
};

struct Fixture {
  FakeDataPlane service;
  int port = 0;
  std::unique_ptr<grpc::Server> server;
  std::unique_ptr<DataClient> client;

  Fixture() {
    grpc::ServerBuilder builder;
    ApplyServerDefaults(&builder);
    builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port);
    builder.RegisterService(&service);
    server = builder.BuildAndStart();
    client = MakeGrpcDataClient({absl::StrCat("127.0.0.1:", port)});
  }
  ~Fixture() {
    client.reset();
    server->Shutdown();
  }
};

// Waits for the callback of one call.
template <typename Response, typename Start>
absl::StatusOr<Response> Call(const Start& start) {
  std::promise<absl::StatusOr<Response>> promise;
  start([&](absl::StatusOr<Response> response) { promise.set_value(std::move(response)); });
  return promise.get_future().get();
}

PushFrame SomePush(uint64_t iteration, std::shared_ptr<const std::string> bytes) {
  PushFrame frame;
  frame.header.mutable_context()->set_iteration(iteration);
  frame.header.add_blocks()->set_rows(5);
  const size_t half = bytes->size() / 2;
  frame.payload = {{bytes->data(), half, bytes},
                   {bytes->data() + half, bytes->size() - half, bytes}};
  frame.payload_bytes = bytes->size();
  return frame;
}

TEST_CASE("A push arrives as ordinary protobuf and keeps its bytes until then") {
  Fixture f;
  auto bytes = std::make_shared<const std::string>(5 << 20, 'x');
  const std::weak_ptr<const std::string> watch = bytes;
  {
    const PushFrame frame = SomePush(3, bytes);
    REQUIRE_OK_AND_ASSIGN(const v1::PushResponse response, Call<v1::PushResponse>([&](auto done) {
                            f.client->Push(frame, absl::Seconds(20), done);
                          }));
    CHECK(response.duplicates() == 2);
  }
  CHECK(f.service.push.context().iteration() == 3);
  CHECK(f.service.push.blocks(0).rows() == 5);
  CHECK(f.service.push.payload() == *bytes);
  bytes.reset();
  // The wire lets go of it with the client at the latest.
  f.client.reset();
  CHECK(watch.expired());
  f.client = MakeGrpcDataClient(std::vector<std::string>{"127.0.0.1:1"});
}

TEST_CASE("A pull sends keys and reads rows in order") {
  Fixture f;
  const float rows[] = {1, 2, 3};
  f.service.reply_payload.assign(reinterpret_cast<const char*>(rows), sizeof(rows));
  PullFrame frame;
  frame.header.set_pin(4);
  auto keys = std::make_shared<const std::string>("8 bytes!");
  frame.payload = {{keys->data(), keys->size(), keys}};
  REQUIRE_OK_AND_ASSIGN(PullReply reply, Call<PullReply>([&](auto done) {
                          f.client->Pull(frame, absl::Seconds(20), done);
                        }));
  CHECK(f.service.pull.payload() == "8 bytes!");
  CHECK(f.service.pull.pin() == 4);
  CHECK(reply.header.blocks(0).version() == 9);
  CHECK(reply.header.payload().empty());
  CHECK(reply.payload->size() == 12);
  float got[3] = {};
  CHECK(reply.payload->Read(got, 4));
  CHECK(reply.payload->Read(got + 1, 8));
  CHECK(std::memcmp(got, rows, sizeof(rows)) == 0);
  CHECK_FALSE(reply.payload->Read(got, 1));
}

TEST_CASE("Small calls go and come back") {
  Fixture f;
  v1::RequestContext context;
  context.set_rank(2);
  REQUIRE_OK_AND_ASSIGN(const v1::OpenRankResponse opened,
                        Call<v1::OpenRankResponse>([&](auto done) {
                          f.client->OpenRank(0, context, absl::Seconds(20), done);
                        }));
  CHECK(opened.progress() == 42);
  CHECK(opened.finished());
  v1::PinRequest wanted;
  *wanted.mutable_context() = context;
  wanted.set_number(3);
  REQUIRE_OK_AND_ASSIGN(const v1::PinResponse pin, Call<v1::PinResponse>([&](auto done) {
                          f.client->Pin(0, wanted, absl::Seconds(20), done);
                        }));
  v1::UnpinRequest unpin;
  unpin.set_pin(pin.pin());
  REQUIRE_OK(Call<v1::UnpinResponse>(
      [&](auto done) { f.client->Unpin(0, unpin, absl::Seconds(20), done); }));
  unpin.set_pin(1);
  CHECK_STATUS(Call<v1::UnpinResponse>(
                   [&](auto done) { f.client->Unpin(0, unpin, absl::Seconds(20), done); }),
               absl::StatusCode::kInvalidArgument, "which pin?");
}

TEST_CASE("A refusal arrives with its kind") {
  Fixture f;
  const PushFrame frame = SomePush(99, std::make_shared<const std::string>("1234"));
  const absl::StatusOr<v1::PushResponse> response =
      Call<v1::PushResponse>([&](auto done) { f.client->Push(frame, absl::Seconds(20), done); });
  CHECK_STATUS(response.status(), absl::StatusCode::kFailedPrecondition, "timeline: 3 expected");
  REQUIRE(RefusalKindOf(response.status()) == v1::Refusal::STALE_TIMELINE);
  CHECK(RefusalOf(response.status())->expected() == 3);
}

TEST_CASE("A call ends at its deadline, or when it is cancelled") {
  Fixture f;
  const PushFrame frame = SomePush(98, std::make_shared<const std::string>("1234"));
  CHECK_STATUS(Call<v1::PushResponse>(
                   [&](auto done) { f.client->Push(frame, absl::Milliseconds(50), done); }),
               absl::StatusCode::kDeadlineExceeded, "");
  CHECK_STATUS(Call<v1::PushResponse>([&](auto done) {
                 f.client->Push(frame, absl::Seconds(20), done);
                 f.client->CancelAll();
               }),
               absl::StatusCode::kCancelled, "");
}

TEST_CASE("Calls that are made together are all answered, by one stream") {
  Fixture f;
  constexpr uint64_t kCalls = 500;
  const auto bytes = std::make_shared<const std::string>("12345678");
  Mutex mu;
  uint64_t answered = 0;
  std::promise<void> all;
  for (uint64_t i = 0; i < kCalls; ++i) {
    f.client->Push(SomePush(i % 90, bytes), absl::Seconds(20),
                   [&](const absl::StatusOr<v1::PushResponse>& response) {
                     MutexLock lock(&mu);
                     answered += response.ok();
                     if (answered == kCalls) all.set_value();
                   });
  }
  all.get_future().wait();
  CHECK(f.service.streams == 1);
}

TEST_CASE("When the server ends the stream its calls end too, and the next make another") {
  Fixture f;
  {
    MutexLock lock(&f.service.mu);
    f.service.end = true;
  }
  const PushFrame frame = SomePush(98, std::make_shared<const std::string>("1234"));
  CHECK_STATUS(
      Call<v1::PushResponse>([&](auto done) { f.client->Push(frame, absl::Seconds(20), done); }),
      absl::StatusCode::kAborted, "no more");
  {
    MutexLock lock(&f.service.mu);
    f.service.end = false;
  }
  REQUIRE_OK(Call<v1::PushResponse>([&](auto done) {
    f.client->Push(SomePush(1, std::make_shared<const std::string>("1234")), absl::Seconds(20),
                   done);
  }));
  CHECK(f.service.streams == 2);
}

TEST_CASE("Answers that do not add up break the stream, and the next call makes another") {
  Fixture f;
  {
    MutexLock lock(&f.service.mu);
    f.service.short_payload = true;
    f.service.reply_payload = "1234";
  }
  const auto pull = [&] {
    return Call<PullReply>([&](auto done) { f.client->Pull({}, absl::Seconds(20), done); });
  };
  CHECK_STATUS(pull().status(), absl::StatusCode::kInvalidArgument,
               "payload of an answer: 5 bytes expected, got 4");
  {
    MutexLock lock(&f.service.mu);
    f.service.short_payload = false;
  }
  REQUIRE_OK(pull().status());
  CHECK(f.service.streams == 2);
}

TEST_CASE("A server that is not there is unavailable") {
  const std::unique_ptr<DataClient> client =
      MakeGrpcDataClient(std::vector<std::string>{"127.0.0.1:1"});
  const absl::StatusOr<v1::OpenRankResponse> opened = Call<v1::OpenRankResponse>(
      [&](auto done) { client->OpenRank(0, {}, absl::Seconds(20), done); });
  CHECK(opened.status().code() == absl::StatusCode::kUnavailable);
  CHECK(RefusalKindOf(opened.status()) == v1::Refusal::KIND_UNSPECIFIED);
}

TEST_CASE("Deleting the client ends its calls") {
  Fixture f;
  const PushFrame frame = SomePush(98, std::make_shared<const std::string>("1234"));
  absl::Status ended;
  f.client->Push(frame, absl::Seconds(20), [&](const absl::StatusOr<v1::PushResponse>& response) {
    ended = response.status();
  });
  f.client.reset();
  CHECK(ended.code() == absl::StatusCode::kCancelled);
  f.client = MakeGrpcDataClient(std::vector<std::string>{"127.0.0.1:1"});
}

}  // namespace
}  // namespace paceline::worker
