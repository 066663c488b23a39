// Pulls, pins and what ends them. Pushes: server_job_test.cc.
#include <catch2/catch.hpp>
#include <memory>
#include <string>
#include <vector>

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
using testing::KeyBytes;
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
constexpr testing::Policy kAsp = {.policy = v1::POLICY_ASP};

// Shards: a and b of two rows of one value each, then the 64 buckets of s.
std::vector<v1::TableSpec> Tables() {
  return {DenseTable("a", 2, 1), DenseTable("b", 2, 1), SparseTable("s", 1)};
}

TEST_CASE("pulls are checked too") {
  const v1::ServerJobOrder order = ServeOrder(kAsp, 1, Tables());
  const OpenedJob opened = OpenJob(order);
  ServerJob& job = *opened.job;
  OpenRanks(job, 1);
  const std::vector<KeyOfShard> keys = KeysOfShards(order.map(), 2, 2);
  v1::PullRequest codec = DensePull(0, 1, 0, {0});
  codec.mutable_blocks(0)->clear_codec();
  v1::PullRequest sparse = DensePull(0, 1, 0, {keys[0].shard});
  sparse.mutable_blocks(0)->set_keys(1);
  v1::PullRequest huge = sparse;
  huge.mutable_blocks(0)->set_keys(UINT64_MAX);
  v1::PullRequest dense_keys = DensePull(0, 1, 0, {0});
  dense_keys.mutable_blocks(0)->set_keys(1);
  v1::PullRequest no_pin = DensePull(0, 1, 0, {0});
  no_pin.set_pin(5);
  struct Case {
    std::string what;
    v1::PullRequest request;
    std::string keys;
    Refusal::Kind kind;
  };
  const std::vector<Case> cases = {
      {"codec", codec, "", Refusal::UNKNOWN_CODEC},
      {"no blocks", DensePull(0, 1, 0, {}), "", Refusal::INVALID},
      {"unknown shard", DensePull(0, 1, 0, {99}), "", Refusal::INVALID},
      {"twice", DensePull(0, 1, 0, {0, 0}), "", Refusal::INVALID},
      {"keys of a dense shard", dense_keys, KeyBytes({1}), Refusal::INVALID},
      {"key of another bucket", sparse, KeyBytes({keys[1].key}), Refusal::INVALID},
      {"missing keys", sparse, "", Refusal::INVALID},
      {"overflow", huge, KeyBytes({keys[0].key}), Refusal::INVALID},
      {"trailing bytes", DensePull(0, 1, 0, {0}), "x", Refusal::INVALID},
      {"no such pin", no_pin, "", Refusal::INVALID},
      {"incarnation", DensePull(0, 9, 0, {0}), "", Refusal::RANK_NOT_OPEN},
  };
  for (const Case& c : cases) {
    INFO(c.what);
    const auto answer = PullNow(job, c.request, c.keys);
    REQUIRE(answer->reply.has_value());
    CHECK_FALSE(answer->ticket.has_value());
    CHECK(RefusalKindOf(answer->reply->status()) == c.kind);
  }
}

TEST_CASE("a parked pull expires with the reason, or is cancelled, once") {
  const OpenedJob opened = OpenJob(ServeOrder(kBsp, 2, Tables()));
  ServerJob& job = *opened.job;
  OpenRanks(job, 2);
  REQUIRE_OK(PushNow(job, Frame(0, 1, 0).Last({})));
  const auto expires = PullNow(job, DensePull(0, 1, 1, {1}));
  const auto cancelled = PullNow(job, DensePull(0, 1, 1, {0, 1}));
  REQUIRE(expires->ticket.has_value());
  REQUIRE(cancelled->ticket.has_value());
  job.Expire(*expires->ticket);
  job.Expire(*expires->ticket);
  REQUIRE(expires->reply.has_value());
  const absl::Status status = expires->reply->status();
  CHECK(RefusalKindOf(status) == Refusal::NOT_YET);
  CHECK(RefusalOf(status)->slowest_rank() == 1);
  CHECK(status.message() == "shard 1: waits for rank 1 at iteration 0");
  job.Cancel(*cancelled->ticket);
  job.Cancel(*cancelled->ticket);
  REQUIRE(cancelled->reply.has_value());
  CHECK(absl::IsCancelled(cancelled->reply->status()));
  CHECK(job.parked_pulls() == 0);
  // Completing the round finds nobody waiting.
  REQUIRE_OK(PushNow(job, Frame(1, 1, 0).Last({})));
}

TEST_CASE("closing ends what waits and refuses what comes") {
  const OpenedJob opened = OpenJob(ServeOrder(kBsp, 2, Tables()));
  ServerJob& job = *opened.job;
  OpenRanks(job, 2);
  REQUIRE_OK(PushNow(job, Frame(0, 1, 0).Last({})));
  const auto waits = PullNow(job, DensePull(0, 1, 1, {0}));
  job.Close();
  REQUIRE(waits->reply.has_value());
  CHECK(RefusalKindOf(waits->reply->status()) == Refusal::UNKNOWN_JOB);
  CHECK(RefusalKindOf(PushNow(job, Frame(1, 1, 0).Last({})).status()) == Refusal::UNKNOWN_JOB);
  CHECK(RefusalKindOf(job.OpenRank(Context(0, 2, 0)).status()) == Refusal::UNKNOWN_JOB);
  CHECK(RefusalKindOf(job.Pin(PinOf(0, 1, 0)).status()) == Refusal::UNKNOWN_JOB);
}

TEST_CASE("a new incarnation takes over where the old one was") {
  const OpenedJob opened = OpenJob(ServeOrder(kBsp, 2, Tables()));
  ServerJob& job = *opened.job;
  OpenRanks(job, 2);
  REQUIRE_OK(PushNow(job, Frame(0, 1, 0).Dense(0, 2, {1, 1}).Last({0})));
  const auto waits = PullNow(job, DensePull(0, 1, 1, {0}));
  REQUIRE_OK_AND_ASSIGN(const v1::PinResponse pin, job.Pin(PinOf(0, 1, 0)));
  REQUIRE_OK_AND_ASSIGN(const v1::OpenRankResponse open, job.OpenRank(Context(0, 2, 0)));
  CHECK(open.progress() == 1);
  CHECK_FALSE(open.finished());
  REQUIRE(waits->reply.has_value());
  CHECK(RefusalKindOf(waits->reply->status()) == Refusal::STALE_INCARNATION);
  CHECK(RefusalOf(waits->reply->status())->expected() == 2);
  CHECK(RefusalOf(waits->reply->status())->got() == 1);
  CHECK(RefusalKindOf(PushNow(job, Frame(0, 1, 1).Last({})).status()) ==
        Refusal::STALE_INCARNATION);
  // Its pin went with it.
  v1::PullRequest pinned = DensePull(0, 2, 0, {0});
  pinned.set_pin(pin.pin());
  CHECK(RefusalKindOf(PullNow(job, pinned)->reply->status()) == Refusal::INVALID);
  // The push that the old one had made counts once.
  REQUIRE_OK_AND_ASSIGN(const v1::PushResponse again,
                        PushNow(job, Frame(0, 2, 0).Dense(0, 2, {1, 1}).Last({0})));
  CHECK(again.duplicates() == 66);
}

TEST_CASE("a pin holds the rows as they were") {
  const v1::ServerJobOrder order = ServeOrder(kAsp, 2, Tables());
  const OpenedJob opened = OpenJob(order);
  ServerJob& job = *opened.job;
  OpenRanks(job, 2);
  const KeyOfShard key = KeysOfShards(order.map(), 2, 1)[0];
  REQUIRE_OK(PushNow(
      job,
      Frame(0, 1, 0).Dense(0, 2, {1, 1}).Sparse(key.shard, {key.key}, {5}).Last({0, key.shard})));
  REQUIRE_OK_AND_ASSIGN(const v1::PinResponse pin, job.Pin(PinOf(0, 1, 0)));
  REQUIRE_OK(PushNow(
      job,
      Frame(0, 1, 1).Dense(0, 2, {1, 1}).Sparse(key.shard, {key.key}, {5}).Last({0, key.shard})));
  v1::PullRequest request = DensePull(0, 1, 99, {0, key.shard});
  request.mutable_blocks(1)->set_keys(1);
  request.set_pin(pin.pin());
  const auto pinned = PullNow(job, request, KeyBytes({key.key}));
  REQUIRE(pinned->reply.has_value());
  REQUIRE_OK(*pinned->reply);
  CHECK(Floats((*pinned->reply)->payload) == std::vector<float>{1, 1, 5});
  v1::UnpinRequest unpin;
  unpin.set_pin(pin.pin());
  *unpin.mutable_context() = Context(1, 1, 0);
  CHECK(RefusalKindOf(job.Unpin(unpin).status()) == Refusal::INVALID);
  *unpin.mutable_context() = Context(0, 1, 0);
  REQUIRE_OK(job.Unpin(unpin));
  REQUIRE_OK(job.Unpin(unpin));
  CHECK(RefusalKindOf(PullNow(job, request, KeyBytes({key.key}))->reply->status()) ==
        Refusal::INVALID);
}

TEST_CASE("a rank holds one pin, whatever is lost of its calls") {
  const OpenedJob opened = OpenJob(ServeOrder(kAsp, 2, Tables()));
  ServerJob& job = *opened.job;
  OpenRanks(job, 2);
  const auto read = [&](uint64_t pin) {
    v1::PullRequest request = DensePull(0, 1, 0, {0});
    request.set_pin(pin);
    return *PullNow(job, request)->reply;
  };
  REQUIRE_OK_AND_ASSIGN(const v1::PinResponse first, job.Pin(PinOf(0, 1, 0, 1)));
  REQUIRE_OK(PushNow(job, Frame(0, 1, 0).Dense(0, 2, {1, 1}).Last({0})));
  // The answer was lost: the state is still that of the first call.
  REQUIRE_OK_AND_ASSIGN(const v1::PinResponse again, job.Pin(PinOf(0, 1, 0, 1)));
  CHECK(again.pin() == first.pin());
  REQUIRE_OK_AND_ASSIGN(const PullReply before, read(again.pin()));
  CHECK(Floats(before.payload) == std::vector<float>{0, 0});

  // Its Unpin was lost: the next takes its place. More of them than a shard can hold.
  const uint64_t with_one = opened.memory->used();
  uint64_t last = first.pin();
  for (uint64_t number = 2; number < 2 + 2 * kMaxPins; ++number) {
    REQUIRE_OK_AND_ASSIGN(const v1::PinResponse next, job.Pin(PinOf(0, 1, 1, number)));
    CHECK(RefusalKindOf(read(last).status()) == Refusal::INVALID);
    last = next.pin();
    CHECK(opened.memory->used() == with_one);
  }
  REQUIRE_OK_AND_ASSIGN(const PullReply after, read(last));
  CHECK(Floats(after.payload) == std::vector<float>{1, 1});

  // A call that comes late takes nothing away, neither before the Unpin nor after it.
  CHECK(RefusalKindOf(job.Pin(PinOf(0, 1, 0, 1)).status()) == Refusal::INVALID);
  REQUIRE_OK(read(last));
  v1::UnpinRequest unpin;
  unpin.set_pin(last);
  *unpin.mutable_context() = Context(0, 1, 0);
  REQUIRE_OK(job.Unpin(unpin));
  CHECK(RefusalKindOf(job.Pin(PinOf(0, 1, 1, 2 * kMaxPins + 1)).status()) == Refusal::INVALID);
  CHECK(opened.memory->used() <= with_one);

  // A client without numbers: as the latest.
  REQUIRE_OK_AND_ASSIGN(const v1::PinResponse plain, job.Pin(PinOf(0, 1, 1)));
  REQUIRE_OK_AND_ASSIGN(const v1::PinResponse newer, job.Pin(PinOf(0, 1, 1)));
  CHECK(RefusalKindOf(read(plain.pin()).status()) == Refusal::INVALID);
  REQUIRE_OK(read(newer.pin()));
}

TEST_CASE("pins and parked pulls have limits") {
  v1::ServerJobOrder order = ServeOrder(kBsp, kMaxPins + 1, Tables());
  MemoryBudget memory(0, "--memory-limit");
  MemoryBudget fold(0, "--fold-limit");
  ServerJob::Options options;
  options.order = order;
  options.node_id = 1;
  options.node_incarnation = testing::kNodeIncarnation;
  options.memory = &memory;
  options.fold = &fold;
  options.max_parked_pulls = 1;
  REQUIRE_OK_AND_ASSIGN(const std::shared_ptr<ServerJob> job, ServerJob::Open(options));
  OpenRanks(*job, kMaxPins + 1);
  for (uint32_t rank = 0; rank < kMaxPins; ++rank) REQUIRE_OK(job->Pin(PinOf(rank, 1, 0)));
  CHECK(RefusalKindOf(job->Pin(PinOf(kMaxPins, 1, 0)).status()) == Refusal::LIMIT);
  const auto first = PullNow(*job, DensePull(0, 1, 1, {0}));
  CHECK(first->ticket.has_value());
  const auto second = PullNow(*job, DensePull(0, 1, 1, {0}));
  REQUIRE(second->reply.has_value());
  CHECK(RefusalKindOf(second->reply->status()) == Refusal::LIMIT);
}

TEST_CASE("measured staleness is the distance to the version that was read") {
  const OpenedJob opened = OpenJob(ServeOrder(kAsp, 2, Tables()));
  ServerJob& job = *opened.job;
  OpenRanks(job, 2);
  for (uint64_t t = 0; t < 3; ++t) {
    REQUIRE(PullNow(job, DensePull(0, 1, t, {0}))->reply.has_value());
    REQUIRE_OK(PushNow(job, Frame(0, 1, t).Dense(0, 2, {1, 1}).Last({0})));
  }
  v1::ServerJobReport report;
  job.FillReport(&report);
  // Rank 1 has pushed nothing: every version read was 0.
  CHECK(report.staleness_count() == 3);
  CHECK(report.staleness_sum() == 3);
  CHECK(report.staleness_max() == 2);
}

}  // namespace
}  // namespace paceline::server
