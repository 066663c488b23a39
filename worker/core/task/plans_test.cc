// Frames of pushes and pulls against servers that hold rows in a map.
#include <catch2/catch.hpp>
#include <set>
#include <string>
#include <utility>

#include "common/random.h"
#include "common/status/status_matchers.h"
#include "worker/core/task/layout_fixture.h"
#include "worker/core/task/map_servers.h"
#include "worker/core/task/pull_plan.h"
#include "worker/core/task/push_plan.h"

namespace paceline::worker {
namespace {

std::vector<uint64_t> RandomKeys(uint64_t seed, uint64_t n) {
  std::set<uint64_t> keys;
  for (uint64_t i = 0; i < n; ++i) keys.insert(RandomBelow(5000, seed, 1, i));
  return {keys.begin(), keys.end()};
}

TEST_CASE("What is pushed is what is pulled, whatever the frames") {
  for (uint64_t seed = 0; seed < 20; ++seed) {
    // Now and then a table of several shards, of 4 MiB each.
    const std::vector<v1::TableSpec> tables = {
        seed % 10 == 0 ? DenseTable("a", 2, 1 << 20) : DenseTable("a", 9, 1 << 8),
        DenseTable("b", 5, 3), SparseTable("c", 2), SparseTable("d", 1)};
    const uint32_t servers = 1 + seed % 3;
    const v1::ShardMap map = MapOf(tables, servers);
    REQUIRE_OK_AND_ASSIGN(const ShardLayout layout, ShardLayout::Create(map, tables));

    auto gradients = std::make_shared<Gradients>();
    ShapeParameters(layout, {{}, {}, RandomKeys(seed, 300), RandomKeys(seed + 99, seed)},
                    gradients.get());
    uint64_t n = 0;
    for (TableRows& table : *gradients) {
      for (float& value : table.rows) value = static_cast<float>(n++);
    }

    FrameLimits limits;
    limits.target = 200 + RandomBelow(seed % 10 == 0 ? 6 << 20 : 4000, seed, 3, 0);
    PushPlan plan(&layout, Context(4), limits);
    std::vector<PushFrame> frames;
    // Backward order.
    for (int t = 3; t >= 0; --t) {
      REQUIRE_OK(plan.Add(t, {gradients, &(*gradients)[t]}, &frames));
    }
    plan.Finish(&frames);

    Store store;
    std::vector<std::set<uint32_t>> carried(servers);
    std::vector<int> lasts(servers);
    for (const PushFrame& frame : frames) {
      CHECK(frame.header.context().iteration() == 4);
      CHECK(frame.header.context().incarnation() == 3);
      CHECK((frame.payload_bytes <= limits.target || frame.header.blocks_size() == 1));
      Receive(map, frame, &store, &carried);
      if (!frame.header.last_frame()) {
        CHECK(frame.payload_bytes > 0);
        continue;
      }
      ++lasts[frame.server];
    }
    for (const PushFrame& frame : frames) {
      if (!frame.header.last_frame()) continue;
      const auto& touched = frame.header.touched();
      CHECK(std::set<uint32_t>(touched.begin(), touched.end()) == carried[frame.server]);
    }
    CHECK(lasts == std::vector<int>(servers, 1));

    Parameters parameters;
    ShapeParameters(layout, {{}, {}, (*gradients)[2].keys, (*gradients)[3].keys}, &parameters);
    PullHeader header;
    header.context = Context(5);
    header.max_wait_ms = 17;
    header.pin = 8;
    REQUIRE_OK_AND_ASSIGN(const std::vector<PullFrame> pulls,
                          PlanPull(layout, header, parameters, {}, limits));
    for (auto it = pulls.rbegin(); it != pulls.rend(); ++it) {
      CHECK(it->header.max_wait_ms() == 17);
      CHECK(it->header.pin() == 8);
      CHECK((it->reply_bytes <= limits.target || it->header.blocks_size() == 1));
      const auto [response, payload] = Answer(map, *it, store);
      const StringReader reader{payload};
      REQUIRE_OK(Scatter(layout, *it, response, payload.size(), reader, &parameters));
    }
    for (size_t t = 0; t < tables.size(); ++t) {
      CHECK(parameters[t].keys == (*gradients)[t].keys);
      CHECK((parameters[t].rows == (*gradients)[t].rows));
    }
  }
}

TEST_CASE("An empty push has one frame per server that touches nothing") {
  const std::vector<v1::TableSpec> tables = {DenseTable("a", 5, 3)};
  REQUIRE_OK_AND_ASSIGN(const ShardLayout layout, ShardLayout::Create(MapOf(tables, 3), tables));
  PushPlan plan(&layout, Context(0));
  std::vector<PushFrame> frames;
  plan.Finish(&frames);
  REQUIRE(frames.size() == 3);
  for (uint32_t s = 0; s < 3; ++s) {
    CHECK(frames[s].server == s);
    CHECK(frames[s].header.last_frame());
    CHECK_FALSE(frames[s].header.finish());
    CHECK(frames[s].header.touched_size() == 0);
    CHECK(frames[s].header.blocks_size() == 0);
  }
}

TEST_CASE("A finish has one frame per server") {
  const std::vector<PushFrame> frames = PushPlan::FinishRank(2, Context(12));
  REQUIRE(frames.size() == 2);
  for (uint32_t s = 0; s < 2; ++s) {
    CHECK(frames[s].server == s);
    CHECK(frames[s].header.last_frame());
    CHECK(frames[s].header.finish());
    CHECK(frames[s].header.context().iteration() == 12);
  }
}

TEST_CASE("Frames of a table leave when it is added, if they are full") {
  const std::vector<v1::TableSpec> tables = {DenseTable("a", 100, 1), DenseTable("b", 100, 1)};
  REQUIRE_OK_AND_ASSIGN(const ShardLayout layout, ShardLayout::Create(MapOf(tables, 1), tables));
  PushPlan plan(&layout, Context(0), {.target = 500, .most = 1000});
  std::vector<PushFrame> frames;
  auto gradient = std::make_shared<TableRows>(TableRows{{}, TensorFloats(100, 1.0f)});
  REQUIRE_OK(plan.Add(1, gradient, &frames));
  CHECK(frames.empty());
  REQUIRE_OK(plan.Add(0, gradient, &frames));
  REQUIRE(frames.size() == 1);
  CHECK(frames[0].header.blocks(0).shard() == 1);
  // Dense gradients are not copied.
  CHECK(frames[0].payload[0].data == reinterpret_cast<const char*>(gradient->rows.data()));
}

TEST_CASE("Gradients of the wrong shape are refused") {
  const std::vector<v1::TableSpec> tables = {DenseTable("a", 4, 2), SparseTable("b", 2)};
  REQUIRE_OK_AND_ASSIGN(const ShardLayout layout, ShardLayout::Create(MapOf(tables, 1), tables));
  struct Case {
    std::string name;
    uint32_t table;
    TableRows gradient;
    absl::StatusCode code;
    std::string message;
  };
  const absl::StatusCode invalid = absl::StatusCode::kInvalidArgument;
  const Case cases[] = {
      {"short", 0, {{}, {1, 2, 3}}, invalid, "8 values and no keys is due, got 3 values"},
      {"keys", 0, {{1}, TensorFloats(8)}, invalid, "got 8 values and 1 keys"},
      {"rows", 1, {{1, 2}, {1, 2, 3}}, invalid, "2 keys * 2 values is due, got 3"},
      {"order", 1, {{2, 1}, {1, 2, 3, 4}}, invalid, "got 2 before 1"},
      {"twice", 1, {{2, 2}, {1, 2, 3, 4}}, invalid, "got 2 before 2"},
      {"large",
       0,
       {{}, TensorFloats(8)},
       absl::StatusCode::kResourceExhausted,
       "takes 32 bytes, a frame holds at most 31"},
  };
  for (const Case& c : cases) {
    DYNAMIC_SECTION(c.name) {
      PushPlan plan(&layout, Context(0), {.target = 20, .most = 31});
      std::vector<PushFrame> frames;
      CHECK_STATUS(plan.Add(c.table, std::make_shared<TableRows>(c.gradient), &frames), c.code,
                   c.message);
    }
  }
}

TEST_CASE("Rows have places where they come as they are") {
  const std::vector<v1::TableSpec> tables = {DenseTable("a", 4, 2), SparseTable("b", 2)};
  const v1::ShardMap map = MapOf(tables, 1);
  REQUIRE_OK_AND_ASSIGN(const ShardLayout layout, ShardLayout::Create(map, tables));
  Parameters parameters;
  ShapeParameters(layout, {{}, {10, 20}}, &parameters);
  const auto frame_of = [&](bool dense, bool sparse) {
    std::vector<TableNeeds> needs(2);
    needs[0].all = dense;
    needs[1].all = sparse;
    return PlanPull(layout, {}, parameters, needs)->at(0);
  };
  PullFrame dense = frame_of(true, false);
  const std::vector<absl::Span<float>> places = PlacesOf(layout, dense, &parameters);
  REQUIRE(places.size() == dense.targets.size());
  for (size_t i = 0; i < places.size(); ++i) {
    CHECK(places[i].data() == &parameters[0].rows[dense.targets[i].first_row * 2]);
    CHECK(places[i].size() == dense.targets[i].rows * 2);
  }
  // What is scattered has none, nor what is with it, nor what is decoded.
  CHECK(PlacesOf(layout, frame_of(false, true), &parameters).empty());
  CHECK(PlacesOf(layout, frame_of(true, true), &parameters).empty());
  dense.targets.back().codec = v1::CODEC_BF16;
  CHECK(PlacesOf(layout, dense, &parameters).empty());
}

TEST_CASE("A pull asks only for what it needs") {
  const std::vector<v1::TableSpec> tables = {DenseTable("a", 3, 1 << 20), SparseTable("b", 1)};
  const v1::ShardMap map = MapOf(tables, 2);
  REQUIRE_OK_AND_ASSIGN(const ShardLayout layout, ShardLayout::Create(map, tables));
  Parameters parameters;
  ShapeParameters(layout, {{}, {10, 20, 30}}, &parameters);
  parameters[0].rows[0] = 42;
  parameters[1].rows = {1, 2, 3};
  const std::vector<TableNeeds> needs = {{false, {2}}, {false, {1}}};
  REQUIRE_OK_AND_ASSIGN(const std::vector<PullFrame> frames,
                        PlanPull(layout, {}, parameters, needs));
  Store store;
  store[{1, 20}] = {22};
  for (const PullFrame& frame : frames) {
    const auto [response, payload] = Answer(map, frame, store);
    const StringReader reader{payload};
    REQUIRE_OK(Scatter(layout, frame, response, payload.size(), reader, &parameters));
  }
  CHECK(parameters[1].rows == TensorFloats{1, 22, 3});
  CHECK(parameters[0].rows[0] == 42);
  CHECK(parameters[0].rows[2 << 20] == -1);
  // Nothing needed: nothing asked.
  const std::vector<TableNeeds> nothing = {{false, {}}, {false, {}}};
  REQUIRE_OK_AND_ASSIGN(const std::vector<PullFrame> none,
                        PlanPull(layout, {}, parameters, nothing));
  CHECK(none.empty());
  CHECK_STATUS(PlanPull(layout, {}, parameters, {}, {.target = 1, .most = 1000}),
               absl::StatusCode::kResourceExhausted, "a frame holds at most 1000");
}

TEST_CASE("A reply that was not asked for is refused") {
  const std::vector<v1::TableSpec> tables = {DenseTable("a", 4, 2)};
  const v1::ShardMap map = MapOf(tables, 1);
  REQUIRE_OK_AND_ASSIGN(const ShardLayout layout, ShardLayout::Create(map, tables));
  Parameters parameters;
  ShapeParameters(layout, {{}}, &parameters);
  REQUIRE_OK_AND_ASSIGN(const std::vector<PullFrame> frames, PlanPull(layout, {}, parameters));
  auto [good, payload] = Answer(map, frames[0], {});
  const auto scatter = [&](const v1::PullResponse& response, uint64_t claimed,
                           const std::string& bytes) {
    const StringReader reader{bytes};
    return Scatter(layout, frames[0], response, claimed, reader, &parameters);
  };
  const absl::StatusCode invalid = absl::StatusCode::kInvalidArgument;
  CHECK_STATUS(scatter(good, payload.size() + 1, payload), invalid, "32 payload bytes expected");
  CHECK_STATUS(scatter(good, payload.size(), payload.substr(1)), invalid, "ends within shard 0");
  v1::PullResponse bad = good;
  bad.mutable_blocks(0)->set_shard(1);
  CHECK_STATUS(scatter(bad, payload.size(), payload), invalid,
               "shard 0 with 4 rows as codec 1 expected");
  bad = good;
  bad.mutable_blocks(0)->set_rows(5);
  CHECK_STATUS(scatter(bad, payload.size(), payload), invalid, "with 5 rows");
  bad = good;
  bad.clear_blocks();
  CHECK_STATUS(scatter(bad, payload.size(), payload), invalid, "1 blocks expected, got 0");
  bad = good;
  bad.mutable_blocks(0)->set_codec(v1::CODEC_BF16);
  CHECK_STATUS(scatter(bad, payload.size(), payload), invalid, "codec");
  REQUIRE_OK(scatter(good, payload.size(), payload));
}

}  // namespace
}  // namespace paceline::worker
