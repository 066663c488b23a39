#include "worker/core/task/ssp_cache.h"

#include <catch2/catch.hpp>
#include <cstring>
#include <map>
#include <set>
#include <string>

#include "common/random.h"
#include "common/status/status_matchers.h"
#include "worker/core/task/layout_fixture.h"

namespace paceline::worker {
namespace {

// A server whose rows say at which version they were read: every value of a
// reply is the version of its shard.
void Serve(const ShardLayout& layout, const PullFrame& frame, uint64_t version,
           Parameters* parameters, SspCache* cache) {
  v1::PullResponse response;
  uint64_t values = 0;
  for (const PullTarget& target : frame.targets) {
    v1::PulledBlock* block = response.add_blocks();
    block->set_shard(target.shard);
    block->set_rows(target.rows);
    block->set_codec(v1::CODEC_FLOAT32);
    block->set_version(version);
    values += target.rows * layout.dim(target.table);
  }
  const auto read = [version](void* to, size_t size) {
    for (size_t i = 0; i < size / sizeof(float); ++i) {
      static_cast<float*>(to)[i] = static_cast<float>(version);
    }
    return true;
  };
  REQUIRE_OK(Scatter(layout, frame, response, values * sizeof(float), read, parameters));
  cache->Store(frame, response, *parameters);
}

TEST_CASE("Nothing that the cache serves is ever older than t - s") {
  const std::vector<v1::TableSpec> tables = {DenseTable("a", 6, 2), SparseTable("b", 2),
                                             SparseTable("c", 1)};
  REQUIRE_OK_AND_ASSIGN(const ShardLayout layout, ShardLayout::Create(MapOf(tables, 2), tables));
  for (uint64_t seed = 0; seed < 10; ++seed) {
    const auto staleness = static_cast<uint32_t>(RandomBelow(6, seed, 0, 0));
    // Small, so that rows are thrown out.
    SspCache cache(&layout, {.staleness = staleness, .capacity_bytes = 2000});
    Parameters parameters;
    uint64_t asked = 0;
    uint64_t needed = 0;
    for (uint64_t t = 0; t < 60; ++t) {
      std::vector<std::vector<uint64_t>> keys(3);
      for (int table = 1; table < 3; ++table) {
        std::set<uint64_t> some;
        for (uint64_t i = 0; i < 20; ++i) some.insert(RandomBelow(60, seed, table, t * 20 + i));
        keys[table].assign(some.begin(), some.end());
        needed += some.size();
      }
      needed += layout.shards(0).size();
      ShapeParameters(layout, keys, &parameters);
      // What is not filled has to be noticed.
      for (int table = 1; table < 3; ++table) {
        std::fill(parameters[table].rows.begin(), parameters[table].rows.end(), -1.0f);
      }
      const std::vector<TableNeeds> needs = cache.Fill(t, &parameters);
      REQUIRE_OK_AND_ASSIGN(const std::vector<PullFrame> frames,
                            PlanPull(layout, {}, parameters, needs));
      for (const PullFrame& frame : frames) {
        // The slowest rank is at most s behind, and may be ahead.
        const uint64_t least = t > staleness ? t - staleness : 0;
        const uint64_t version = least + RandomBelow(staleness + 3, seed, 9, asked);
        for (const PullTarget& target : frame.targets) {
          asked += layout.sparse(target.table) ? target.positions.size() : 1;
        }
        Serve(layout, frame, version, &parameters, &cache);
      }
      bool fresh = true;
      for (const TableRows& table : parameters) {
        for (const float value : table.rows) {
          fresh =
              fresh && value >= 0 && value + static_cast<float>(staleness) >= static_cast<float>(t);
        }
      }
      CHECK(fresh);
      CHECK(cache.bytes() <= 2000);
    }
    CHECK(cache.hits() + asked == needed);
    if (staleness >= 2) CHECK(cache.hits() > 0);
  }
}

TEST_CASE("A copy serves until its version is too old, to the iteration") {
  const std::vector<v1::TableSpec> tables = {DenseTable("a", 2, 2), SparseTable("b", 1)};
  REQUIRE_OK_AND_ASSIGN(const ShardLayout layout, ShardLayout::Create(MapOf(tables, 1), tables));
  SspCache cache(&layout, {.staleness = 3});
  Parameters parameters;
  ShapeParameters(layout, {{}, {5}}, &parameters);
  CHECK(cache.Fill(10, &parameters)[0].missing == std::vector<uint32_t>{0});
  REQUIRE_OK_AND_ASSIGN(const std::vector<PullFrame> frames, PlanPull(layout, {}, parameters));
  for (const PullFrame& frame : frames) Serve(layout, frame, 8, &parameters, &cache);
  for (const uint64_t t : {uint64_t{0}, uint64_t{10}, uint64_t{11}}) {
    CHECK(cache.Fill(t, &parameters)[0].missing.empty());
    CHECK(cache.Fill(t, &parameters)[1].missing.empty());
  }
  CHECK(cache.Fill(12, &parameters)[0].missing == std::vector<uint32_t>{0});
  CHECK(cache.Fill(12, &parameters)[1].missing == std::vector<uint32_t>{0});
  CHECK(cache.hits() == 12);
}

TEST_CASE("Without capacity no sparse row is kept") {
  const std::vector<v1::TableSpec> tables = {SparseTable("b", 1)};
  REQUIRE_OK_AND_ASSIGN(const ShardLayout layout, ShardLayout::Create(MapOf(tables, 1), tables));
  SspCache cache(&layout, {.staleness = 3, .capacity_bytes = 0});
  Parameters parameters;
  ShapeParameters(layout, {{5}}, &parameters);
  REQUIRE_OK_AND_ASSIGN(const std::vector<PullFrame> frames, PlanPull(layout, {}, parameters));
  for (const PullFrame& frame : frames) Serve(layout, frame, 8, &parameters, &cache);
  CHECK(cache.bytes() == 0);
  CHECK(cache.Fill(8, &parameters)[0].missing.size() == 1);
}

}  // namespace
}  // namespace paceline::worker
