#include "worker/io/net/key_list_client.h"

#include <catch2/catch.hpp>
#include <deque>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "common/refusal/refusal.h"
#include "common/status/status_matchers.h"

namespace paceline::worker {
namespace {

// Holds calls until a test answers them.
struct Wire {
  struct PushCall {
    PushFrame frame;
    DataClient::Done<v1::PushResponse> done;
  };
  struct PullCall {
    PullFrame frame;
    DataClient::Done<PullReply> done;
  };
  std::deque<PushCall> pushes;
  std::deque<PullCall> pulls;
};

class FakeClient final : public DataClient {
 public:
  explicit FakeClient(Wire* wire) : wire_(wire) {}
  void OpenRank(uint32_t, const v1::RequestContext&, absl::Duration,
                Done<v1::OpenRankResponse> done) override {
    done(v1::OpenRankResponse());
  }
  void Push(const PushFrame& frame, absl::Duration, Done<v1::PushResponse> done) override {
    wire_->pushes.push_back({frame, std::move(done)});
  }
  void Pull(const PullFrame& frame, absl::Duration, Done<PullReply> done) override {
    wire_->pulls.push_back({frame, std::move(done)});
  }
  void Pin(uint32_t, const v1::PinRequest&, absl::Duration, Done<v1::PinResponse>) override {}
  void Unpin(uint32_t, const v1::UnpinRequest&, absl::Duration, Done<v1::UnpinResponse>) override {}
  void CancelAll() override {}

 private:
  Wire* const wire_;
};

absl::Status Unknown() {
  v1::Refusal refusal;
  refusal.set_kind(v1::Refusal::UNKNOWN_KEY_LIST);
  return RefusalStatus(refusal, "unknown");
}

// A block's keys or values, as text.
void AddPiece(const std::string& text, bool key_list, FramePayload* payload, uint64_t* bytes) {
  const auto held = std::make_shared<const std::string>(text);
  payload->push_back(
      {.data = held->data(), .size = held->size(), .owner = held, .key_list = key_list});
  *bytes += text.size();
}

std::string Text(const FramePayload& payload) {
  std::string text;
  for (const PayloadPiece& piece : payload) text.append(piece.data, piece.size);
  return text;
}

// Shards 0, 2, ...: the keys of these lists, behind them values; between them, and last,
// shards without.
PushFrame PushOf(const std::vector<uint64_t>& lists, uint32_t server = 0) {
  PushFrame frame;
  frame.server = server;
  frame.header.mutable_context()->set_iteration(5);
  uint32_t shard = 0;
  for (const uint64_t list : lists) {
    v1::PushBlock* const listed = frame.header.add_blocks();
    listed->set_shard(shard++);
    listed->set_rows(1);
    listed->set_key_list(list);
    AddPiece("keys " + std::to_string(list) + ";", true, &frame.payload, &frame.payload_bytes);
    AddPiece("values;", false, &frame.payload, &frame.payload_bytes);
    frame.header.add_blocks()->set_shard(shard++);
    AddPiece("other;", false, &frame.payload, &frame.payload_bytes);
  }
  return frame;
}

PullFrame PullOf(const std::vector<uint64_t>& lists) {
  PullFrame frame;
  frame.reply_bytes = 77;
  uint32_t shard = 0;
  for (const uint64_t list : lists) {
    v1::PullBlock* const listed = frame.header.add_blocks();
    listed->set_shard(shard);
    listed->set_keys(1);
    listed->set_key_list(list);
    shard += 2;
    AddPiece("keys " + std::to_string(list) + ";", true, &frame.payload, &frame.payload_bytes);
  }
  return frame;
}

struct Fixture {
  explicit Fixture(uint64_t known_bytes = kKnownKeyListBytes)
      : client(WithKeyLists(std::make_unique<FakeClient>(&wire), 2, known_bytes)) {}

  // What is sent, once it is answered so.
  PushFrame Push(const PushFrame& frame, const absl::Status& answer = absl::OkStatus()) {
    client->Push(frame, absl::Seconds(1),
                 [this](const auto& end) { ends.push_back(end.status()); });
    const Wire::PushCall call = wire.pushes.back();
    wire.pushes.pop_back();
    answer.ok() ? call.done(v1::PushResponse()) : call.done(answer);
    return call.frame;
  }
  PullFrame Pull(const PullFrame& frame, const absl::Status& answer = absl::OkStatus()) {
    client->Pull(frame, absl::Seconds(1),
                 [this](const auto& end) { ends.push_back(end.status()); });
    const Wire::PullCall call = wire.pulls.back();
    wire.pulls.pop_back();
    answer.ok() ? call.done(PullReply()) : call.done(answer);
    return call.frame;
  }
  bool Leaves(uint64_t list) { return Push(PushOf({list})).header.blocks(0).keys_held(); }

  Wire wire;
  std::vector<absl::Status> ends;
  std::unique_ptr<DataClient> client;
};

TEST_CASE("keys that went with a call that succeeded are not sent again") {
  Fixture f;
  const PushFrame frame = PushOf({1, 2});
  CHECK(Text(f.Push(frame).payload) == "keys 1;values;other;keys 2;values;other;");
  const PushFrame again = f.Push(frame);
  CHECK(Text(again.payload) == "values;other;values;other;");
  CHECK(again.payload_bytes == Text(again.payload).size());
  CHECK(again.header.context().iteration() == 5);
  CHECK(again.header.blocks(0).keys_held());
  CHECK_FALSE(again.header.blocks(1).keys_held());
  CHECK(again.header.blocks(2).keys_held());
  CHECK(again.header.blocks(2).key_list() == 2);
  CHECK(again.header.blocks(2).rows() == 1);
  // Nothing was copied.
  CHECK(again.payload[0].data == frame.payload[1].data);
  // Not to another server.
  CHECK(Text(f.Push(PushOf({1}, 1)).payload) == "keys 1;values;other;");
  // Of the two, one is known.
  CHECK(Text(f.Push(PushOf({1, 3})).payload) == "values;other;keys 3;values;other;");
  CHECK(f.ends.size() == 4);
}

TEST_CASE("pulls and pushes know of each other's lists") {
  Fixture f;
  CHECK(Text(f.Pull(PullOf({1, 2})).payload) == "keys 1;keys 2;");
  CHECK(Text(f.Push(PushOf({1, 2})).payload) == "values;other;values;other;");
  const PullFrame pull = f.Pull(PullOf({1, 4}));
  CHECK(Text(pull.payload) == "keys 4;");
  CHECK(pull.payload_bytes == 7);
  CHECK(pull.reply_bytes == 77);
  CHECK(f.Pull(PullOf({1, 4})).payload.empty());
}

TEST_CASE("lists are of shards") {
  Fixture f;
  f.Push(PushOf({1, 2}));
  CHECK(Text(f.Push(PushOf({2, 1})).payload) == "keys 2;values;other;keys 1;values;other;");
}

TEST_CASE("frames without lists pass as they are") {
  Fixture f;
  PushFrame frame;
  frame.header.add_blocks()->set_shard(3);
  AddPiece("values;", false, &frame.payload, &frame.payload_bytes);
  for (int i = 0; i < 2; ++i) CHECK(Text(f.Push(frame).payload) == "values;");
}

TEST_CASE("calls that failed teach nothing") {
  Fixture f;
  f.Push(PushOf({1}), absl::UnavailableError("lost"));
  f.Pull(PullOf({1}), absl::DeadlineExceededError("late"));
  CHECK_FALSE(f.Leaves(1));
  CHECK(f.Leaves(1));
  // And a failure does not say that the server has forgotten.
  f.Push(PushOf({1}), absl::UnavailableError("lost"));
  CHECK(f.Leaves(1));
}

TEST_CASE("after UNKNOWN_KEY_LIST the frame goes with its keys, and is known again") {
  Fixture f;
  f.Push(PushOf({1, 2}));
  CHECK(Text(f.Push(PushOf({1}), Unknown()).payload) == "values;other;");
  CHECK(f.ends.back().code() == absl::StatusCode::kFailedPrecondition);
  CHECK_FALSE(f.Leaves(1));
  CHECK(f.Leaves(1));
  // It was about all lists.
  CHECK(Text(f.Push(PushOf({1, 2})).payload) == "values;other;keys 2;values;other;");
}

TEST_CASE("a rank that opens anew starts with nothing") {
  Fixture f;
  f.Push(PushOf({1}));
  // Its answer comes after the server forgot.
  f.client->Push(PushOf({2}), absl::Seconds(1), [](const auto&) {});
  f.client->OpenRank(0, {}, absl::Seconds(1), [](const auto&) {});
  f.wire.pushes.back().done(v1::PushResponse());
  CHECK_FALSE(f.Leaves(1));
  CHECK_FALSE(f.Leaves(2));
  CHECK(f.Leaves(2));
}

TEST_CASE("calls of one moment that are refused count as one refusal") {
  Fixture f;
  f.Push(PushOf({1}));
  for (int i = 0; i < 4; ++i) f.client->Push(PushOf({1}), absl::Seconds(1), [](const auto&) {});
  for (const Wire::PushCall& call : f.wire.pushes) call.done(Unknown());
  CHECK_FALSE(f.Leaves(1));
  CHECK(f.Leaves(1));
}

TEST_CASE("a server that remembers nothing is asked less and less often") {
  Fixture f;
  const auto count_refused = [&](int calls) {
    int refused = 0;
    for (int i = 0; i < calls; ++i) {
      f.client->Push(PushOf({1}), absl::Seconds(1), [](const auto&) {});
      const Wire::PushCall call = f.wire.pushes.back();
      f.wire.pushes.pop_back();
      const bool left_out = call.frame.header.blocks(0).keys_held();
      left_out ? call.done(Unknown()) : call.done(v1::PushResponse());
      refused += left_out ? 1 : 0;
    }
    return refused;
  };
  // Refused are the calls 2, 4, 6, 10, 18, 34, 66, ..., in the end one in 1024.
  CHECK(count_refused(65) == 6);
  CHECK(count_refused(1) == 1);
  CHECK(count_refused(10'000) < 20);
  // As long as it goes well, each call leaves them out.
  while (!f.Leaves(1)) {
  }
  for (int i = 0; i < 10; ++i) CHECK(f.Leaves(1));
  f.Push(PushOf({1}), Unknown());
  CHECK_FALSE(f.Leaves(1));
  CHECK(f.Leaves(1));
}

TEST_CASE("only as many lists are known as the server remembers") {
  Fixture f(2 * KeyListBytes(1));
  // Each has 8 bytes or less of keys.
  for (const uint64_t list : {1, 2, 3}) f.Push(PushOf({list}));
  CHECK(f.Leaves(3));
  CHECK(f.Leaves(2));
  CHECK_FALSE(f.Leaves(1));
}

}  // namespace
}  // namespace paceline::worker
