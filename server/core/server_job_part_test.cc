// Pushes and pulls that carry a part of the values: topk, onebit, delta.
#include <catch2/catch.hpp>
#include <cmath>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "common/codec/codec.h"
#include "common/codec/indexed_values.h"
#include "common/refusal/refusal.h"
#include "common/status/status_matchers.h"
#include "server/core/job_testing.h"
#include "server/core/server_job.h"

namespace paceline::server {
namespace {

using testing::Context;
using testing::DensePull;
using testing::DenseTable;
using testing::Floats;
using testing::Frame;
using testing::KeyOfShard;
using testing::KeysOfShards;
using testing::OpenedJob;
using testing::OpenJob;
using testing::OpenRanks;
using testing::PinOf;
using testing::PullNow;
using testing::PushNow;
using testing::ServeOrder;
using testing::SparseTable;
using v1::Refusal;

constexpr testing::Policy kBsp = {.policy = v1::POLICY_BSP};
constexpr testing::Policy kSsp = {.policy = v1::POLICY_SSP, .staleness = 2};
constexpr testing::Policy kAsp = {.policy = v1::POLICY_ASP};
constexpr uint64_t kRows = 100;

std::vector<v1::TableSpec> Tables() { return {DenseTable("a", kRows, 1), SparseTable("s", 1)}; }

// Shard 0's update by topk.
Frame TopK(uint32_t rank, uint64_t t, const std::vector<uint32_t>& indices,
           const std::vector<float>& values) {
  Frame frame = Frame(rank, 1, t).Dense(0, kRows, {});
  frame.header().mutable_blocks(0)->set_codec(v1::CODEC_TOPK);
  frame.header().mutable_blocks(0)->set_kept(indices.size());
  frame.bytes().append(reinterpret_cast<const char*>(indices.data()), 4 * indices.size());
  frame.bytes().append(reinterpret_cast<const char*>(values.data()), 4 * values.size());
  return frame.Last({0});
}

std::vector<float> Exact(ServerJob& job, uint32_t rank, uint64_t t) {
  const auto answer = PullNow(job, DensePull(rank, 1, t, {0}));
  REQUIRE(answer->reply.has_value());
  REQUIRE_OK(answer->reply->status());
  return Floats((*answer->reply)->payload);
}

// A rank that pulls by delta.
struct Puller {
  uint32_t rank = 0;
  uint64_t base = 0;
  std::vector<float> rows = std::vector<float>(kRows, -1);
  uint64_t deltas = 0;

  v1::PullRequest Request(uint64_t t) const {
    v1::PullRequest request = DensePull(rank, 1, t, {0});
    request.mutable_blocks(0)->set_codec(v1::CODEC_DELTA);
    request.mutable_blocks(0)->set_base(base);
    return request;
  }

  void Take(const PullReply& reply) {
    const v1::PulledBlock& block = reply.header.blocks(0);
    CHECK(block.rows() == kRows);
    if (block.codec() == v1::CODEC_DELTA) {
      ++deltas;
      REQUIRE(reply.payload.size() == IndexedBytes(block.changed()));
      CHECK(reply.payload.size() < kRows * 2);
      const std::string bytes = reply.payload.ToString();
      REQUIRE(ReadIndexed(bytes.data(), block.changed(), absl::MakeSpan(rows)));
    } else {
      CHECK(block.codec() == v1::CODEC_FLOAT32);
      rows = Floats(reply.payload);
    }
    base = block.state() + 1;
  }

  void Pull(ServerJob& job, uint64_t t) {
    const auto answer = PullNow(job, Request(t));
    REQUIRE(answer->reply.has_value());
    REQUIRE_OK(answer->reply->status());
    Take(**answer->reply);
  }
};

TEST_CASE("topk changes the values that came, onebit all of them") {
  const OpenedJob opened = OpenJob(ServeOrder(kAsp, 1, Tables()));
  ServerJob& job = *opened.job;
  OpenRanks(job, 1);
  REQUIRE_OK(PushNow(job, TopK(0, 0, {3, 99}, {1.5f, -2})).status());
  std::vector<float> want(kRows, 0);
  want[3] = 1.5f;
  want[99] = -2;
  CHECK(Exact(job, 0, 1) == want);
  // The identical frame again counts nothing.
  REQUIRE_OK_AND_ASSIGN(const v1::PushResponse again,
                        PushNow(job, TopK(0, 0, {3, 99}, {1.5f, -2})));
  CHECK(again.duplicates() > 0);
  REQUIRE_OK(PushNow(job, TopK(0, 1, {}, {})).status());
  CHECK(Exact(job, 0, 2) == want);

  std::vector<float> gradient(kRows, 2);
  gradient[7] = -1;
  Frame signs = Frame(0, 1, 2).Dense(0, kRows, {});
  signs.header().mutable_blocks(0)->set_codec(v1::CODEC_ONEBIT);
  signs.bytes().resize(EncodedBytes(v1::CODEC_ONEBIT, kRows));
  Encode(v1::CODEC_ONEBIT, gradient, signs.bytes().data());
  REQUIRE_OK(PushNow(job, signs.Last({0})).status());
  for (uint64_t i = 0; i < kRows; ++i) want[i] += gradient[i];
  CHECK(Exact(job, 0, 3) == want);
}

TEST_CASE("parts that cannot be are refused and change nothing") {
  const v1::ServerJobOrder order = ServeOrder(kAsp, 1, Tables());
  const OpenedJob opened = OpenJob(order);
  ServerJob& job = *opened.job;
  OpenRanks(job, 1);
  const KeyOfShard key = KeysOfShards(order.map(), 1, 1)[0];
  Frame sparse = Frame(0, 1, 0).Sparse(key.shard, {key.key}, {1}).Last({key.shard});
  sparse.header().mutable_blocks(0)->set_codec(v1::CODEC_TOPK);
  Frame delta = TopK(0, 0, {1}, {1});
  delta.header().mutable_blocks(0)->set_codec(v1::CODEC_DELTA);
  Frame short_bits = Frame(0, 1, 0).Dense(0, kRows, {1}).Last({0});
  short_bits.header().mutable_blocks(0)->set_codec(v1::CODEC_ONEBIT);
  Frame too_many = TopK(0, 0, {1}, {1});
  too_many.header().mutable_blocks(0)->set_kept(UINT64_MAX / 2);
  Frame too_few = TopK(0, 0, {1}, {1});
  too_few.header().mutable_blocks(0)->set_kept(2);
  struct Case {
    std::string what;
    Frame frame;
    Refusal::Kind kind;
  };
  const std::vector<Case> cases = {
      {"topk of a sparse table", sparse, Refusal::UNKNOWN_CODEC},
      {"a push by delta", delta, Refusal::UNKNOWN_CODEC},
      {"onebit is short", short_bits, Refusal::INVALID},
      {"more kept than there are", too_many, Refusal::INVALID},
      {"more kept than bytes", too_few, Refusal::INVALID},
      {"not ascending", TopK(0, 0, {2, 1}, {1, 1}), Refusal::INVALID},
      {"twice", TopK(0, 0, {1, 1}, {1, 1}), Refusal::INVALID},
      {"too far", TopK(0, 0, {kRows}, {1}), Refusal::INVALID},
      {"not finite", TopK(0, 0, {1}, {INFINITY}), Refusal::NON_FINITE},
  };
  for (const Case& wrong : cases) {
    INFO(wrong.what);
    CHECK(RefusalKindOf(PushNow(job, wrong.frame).status()) == wrong.kind);
  }
  CHECK(Exact(job, 0, 0) == std::vector<float>(kRows, 0));

  v1::PullRequest topk = DensePull(0, 1, 0, {0});
  topk.mutable_blocks(0)->set_codec(v1::CODEC_TOPK);
  CHECK(RefusalKindOf(PullNow(job, topk)->reply->status()) == Refusal::UNKNOWN_CODEC);
  v1::PullRequest keys = DensePull(0, 1, 0, {key.shard});
  keys.mutable_blocks(0)->set_codec(v1::CODEC_DELTA);
  CHECK(RefusalKindOf(PullNow(job, keys)->reply->status()) == Refusal::UNKNOWN_CODEC);
  v1::PullRequest pinned = Puller{}.Request(0);
  pinned.set_pin(job.Pin(PinOf(0, 1, 0))->pin());
  CHECK(RefusalKindOf(PullNow(job, pinned)->reply->status()) == Refusal::INVALID);
}

TEST_CASE("a pull by delta brings what has changed since the rank's last one") {
  const OpenedJob opened = OpenJob(ServeOrder(kAsp, 2, Tables()));
  ServerJob& job = *opened.job;
  OpenRanks(job, 2);
  Puller puller;
  puller.Pull(job, 0);
  CHECK(puller.deltas == 0);
  REQUIRE_OK(PushNow(job, TopK(1, 0, {3, 99}, {1.5f, -2})).status());
  // A read of another kind, or by another rank, is not in the way.
  Exact(job, 0, 0);
  Puller other{.rank = 1};
  other.Pull(job, 1);
  puller.Pull(job, 0);
  CHECK(puller.deltas == 1);
  CHECK(puller.rows == Exact(job, 0, 0));
  // Nothing has changed.
  puller.Pull(job, 0);
  CHECK(puller.deltas == 2);
  // Too much has.
  REQUIRE_OK(PushNow(job, Frame(1, 1, 1).Dense(0, kRows, std::vector<float>(kRows, 1)).Last({0}))
                 .status());
  puller.Pull(job, 0);
  CHECK(puller.deltas == 2);
  CHECK(puller.rows == Exact(job, 0, 0));
  // The rank is opened again: its base is gone.
  const uint64_t with_base = opened.memory->used();
  REQUIRE_OK(job.OpenRank(Context(0, 1, 0)).status());
  CHECK(opened.memory->used() == with_base - kRows * sizeof(float));
  puller.Pull(job, 0);
  CHECK(puller.deltas == 2);
  // And when it finishes.
  CHECK(opened.memory->used() == with_base);
  REQUIRE_OK(PushNow(job, Frame(0, 1, 0).Finish()).status());
  CHECK(opened.memory->used() == with_base - kRows * sizeof(float));
}

TEST_CASE("whatever is pushed, lost and repeated, a rank that pulls by delta holds the rows") {
  for (const testing::Policy& policy : {kBsp, kSsp, kAsp}) {
    const OpenedJob opened = OpenJob(ServeOrder(policy, 2, Tables()));
    ServerJob& job = *opened.job;
    OpenRanks(job, 2);
    std::vector<Puller> pullers = {{.rank = 0}, {.rank = 1}};
    std::vector<uint64_t> t = {0, 0};
    std::mt19937 random(11);
    std::optional<v1::PullRequest> late;
    for (int step = 0; step < 600; ++step) {
      if (late.has_value() && random() % 3 == 0) {
        const auto nobody_hears = PullNow(job, *std::exchange(late, std::nullopt));
        if (!nobody_hears->reply.has_value()) job.Cancel(*nobody_hears->ticket);
      }
      const uint32_t rank = random() % 2;
      Puller& puller = pullers[rank];
      const auto answer = PullNow(job, puller.Request(t[rank]));
      if (!answer->reply.has_value()) {
        job.Cancel(*answer->ticket);
        continue;
      }
      REQUIRE_OK(answer->reply->status());
      const int fate = static_cast<int>(random() % 10);
      if (fate == 0) continue;                        // the answer is lost
      if (fate == 1) late = puller.Request(t[rank]);  // a copy of the call is still on its way
      puller.Take(**answer->reply);
      CHECK(puller.rows == Exact(job, rank, t[rank]));
      if (fate == 2) {
        REQUIRE_OK(job.OpenRank(Context(rank, 1, 0)).status());
        if (random() % 2 == 0) puller.base = 0;
      }
      if (fate == 3) continue;  // reads again
      const bool all = random() % 10 == 0;
      const uint32_t first = random() % 90;
      REQUIRE_OK(PushNow(job, all ? Frame(rank, 1, t[rank])
                                        .Dense(0, kRows, std::vector<float>(kRows, 0.5f))
                                        .Last({0})
                                  : TopK(rank, t[rank], {first, first + 5}, {1, -1}))
                     .status());
      ++t[rank];
    }
    CAPTURE(v1::Policy_Name(policy.policy));
    CHECK(pullers[0].deltas > 50);
    CHECK(t[0] > 50);
  }
}

}  // namespace
}  // namespace paceline::server
