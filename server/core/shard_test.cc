// What only a shard by itself can show; the rest is in server_job_test.cc.
#include "server/core/shard.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cstring>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "common/refusal/refusal.h"
#include "common/status/status_matchers.h"
#include "server/core/job_testing.h"

namespace paceline::server {
namespace {

using v1::Refusal;

Shard::Options Options(ConsistencyPolicy policy, uint32_t ranks, MemoryBudget* memory,
                       MemoryBudget* fold) {
  const v1::ServerJobOrder order = testing::ServeOrder({}, ranks, {testing::DenseTable("a", 2, 1)});
  Shard::Options options;
  options.table = order.map().tables(0);
  options.shard = order.map().shards(0);
  options.ranks = ranks;
  options.policy = policy;
  options.memory = memory;
  options.fold = fold;
  return options;
}

constexpr ConsistencyPolicy kBsp = {.staleness = 0, .rounds = true};
constexpr ConsistencyPolicy kAsp = {.staleness = ConsistencyPolicy::kUnbounded, .rounds = false};

Gradient Ones() {
  const std::vector<float> ones = {1, 1};
  return Gradient{.keys = {},
                  .values = Payload::Of(std::string(reinterpret_cast<const char*>(ones.data()),
                                                    ones.size() * sizeof(float)))};
}

std::vector<float> RowsOf(const ShardSnapshot& snapshot) {
  const absl::Span<const float> rows = std::get<DenseSnapshot>(snapshot.rows).rows->floats();
  return {rows.begin(), rows.end()};
}

std::vector<float> Rows(Shard& shard) {
  // The newest: those before the round that is under way.
  const std::vector<uint64_t> progress = shard.GetStats().progress;
  REQUIRE_OK(shard.Pin(1, 0, *std::min_element(progress.begin(), progress.end())));
  REQUIRE_OK_AND_ASSIGN(const Shard::Rows rows, shard.ReadPinned(1, {}));
  shard.Unpin(1);
  std::vector<float> values(rows.bytes.bytes.size() / sizeof(float));
  std::memcpy(values.data(), rows.bytes.bytes.data(), rows.bytes.bytes.size());
  return values;
}

TEST_CASE("a push that passed the fence before a newer incarnation opened is refused") {
  MemoryBudget budget(0, "");
  REQUIRE_OK_AND_ASSIGN(const std::unique_ptr<Shard> shard,
                        Shard::Create(Options(kAsp, 1, &budget, &budget)));
  shard->OpenRank(0, 1);
  REQUIRE_OK(shard->Push(0, 1, 0, Ones()));
  CHECK(shard->OpenRank(0, 2).progress == 1);
  CHECK(RefusalKindOf(shard->Push(0, 1, 1, Ones()).status()) == Refusal::STALE_INCARNATION);
  CHECK(RefusalKindOf(shard->Finish(0, 1, 1).status()) == Refusal::STALE_INCARNATION);
  // One that opens late does not take the rank back.
  shard->OpenRank(0, 1);
  CHECK(RefusalKindOf(shard->Push(0, 1, 1, Ones()).status()) == Refusal::STALE_INCARNATION);
  REQUIRE_OK(shard->Push(0, 2, 1, Ones()));
  CHECK(Rows(*shard) == std::vector<float>{2, 2});
}

TEST_CASE("a round that found no memory is applied once when there is some") {
  MemoryBudget memory(1 << 20, "--memory-limit");
  MemoryBudget fold(0, "--fold-limit");
  REQUIRE_OK_AND_ASSIGN(const std::unique_ptr<Shard> shard,
                        Shard::Create(Options(kBsp, 2, &memory, &fold)));
  for (const uint32_t rank : {0, 1}) shard->OpenRank(rank, 1);
  const uint64_t free = memory.limit() - memory.used();
  REQUIRE_OK(memory.Reserve(free, "others"));
  REQUIRE_OK(shard->Push(0, 1, 0, Ones()));
  // Its sender's memory, until the answer.
  std::vector<float> values = {1, 1};
  Payload borrowed;
  borrowed.Append({.owner = nullptr,
                   .bytes = {reinterpret_cast<const uint8_t*>(values.data()), 8},
                   .borrowed = true});
  const absl::Status full = shard->Push(1, 1, 0, {.keys = {}, .values = borrowed}).status();
  values = {100, 100};
  CHECK(RefusalKindOf(full) == Refusal::LIMIT);
  CHECK_THAT(std::string(full.message()), Catch::Contains("--memory-limit"));
  CHECK(Rows(*shard) == std::vector<float>{0, 0});
  CHECK(shard->GetStats().progress == std::vector<uint64_t>{1, 0});
  memory.Release(free);
  REQUIRE_OK_AND_ASSIGN(const Shard::Pushed pushed, shard->Push(1, 1, 0, Ones()));
  CHECK_FALSE(pushed.duplicate);
  CHECK(Rows(*shard) == std::vector<float>{2, 2});
  CHECK(shard->GetStats().progress == std::vector<uint64_t>{1, 1});
}

TEST_CASE("a snapshot says what its rows contain, not what waits for its round") {
  MemoryBudget budget(0, "");
  REQUIRE_OK_AND_ASSIGN(const std::unique_ptr<Shard> shard,
                        Shard::Create(Options(kBsp, 2, &budget, &budget)));
  for (const uint32_t rank : {0, 1}) shard->OpenRank(rank, 1);
  REQUIRE_OK(shard->Push(0, 1, 0, Ones()));
  REQUIRE_OK(shard->Finish(0, 1, 1));
  REQUIRE_OK_AND_ASSIGN(const ShardSnapshot snapshot, shard->Snapshot());
  CHECK(snapshot.progress == std::vector<uint64_t>{0, 0});
  CHECK(snapshot.finished == std::vector<bool>{false, false});
  CHECK(snapshot.steps == 0);
}

TEST_CASE("bsp: an armed cut is the state after its round, whatever comes after") {
  MemoryBudget budget(0, "");
  Shard::Options options = Options(kBsp, 2, &budget, &budget);
  options.table.mutable_optimizer()->set_kind(v1::OPTIMIZER_KIND_MOMENTUM);
  REQUIRE_OK_AND_ASSIGN(const std::unique_ptr<Shard> shard, Shard::Create(options));
  for (const uint32_t rank : {0, 1}) shard->OpenRank(rank, 1);
  const auto round = [&](uint64_t t) {
    REQUIRE_OK(shard->Push(0, 1, t, Ones()));
    return shard->Push(1, 1, t, Ones())->cut_reached;
  };
  REQUIRE_OK_AND_ASSIGN(const bool now, shard->ArmCut(7, 2));
  CHECK_FALSE(now);
  CHECK_FALSE(round(0));
  REQUIRE_OK_AND_ASSIGN(const auto early, shard->TakeCut(7));
  CHECK_FALSE(early.has_value());
  CHECK(round(1));
  const std::vector<float> after_two = Rows(*shard);
  // The rank that is ahead belongs to the next round.
  REQUIRE_OK(shard->Push(0, 1, 2, Ones()));
  REQUIRE_OK(shard->Push(1, 1, 2, Ones()));
  CHECK_FALSE(round(3));
  CHECK(Rows(*shard) != after_two);
  CHECK_STATUS(shard->TakeCut(6), absl::StatusCode::kCancelled, "cut 6 is not armed");
  REQUIRE_OK_AND_ASSIGN(auto cut, shard->TakeCut(7));
  REQUIRE(cut.has_value());
  CHECK(RowsOf(*cut) == after_two);
  CHECK(cut->progress == std::vector<uint64_t>{2, 2});
  CHECK(cut->steps == 2);
  CHECK_STATUS(shard->TakeCut(7), absl::StatusCode::kCancelled, "not armed");
  CHECK_STATUS(shard->ArmCut(8, 3), absl::StatusCode::kOutOfRange, "round 3 has passed, 4");

  // A shard that starts from the copy goes the same way, bit by bit.
  REQUIRE_OK_AND_ASSIGN(const std::unique_ptr<Shard> restored,
                        Shard::Restore(options, *std::move(cut)));
  for (const uint32_t rank : {0, 1}) CHECK(restored->OpenRank(rank, 2).progress == 2);
  for (const uint64_t t : {2, 3}) {
    for (const uint32_t rank : {0, 1}) REQUIRE_OK(restored->Push(rank, 2, t, Ones()));
  }
  CHECK(Rows(*restored) == Rows(*shard));
  // The state now: copied at once.
  REQUIRE_OK_AND_ASSIGN(const bool there, shard->ArmCut(9, 4));
  CHECK(there);
}

TEST_CASE("bsp: a pin holds what the rank reads for its iteration, whatever comes after") {
  MemoryBudget budget(0, "");
  REQUIRE_OK_AND_ASSIGN(const std::unique_ptr<Shard> shard,
                        Shard::Create(Options(kBsp, 2, &budget, &budget)));
  for (const uint32_t rank : {0, 1}) shard->OpenRank(rank, 1);
  REQUIRE_OK(shard->Push(0, 1, 0, Ones()));
  CHECK(RefusalKindOf(shard->Pin(1, 0, 1)) == Refusal::NOT_YET);
  REQUIRE_OK(shard->Push(1, 1, 0, Ones()));
  REQUIRE_OK(shard->Pin(1, 0, 1));
  for (const uint32_t rank : {0, 1}) REQUIRE_OK(shard->Push(rank, 1, 1, Ones()));
  // The state before, too, as long as it is held.
  REQUIRE_OK(shard->Pin(2, 1, 1));
  const auto first = [&](uint64_t pin) {
    REQUIRE_OK_AND_ASSIGN(const Shard::Rows rows, shard->ReadPinned(pin, {}));
    float value = 0;
    std::memcpy(&value, rows.bytes.bytes.data(), sizeof(value));
    return value;
  };
  CHECK(first(1) == 2);
  CHECK(first(2) == 2);
  CHECK(RefusalKindOf(shard->Pin(3, 0, 0)) == Refusal::OUT_OF_ORDER);
  for (const uint32_t rank : {0, 1}) REQUIRE_OK(shard->Push(rank, 1, 2, Ones()));
  CHECK(first(1) == 2);
}

TEST_CASE("a cut that finds no memory fails; the update that completed its round does not") {
  MemoryBudget memory(1 << 20, "--memory-limit");
  MemoryBudget fold(0, "--fold-limit");
  REQUIRE_OK_AND_ASSIGN(const std::unique_ptr<Shard> shard,
                        Shard::Create(Options(kBsp, 1, &memory, &fold)));
  shard->OpenRank(0, 1);
  REQUIRE_OK(shard->Push(0, 1, 0, Ones()));  // now it holds all the blocks of a round
  REQUIRE_OK(shard->ArmCut(1, 2));
  REQUIRE_OK(memory.Reserve(memory.limit() - memory.used(), "others"));
  REQUIRE_OK_AND_ASSIGN(const Shard::Pushed pushed, shard->Push(0, 1, 1, Ones()));
  CHECK(pushed.cut_reached);
  CHECK_STATUS(shard->TakeCut(1), absl::StatusCode::kResourceExhausted, "--memory-limit");
  REQUIRE_OK(shard->Push(0, 1, 2, Ones()));
  memory.Release(memory.limit() - memory.used());
}

TEST_CASE("a copy that does not fit the job is refused") {
  MemoryBudget budget(0, "");
  const Shard::Options options = Options(kBsp, 2, &budget, &budget);
  REQUIRE_OK_AND_ASSIGN(const std::unique_ptr<Shard> shard, Shard::Create(options));
  REQUIRE_OK_AND_ASSIGN(ShardSnapshot state, shard->Snapshot());
  std::string want;
  SECTION("other ranks") {
    state.progress.push_back(0);
    want = "progress of 2 ranks expected, got 3";
  }
  SECTION("bsp: in the middle of a round") {
    state.progress[1] = 1;
    want = "rank 1 has 1 of 0 rounds";
  }
  SECTION("other slots") {
    std::get<DenseSnapshot>(state.rows).slots.push_back(std::get<DenseSnapshot>(state.rows).rows);
    want = "0 slots expected, got 1";
  }
  SECTION("other rows") {
    std::get<DenseSnapshot>(state.rows).rows = BlockRef::New(3);
    want = "2 values expected, got 3";
  }
  SECTION("another kind") {
    state.rows = SparseSnapshot();
    want = "of another kind";
  }
  CHECK_STATUS(Shard::Restore(options, std::move(state)), absl::StatusCode::kDataLoss, want);
}

TEST_CASE("the share of a rank scales its steps, empty updates take none") {
  MemoryBudget budget(0, "");
  Shard::Options options = Options(kAsp, 2, &budget, &budget);
  options.table.mutable_optimizer()->set_kind(v1::OPTIMIZER_KIND_SGD);
  options.table.mutable_optimizer()->set_learning_rate(1);
  options.rank_share = {0.25, 0.75};
  REQUIRE_OK_AND_ASSIGN(const std::unique_ptr<Shard> shard, Shard::Create(std::move(options)));
  for (const uint32_t rank : {0, 1}) shard->OpenRank(rank, 1);
  REQUIRE_OK(shard->Push(0, 1, 0, Ones()));
  CHECK(Rows(*shard) == std::vector<float>{-0.25, -0.25});
  REQUIRE_OK(shard->Push(1, 1, 0, Ones()));
  CHECK(Rows(*shard) == std::vector<float>{-1, -1});
  REQUIRE_OK(shard->Push(1, 1, 1, Gradient()));
  REQUIRE_OK_AND_ASSIGN(const ShardSnapshot snapshot, shard->Snapshot());
  CHECK(snapshot.steps == 2);
}

TEST_CASE("sums forget a part in each round of bsp, and as much when ranks push alone") {
  MemoryBudget budget(0, "");
  const auto open = [&](ConsistencyPolicy policy, double rho) {
    Shard::Options options = Options(policy, 2, &budget, &budget);
    options.table.mutable_optimizer()->set_kind(v1::OPTIMIZER_KIND_SUM);
    options.table.mutable_optimizer()->set_rho(rho);
    if (!policy.rounds) options.rank_share = {0.25, 0.75};
    REQUIRE_OK_AND_ASSIGN(std::unique_ptr<Shard> shard, Shard::Create(std::move(options)));
    for (const uint32_t rank : {0, 1}) shard->OpenRank(rank, 1);
    return shard;
  };
  // Two rounds of two ranks, each of which counts one.
  const auto after = [&](Shard* shard) {
    for (const uint64_t t : {0, 1}) {
      for (const uint32_t rank : {1, 0}) REQUIRE_OK(shard->Push(rank, 1, t, Ones()));
    }
    return Rows(*shard);
  };
  CHECK(after(open(kBsp, 0).get()) == std::vector<float>{2, 2});
  CHECK(after(open(kBsp, 0.5).get()) == std::vector<float>{3, 3});
  CHECK(after(open(kBsp, 1).get()) == std::vector<float>{4, 4});
  // Rank 1 keeps a quarter of what is there, rank 0 three quarters.
  CHECK(after(open(kAsp, 0).get()) == std::vector<float>{2.078125, 2.078125});
}

TEST_CASE("what a shard took from the budget comes back") {
  MemoryBudget memory(0, "--memory-limit");
  {
    REQUIRE_OK_AND_ASSIGN(const std::unique_ptr<Shard> shard,
                          Shard::Create(Options(kBsp, 1, &memory, &memory)));
    shard->OpenRank(0, 1);
    REQUIRE_OK(shard->Push(0, 1, 0, Ones()));
    CHECK(memory.used() >= 24);
  }
  CHECK(memory.used() == 0);
}

}  // namespace
}  // namespace paceline::server
