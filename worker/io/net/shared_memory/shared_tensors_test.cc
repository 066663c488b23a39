// What lies in tensors goes to servers on this host without a copy.
#include <catch2/catch.hpp>
#include <cstring>
#include <memory>
#include <string>
#include <utility>

#include "common/refusal/refusal.h"
#include "common/status/status_matchers.h"
#include "worker/core/tensor_memory.h"
#include "worker/io/net/shared_memory/shared_memory_fixture.h"

namespace paceline::worker {
namespace {

using testing::Fixture;
using testing::Host;

// Tensors of two blocks each, which only the worker's memory holds.
constexpr size_t kFloats = 2 * TensorMemory::kLeastBytes / sizeof(float);

std::shared_ptr<const TensorBlock> BlockOf(const TensorFloats& tensor) {
  return TensorMemory::Get().Find(tensor.data(), tensor.size() * sizeof(float));
}

PayloadPiece PieceOf(const std::shared_ptr<TensorFloats>& tensor, size_t first, size_t count) {
  return {reinterpret_cast<const char*>(&(*tensor)[first]), count * sizeof(float), tensor};
}

TEST_CASE("gradients are read where they lie, what is between them from the arena") {
  Host host;
  Fixture f(host.name());
  const auto gradient = std::make_shared<TensorFloats>(kFloats, 0.5f);
  const auto bias = std::make_shared<const std::string>(30, 'b');
  PushFrame frame;
  frame.payload = {PieceOf(gradient, 100, 1000),
                   {bias->data(), 20, bias},
                   {bias->data() + 20, 10, bias},
                   PieceOf(gradient, 5000, 500)};
  frame.payload_bytes = 1500 * sizeof(float) + 30;
  const long others = gradient.use_count();
  f.client->Push(frame, absl::Seconds(1), [](const auto&) {});
  const v1::PushRequest& sent = f.wire.pushes.at(0).frame.header;
  REQUIRE(sent.shared_payload_size() == 3);
  CHECK(sent.shared_payload(0).size() == 4000);
  CHECK(sent.shared_payload(1).size() == 30);
  CHECK(sent.shared_payload(2).size() == 2000);
  CHECK(sent.shared_payload(0).arena() == sent.shared_payload(2).arena());
  CHECK(sent.shared_payload(1).arena() == 1);
  // The same memory.
  (*gradient)[100] = 7;
  float seen;
  std::memcpy(&seen, host.At(sent.shared_payload(0)), sizeof(seen));
  CHECK(seen == 7);
  CHECK(*host.At(sent.shared_payload(1)) == 'b');
  // Held until the answer.
  frame.payload.clear();
  CHECK(gradient.use_count() > others - 2);
  f.wire.pushes.at(0).done(v1::PushResponse());
  f.wire.pushes.clear();
  CHECK(gradient.use_count() == 1);
  CHECK_FALSE(BlockOf(*gradient)->retired());
  // Handed over once.
  const size_t arenas = host.arenas();
  const auto next = std::make_shared<TensorFloats>(kFloats, 0.25f);
  frame.payload = {PieceOf(next, 0, 1000)};
  frame.payload_bytes = 4000;
  f.client->Push(frame, absl::Seconds(1), [](const auto&) {});
  CHECK(host.arenas() == arenas);
}

TEST_CASE("a server that did not answer may write a tensor at any time: nobody else gets it") {
  Host host;
  Fixture f(host.name());
  TensorFloats rows(kFloats, 1);
  PullFrame frame;
  frame.reply_bytes = kFloats * sizeof(float);
  frame.places = {absl::MakeSpan(rows)};
  const auto pull = [&] {
    f.client->Pull(frame, absl::Seconds(1),
                   [&](absl::StatusOr<PullReply> answer) { f.ends.push_back(answer.status()); });
  };
  pull();
  const uint64_t arena = f.wire.pulls.at(0).frame.header.reply_space(0).arena();
  v1::Refusal refusal;
  refusal.set_kind(v1::Refusal::NOT_YET);
  f.wire.pulls.at(0).done(RefusalStatus(refusal, "wait"));
  CHECK_FALSE(BlockOf(rows)->retired());
  pull();
  CHECK(f.wire.pulls.at(1).frame.header.reply_space(0).arena() == arena);
  f.wire.pulls.at(1).done(absl::DeadlineExceededError("late"));
  CHECK(BlockOf(rows)->retired());
  const float* const before = rows.data();
  MoveIfRetired(&rows);
  CHECK(rows.data() != before);
  frame.places = {absl::MakeSpan(rows)};
  // It may have forgotten what it held: it is given the memory again.
  pull();
  CHECK(f.wire.pulls.at(2).frame.header.reply_space(0).arena() > arena);
}

TEST_CASE("rows arrive where they are read, and are not copied there") {
  Host host;
  Fixture f(host.name());
  TensorFloats rows(kFloats, 1);
  constexpr size_t kHalf = kFloats / 2;
  PullFrame frame;
  frame.reply_bytes = kFloats * sizeof(float);
  // Two shards, the later one first.
  frame.places = {absl::MakeSpan(rows).subspan(kHalf), absl::MakeSpan(rows).subspan(0, kHalf)};
  f.client->Pull(frame, absl::Seconds(1), [&](absl::StatusOr<PullReply> answer) {
    REQUIRE_OK(answer.status());
    f.replies.push_back(*std::move(answer));
  });
  const v1::PullRequest& sent = f.wire.pulls.at(0).frame.header;
  REQUIRE(sent.reply_space_size() == 2);
  for (const int i : {0, 1}) {
    auto* const to = const_cast<uint8_t*>(host.At(sent.reply_space(i)));
    const TensorFloats values(kHalf, static_cast<float>(10 + i));
    std::memcpy(to, values.data(), kHalf * sizeof(float));
  }
  PullReply answer;
  answer.header.set_in_reply_space(kFloats * sizeof(float));
  f.wire.pulls.at(0).done(std::move(answer));
  CHECK(rows[0] == 11);
  CHECK(rows[kHalf] == 10);
  ReceivedPayload& payload = *f.replies.at(0).payload;
  SECTION("there") {
    REQUIRE(payload.Read(&rows[kHalf], kHalf * sizeof(float)));
    REQUIRE(payload.Read(&rows[0], kHalf * sizeof(float)));
    CHECK_FALSE(payload.Read(&rows[0], 1));
    CHECK(rows[kHalf] == 10);
  }
  SECTION("or elsewhere, if the rows have moved meanwhile, also across pieces") {
    TensorFloats moved(kFloats);
    REQUIRE(payload.Read(&moved[0], (kHalf + 1) * sizeof(float)));
    REQUIRE(payload.Read(&moved[kHalf + 1], (kHalf - 1) * sizeof(float)));
    CHECK(moved[kHalf - 1] == 10);
    CHECK(moved[kHalf] == 11);
    CHECK(moved[kFloats - 1] == 11);
  }
}

TEST_CASE("what comes with rows that lie in tensors is read from the arena") {
  Host host;
  Fixture f(host.name());
  TensorFloats rows(kFloats, 1);
  TensorFloats bias(8, 1);
  PullFrame frame;
  frame.reply_bytes = (kFloats + 8) * sizeof(float);
  frame.places = {absl::MakeSpan(bias), absl::MakeSpan(rows)};
  f.client->Pull(frame, absl::Seconds(1), [&](absl::StatusOr<PullReply> answer) {
    REQUIRE_OK(answer.status());
    f.replies.push_back(*std::move(answer));
  });
  const v1::PullRequest& sent = f.wire.pulls.at(0).frame.header;
  REQUIRE(sent.reply_space_size() == 2);
  CHECK(sent.reply_space(0).arena() == 1);
  CHECK(sent.reply_space(0).size() == 8 * sizeof(float));
  const TensorFloats fives(8, 5);
  std::memcpy(const_cast<uint8_t*>(host.At(sent.reply_space(0))), fives.data(), 32);
  PullReply answer;
  answer.header.set_in_reply_space(frame.reply_bytes);
  f.wire.pulls.at(0).done(std::move(answer));
  REQUIRE(f.replies.at(0).payload->Read(bias.data(), 32));
  CHECK(bias == fives);
  CHECK(f.replies[0].payload->Read(rows.data(), kFloats * sizeof(float)));
}

}  // namespace
}  // namespace paceline::worker
