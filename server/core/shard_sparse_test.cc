// What only a sparse shard by itself can show.
#include <catch2/catch.hpp>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "absl/types/span.h"
#include "common/status/status_matchers.h"
#include "proto/node.pb.h"
#include "server/core/consistency_controller.h"
#include "server/core/gradient.h"
#include "server/core/job_testing.h"
#include "server/core/payload.h"
#include "server/core/rows/memory_budget.h"
#include "server/core/rows/sparse_rows.h"
#include "server/core/shard.h"
#include "server/core/shared_keys.h"

namespace paceline::server {
namespace {

constexpr ConsistencyPolicy kBsp = {.staleness = 0, .rounds = true};
constexpr ConsistencyPolicy kSsp = {.staleness = 2, .rounds = false};
constexpr ConsistencyPolicy kAsp = {.staleness = ConsistencyPolicy::kUnbounded, .rounds = false};

// A bucket of one value a row.
Shard::Options Options(ConsistencyPolicy policy, uint32_t ranks, MemoryBudget* memory,
                       MemoryBudget* fold) {
  Shard::Options options;
  options.table = testing::SparseTable("s", 1);
  options.shard.set_shard(3);
  options.shard.set_buckets(1);
  options.ranks = ranks;
  options.policy = policy;
  options.memory = memory;
  options.fold = fold;
  return options;
}

Gradient Ones(std::vector<uint64_t> keys) {
  const std::vector<float> ones(keys.size(), 1);
  return Gradient{.keys = SharedKeys(std::move(keys)),
                  .values = Payload::Of(std::string(reinterpret_cast<const char*>(ones.data()),
                                                    ones.size() * sizeof(float)))};
}

TEST_CASE("rows and keys that wait grow old in a bucket that gets no more keys") {
  const ConsistencyPolicy policy = GENERATE(kBsp, kSsp, kAsp);
  INFO("rounds " << policy.rounds << ", staleness " << policy.staleness);
  MemoryBudget memory(0, "");
  Shard::Options options = Options(policy, 1, &memory, &memory);
  options.table.mutable_sparse()->set_evict_after_iterations(16);
  options.table.mutable_sparse()->set_admit_after(2);
  REQUIRE_OK_AND_ASSIGN(const std::unique_ptr<Shard> shard, Shard::Create(std::move(options)));
  shard->OpenRank(0, 1);
  REQUIRE_OK(shard->Push(0, 1, 0, Ones({7})));
  REQUIRE_OK(shard->Push(0, 1, 1, Ones({7, 8})));
  CHECK(shard->GetStats().rows == 1);
  CHECK(shard->GetStats().sparse->waiting == 1);
  REQUIRE_OK(shard->Pin(1, 0, 2));
  for (uint64_t t = 2; t <= 16; ++t) {
    REQUIRE_OK(shard->Push(0, 1, t, Gradient()));
    // A push that comes again changes nothing.
    REQUIRE_OK_AND_ASSIGN(const Shard::Pushed again, shard->Push(0, 1, t, Gradient()));
    CHECK(again.duplicate);
    CHECK(shard->GetStats().rows == 1);
  }
  // An eighth of the age more at the latest.
  for (uint64_t t = 17; t <= 19; ++t) REQUIRE_OK(shard->Push(0, 1, t, Gradient()));
  CHECK(shard->GetStats().rows == 0);
  CHECK(shard->GetStats().sparse->evicted == 1);
  CHECK(shard->GetStats().sparse->waiting == 0);
  // What was pinned is there still.
  const std::vector<uint64_t> keys = {7};
  REQUIRE_OK_AND_ASSIGN(const Shard::Rows pinned, shard->ReadPinned(1, keys));
  REQUIRE(pinned.bytes.bytes.size() == sizeof(float));
  CHECK(*reinterpret_cast<const float*>(pinned.bytes.bytes.data()) == 1.0f);
  shard->Unpin(1);
  // No step was taken, and the cut has the bucket's time.
  REQUIRE_OK_AND_ASSIGN(const ShardSnapshot cut, shard->Snapshot());
  CHECK(std::get<SparseSnapshot>(cut.rows).clock == 19);
  CHECK(cut.steps == (policy.rounds ? 20 : 2));
}

}  // namespace
}  // namespace paceline::server
