#include "server/core/server_job.h"

#include <catch2/catch.hpp>
#include <limits>
#include <memory>
#include <string>
#include <vector>

#include "common/refusal/refusal.h"
#include "common/status/status_matchers.h"
#include "server/core/job_testing.h"

namespace paceline::server {
namespace {

using testing::DensePull;
using testing::DenseTable;
using testing::Floats;
using testing::Frame;
using testing::KeyOfShard;
using testing::KeysOfShards;
using testing::OpenedJob;
using testing::OpenJob;
using testing::OpenRanks;
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

TEST_CASE("a push is applied once, its repeats are counted") {
  const OpenedJob opened = OpenJob(ServeOrder(kAsp, 1, Tables()));
  ServerJob& job = *opened.job;
  OpenRanks(job, 1);
  const Frame push = Frame(0, 1, 0).Dense(0, 2, {1, 2}).Last({0});
  REQUIRE_OK_AND_ASSIGN(const v1::PushResponse first, PushNow(job, push));
  CHECK(first.duplicates() == 0);
  REQUIRE_OK_AND_ASSIGN(const v1::PushResponse second, PushNow(job, push));
  CHECK(second.duplicates() == 66);
  const auto answer = PullNow(job, DensePull(0, 1, 1, {0, 1}));
  REQUIRE(answer->reply.has_value());
  REQUIRE_OK(*answer->reply);
  CHECK(Floats((*answer->reply)->payload) == std::vector<float>{1, 2, 0, 0});
  CHECK((*answer->reply)->header.blocks(0).rows() == 2);
  CHECK((*answer->reply)->header.blocks(0).version() == 1);
  v1::ServerJobReport report;
  job.FillReport(&report);
  CHECK(report.duplicates_dropped() == 66);
  CHECK(report.bytes_pulled() == 16);
  CHECK(report.bytes_pushed() == 16);
  CHECK(report.progress(0) == 1);
}

TEST_CASE("frames of a push come in any order, and not all of them") {
  const OpenedJob opened = OpenJob(ServeOrder(kAsp, 1, Tables()));
  ServerJob& job = *opened.job;
  OpenRanks(job, 1);
  const Frame first = Frame(0, 1, 0).Dense(0, 2, {1, 1});
  const Frame last = Frame(0, 1, 0).Dense(1, 2, {5, 5}).Last({0, 1});
  REQUIRE_OK(PushNow(job, last));
  v1::ServerJobReport report;
  job.FillReport(&report);
  // Shard 0 has not had its part.
  CHECK(report.progress(0) == 0);
  const Frame next = Frame(0, 1, 1).Dense(0, 2, {7, 7}).Last({0});
  const absl::Status early = PushNow(job, next).status();
  CHECK(RefusalKindOf(early) == Refusal::OUT_OF_ORDER);
  CHECK(RefusalOf(early)->expected() == 0);
  CHECK(RefusalOf(early)->got() == 1);
  REQUIRE_OK(PushNow(job, first));
  // The rest of the early frame was taken by no shard but is not lost: it is sent again.
  REQUIRE_OK(PushNow(job, next));
  const auto answer = PullNow(job, DensePull(0, 1, 2, {0, 1}));
  REQUIRE(answer->reply.has_value());
  CHECK(Floats((*answer->reply)->payload) == std::vector<float>{8, 8, 5, 5});
}

TEST_CASE("a frame is checked whole before any of it is applied") {
  const v1::ServerJobOrder order = ServeOrder(kAsp, 1, Tables());
  const OpenedJob opened = OpenJob(order);
  ServerJob& job = *opened.job;
  OpenRanks(job, 1);
  const std::vector<KeyOfShard> keys = KeysOfShards(order.map(), 2, 2);
  const uint32_t sparse = keys[0].shard;
  struct Case {
    std::string what;
    Frame frame;
    Refusal::Kind kind;
  };
  Frame codec = Frame(0, 1, 0).Dense(0, 2, {1, 1});
  codec.header().mutable_blocks(0)->set_codec(static_cast<v1::Codec>(9));
  Frame truncated = Frame(0, 1, 0).Dense(0, 2, {1, 1}).Dense(1, 2, {1, 1});
  truncated.bytes().resize(15);
  Frame trailing = Frame(0, 1, 0).Dense(0, 2, {1, 1});
  trailing.bytes() += "x";
  Frame huge = Frame(0, 1, 0).Sparse(sparse, {keys[0].key}, {1});
  huge.header().mutable_blocks(0)->set_rows(UINT64_MAX);
  Frame touched_early = Frame(0, 1, 0).Dense(0, 2, {1, 1});
  touched_early.header().add_touched(0);
  Frame finish_early = Frame(0, 1, 0);
  finish_early.header().set_finish(true);
  const std::vector<Case> cases = {
      {"codec", codec, Refusal::UNKNOWN_CODEC},
      {"unknown shard", Frame(0, 1, 0).Dense(99, 2, {1, 1}), Refusal::INVALID},
      {"rows", Frame(0, 1, 0).Dense(0, 2, {1, 1}).Dense(1, 1, {1}), Refusal::INVALID},
      {"truncated", truncated, Refusal::INVALID},
      {"trailing bytes", trailing, Refusal::INVALID},
      {"overflow", huge, Refusal::INVALID},
      {"twice", Frame(0, 1, 0).Dense(0, 2, {1, 1}).Dense(0, 2, {1, 1}), Refusal::INVALID},
      {"keys descend",
       Frame(0, 1, 0).Dense(0, 2, {1, 1}).Sparse(sparse, {keys[0].key, keys[0].key}, {1, 1}),
       Refusal::INVALID},
      {"key of another bucket",
       Frame(0, 1, 0).Dense(0, 2, {1, 1}).Sparse(sparse, {keys[1].key}, {1}), Refusal::INVALID},
      {"not in touched", Frame(0, 1, 0).Dense(0, 2, {1, 1}).Last({1}), Refusal::INVALID},
      {"unknown touched", Frame(0, 1, 0).Dense(0, 2, {1, 1}).Last({0, 99}), Refusal::INVALID},
      {"touched before the last frame", touched_early, Refusal::INVALID},
      {"finish before the last frame", finish_early, Refusal::INVALID},
      {"finish with blocks", Frame(0, 1, 0).Dense(0, 2, {1, 1}).Finish(), Refusal::INVALID},
      {"incarnation", Frame(0, 2, 0).Dense(0, 2, {1, 1}), Refusal::RANK_NOT_OPEN},
  };
  for (const Case& c : cases) {
    INFO(c.what);
    const absl::Status status = PushNow(job, c.frame).status();
    INFO(status.ToString());
    CHECK(RefusalKindOf(status) == c.kind);
  }
  v1::ServerJobReport report;
  job.FillReport(&report);
  CHECK(report.pushes_refused() == cases.size());
  // Nothing was applied.
  const auto answer = PullNow(job, DensePull(0, 1, 0, {0, 1}));
  REQUIRE(answer->reply.has_value());
  CHECK(Floats((*answer->reply)->payload) == std::vector<float>{0, 0, 0, 0});
  CHECK(report.progress(0) == 0);
}

TEST_CASE("bsp: a round is applied when all are in; a pull waits for it") {
  const OpenedJob opened = OpenJob(ServeOrder(kBsp, 2, Tables()));
  ServerJob& job = *opened.job;
  OpenRanks(job, 2);
  REQUIRE_OK(PushNow(job, Frame(1, 1, 0).Dense(0, 2, {1, 2}).Last({0})));
  const auto waits = PullNow(job, DensePull(1, 1, 1, {0, 1}));
  REQUIRE(waits->ticket.has_value());
  CHECK(job.parked_pulls() == 1);
  // The other rank reads the state before the round.
  const auto before = PullNow(job, DensePull(0, 1, 0, {0}));
  REQUIRE(before->reply.has_value());
  CHECK(Floats((*before->reply)->payload) == std::vector<float>{0, 0});
  REQUIRE_OK(PushNow(job, Frame(0, 1, 0).Dense(0, 2, {10, 20}).Last({0})));
  REQUIRE(waits->reply.has_value());
  REQUIRE_OK(*waits->reply);
  CHECK(Floats((*waits->reply)->payload) == std::vector<float>{11, 22, 0, 0});
  CHECK((*waits->reply)->header.blocks(0).version() == 1);
  CHECK(job.parked_pulls() == 0);
  // Round 0 is over, and its readers are still served; those before are not.
  const auto late = PullNow(job, DensePull(0, 1, 0, {0}));
  REQUIRE(late->reply.has_value());
  CHECK(Floats((*late->reply)->payload) == std::vector<float>{0, 0});
  for (const uint32_t rank : {0, 1}) REQUIRE_OK(PushNow(job, Frame(rank, 1, 1).Last({})));
  const auto gone = PullNow(job, DensePull(0, 1, 0, {0}));
  REQUIRE(gone->reply.has_value());
  CHECK(RefusalKindOf(gone->reply->status()) == Refusal::OUT_OF_ORDER);
}

TEST_CASE("bsp: a shard takes the next round only after it applied this one") {
  const OpenedJob opened = OpenJob(ServeOrder(kBsp, 2, Tables()));
  ServerJob& job = *opened.job;
  OpenRanks(job, 2);
  REQUIRE_OK(PushNow(job, Frame(0, 1, 0).Last({})));
  const absl::Status status = PushNow(job, Frame(0, 1, 1).Last({})).status();
  CHECK(RefusalKindOf(status) == Refusal::NOT_YET);
  CHECK(RefusalOf(status)->slowest_rank() == 1);
  CHECK_THAT(std::string(status.message()), Catch::Contains("waits for rank 1 at iteration 0"));
  REQUIRE_OK(PushNow(job, Frame(1, 1, 0).Last({})));
  REQUIRE_OK(PushNow(job, Frame(0, 1, 1).Last({})));
}

TEST_CASE("bsp: early pushes beyond the budget come again") {
  const OpenedJob opened = OpenJob(ServeOrder(kBsp, 3, Tables()), 0, 8);
  ServerJob& job = *opened.job;
  OpenRanks(job, 3);
  REQUIRE_OK(PushNow(job, Frame(2, 1, 0).Dense(0, 2, {4, 4}).Last({0})));
  const Frame second = Frame(1, 1, 0).Dense(0, 2, {2, 2}).Last({0});
  CHECK(RefusalKindOf(PushNow(job, second).status()) == Refusal::NOT_YET);
  REQUIRE_OK(PushNow(job, Frame(0, 1, 0).Dense(0, 2, {1, 1}).Last({0})));
  REQUIRE_OK(PushNow(job, second));
  const auto answer = PullNow(job, DensePull(0, 1, 1, {0}));
  REQUIRE(answer->reply.has_value());
  CHECK(Floats((*answer->reply)->payload) == std::vector<float>{7, 7});
}

TEST_CASE("a rank finishes in order, once, and leaves the minimum") {
  const OpenedJob opened = OpenJob(ServeOrder(kBsp, 2, Tables()));
  ServerJob& job = *opened.job;
  OpenRanks(job, 2);
  CHECK(RefusalKindOf(PushNow(job, Frame(0, 1, 1).Finish()).status()) == Refusal::OUT_OF_ORDER);
  REQUIRE_OK(PushNow(job, Frame(0, 1, 0).Dense(0, 2, {1, 1}).Last({0})));
  CHECK(RefusalKindOf(PushNow(job, Frame(0, 1, 0).Finish()).status()) == Refusal::OUT_OF_ORDER);
  REQUIRE_OK(PushNow(job, Frame(0, 1, 1).Finish()));
  REQUIRE_OK_AND_ASSIGN(const v1::PushResponse again, PushNow(job, Frame(0, 1, 1).Finish()));
  CHECK(again.duplicates() == 66);
  CHECK(RefusalKindOf(PushNow(job, Frame(0, 1, 1).Last({})).status()) == Refusal::INVALID);
  REQUIRE_STATUS(job.CheckAtRest(), absl::StatusCode::kFailedPrecondition, "rank 1");
  // Round 0 still lacks rank 1; the rounds after need it alone.
  for (uint64_t t = 0; t < 3; ++t) {
    REQUIRE_OK(PushNow(job, Frame(1, 1, t).Dense(0, 2, {10, 10}).Last({0})));
  }
  const auto answer = PullNow(job, DensePull(1, 1, 3, {0}));
  REQUIRE(answer->reply.has_value());
  CHECK(Floats((*answer->reply)->payload) == std::vector<float>{31, 31});
  REQUIRE_OK(PushNow(job, Frame(1, 1, 3).Finish()));
  CHECK(job.CheckAtRest().ok());
  v1::ServerJobReport report;
  job.FillReport(&report);
  CHECK(report.finished(0));
  CHECK(report.finished(1));
  CHECK(report.progress(0) == 1);
  CHECK(report.progress(1) == 3);
  REQUIRE_OK_AND_ASSIGN(const ShardSnapshot cut, job.shards()[0]->Snapshot());
  CHECK(cut.progress == std::vector<uint64_t>{1, 3});
  CHECK(cut.steps == 3);
}

TEST_CASE("a value that is not finite is left out and fails the job by name") {
  const auto policy = GENERATE(kBsp, kAsp);
  const OpenedJob opened = OpenJob(ServeOrder(policy, 1, Tables()));
  ServerJob& job = *opened.job;
  OpenRanks(job, 1);
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const absl::Status status =
      PushNow(job, Frame(0, 1, 0).Dense(0, 2, {1, 1}).Dense(1, 2, {2, nan}).Last({0, 1})).status();
  CHECK(RefusalKindOf(status) == Refusal::NON_FINITE);
  v1::ServerJobReport report;
  job.FillReport(&report);
  CHECK(report.error() ==
        "table b, row 1, column 0: not finite in the gradient of rank 0 at iteration 0");
  const auto answer = PullNow(job, DensePull(0, 1, 1, {0, 1}));
  REQUIRE(answer->reply.has_value());
  CHECK(Floats((*answer->reply)->payload) == std::vector<float>{1, 1, 2, 0});
}

TEST_CASE("orders that cannot be served") {
  MemoryBudget memory(0, "--memory-limit");
  MemoryBudget fold(0, "--fold-limit");
  ServerJob::Options options;
  options.order = ServeOrder(kBsp, 2, Tables());
  options.node_id = 1;
  options.node_incarnation = testing::kNodeIncarnation;
  options.memory = &memory;
  options.fold = &fold;
  REQUIRE_OK(ServerJob::Open(options));
  CHECK(memory.used() == 0);
  SECTION("no ranks") {
    options.order.set_ranks(0);
    REQUIRE_STATUS(ServerJob::Open(options), absl::StatusCode::kInvalidArgument, "ranks");
  }
  SECTION("shares of another number of ranks") {
    options.order.add_rank_share(1);
    REQUIRE_STATUS(ServerJob::Open(options), absl::StatusCode::kInvalidArgument, "rank_share");
  }
  SECTION("a map that is not what the tables give") {
    options.order.mutable_map()->mutable_shards(0)->set_rows(1);
    REQUIRE_STATUS(ServerJob::Open(options), absl::StatusCode::kInvalidArgument, "");
  }
  SECTION("a server that the map lacks") {
    options.order.mutable_map()->mutable_shards(3)->set_server(5);
    REQUIRE_STATUS(ServerJob::Open(options), absl::StatusCode::kInvalidArgument, "shard 3");
  }
  SECTION("another incarnation of this node") {
    options.node_incarnation = 12;
    REQUIRE_STATUS(ServerJob::Open(options), absl::StatusCode::kInvalidArgument, "no shard");
  }
  SECTION("a policy from the future") {
    options.order.mutable_consistency()->set_policy(static_cast<v1::Policy>(9));
    REQUIRE_STATUS(ServerJob::Open(options), absl::StatusCode::kInvalidArgument, "policy");
  }
  SECTION("no memory") {
    MemoryBudget small(16, "--memory-limit");
    options.memory = &small;
    REQUIRE_STATUS(ServerJob::Open(options), absl::StatusCode::kResourceExhausted,
                   "--memory-limit");
    CHECK(small.used() == 0);
  }
  SECTION("closed while opening") {
    options.cancelled = [] { return true; };
    REQUIRE_STATUS(ServerJob::Open(options), absl::StatusCode::kCancelled, "");
  }
}

TEST_CASE("values come and leave as their codec says, rows are float32") {
  const v1::ServerJobOrder order = ServeOrder(kAsp, 1, Tables());
  const OpenedJob opened = OpenJob(order);
  ServerJob& job = *opened.job;
  OpenRanks(job, 1);
  // 1.5 and -2 as bf16; 3 as int8: a scale, and 127 of it.
  Frame frame(0, 1, 0);
  frame.Dense(0, 2, {}).Sparse(KeysOfShards(order.map(), 2, 1)[0].shard,
                               {KeysOfShards(order.map(), 2, 1)[0].key}, {});
  frame.header().mutable_blocks(0)->set_codec(v1::CODEC_BF16);
  frame.header().mutable_blocks(1)->set_codec(v1::CODEC_INT8);
  const std::string key = frame.bytes();
  std::string scale(sizeof(float), '\0');
  const float three = 3.0f / 127;
  std::memcpy(scale.data(), &three, sizeof three);
  frame.bytes() = std::string("\xc0\x3f\x00\xc0", 4) + key + scale + '\x7f';
  frame.Last({0, frame.header().blocks(1).shard()});
  REQUIRE_OK(PushNow(job, frame).status());

  v1::PullRequest request = DensePull(0, 1, 1, {0, frame.header().blocks(1).shard()});
  request.mutable_blocks(1)->set_keys(1);
  const auto exact = PullNow(job, request, key);
  REQUIRE(exact->reply.has_value());
  REQUIRE_OK(exact->reply->status());
  CHECK(Floats((*exact->reply)->payload) == std::vector<float>{1.5f, -2.0f, 3.0f});
  request.mutable_blocks(0)->set_codec(v1::CODEC_FP16);
  const auto halves = PullNow(job, request, key);
  REQUIRE(halves->reply.has_value());
  REQUIRE_OK(halves->reply->status());
  CHECK((*halves->reply)->header.blocks(0).codec() == v1::CODEC_FP16);
  CHECK((*halves->reply)->header.blocks(1).codec() == v1::CODEC_FLOAT32);
  CHECK((*halves->reply)->payload.ToString().substr(0, 4) == std::string("\x00\x3e\x00\xc0", 4));

  // What was too large for fp16 is infinite, and no row takes it.
  Frame infinite = Frame(0, 1, 1).Dense(0, 2, {});
  infinite.header().mutable_blocks(0)->set_codec(v1::CODEC_FP16);
  infinite.bytes() = std::string("\x00\x7c\x00\x3c", 4);
  CHECK(RefusalKindOf(PushNow(job, infinite).status()) == Refusal::NON_FINITE);

  Frame too_short = Frame(0, 1, 1).Dense(0, 2, {1});
  too_short.header().mutable_blocks(0)->set_codec(v1::CODEC_INT8);
  CHECK(RefusalKindOf(PushNow(job, too_short).status()) == Refusal::INVALID);
}

}  // namespace
}  // namespace paceline::server
