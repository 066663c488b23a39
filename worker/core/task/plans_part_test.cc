// Frames that carry a part of the values: topk, onebit, delta.
#include <catch2/catch.hpp>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "common/codec/indexed_values.h"
#include "common/status/status_matchers.h"
#include "worker/core/task/delta_states.h"
#include "worker/core/task/layout_fixture.h"
#include "worker/core/task/map_servers.h"
#include "worker/core/task/pull_plan.h"
#include "worker/core/task/push_plan.h"
#include "worker/core/task/residuals.h"

namespace paceline::worker {
namespace {

std::vector<PushFrame> Push(const ShardLayout& layout, uint64_t iteration, float scale,
                            Residuals* residuals, bool flush = false) {
  PushPlan plan(&layout, Context(iteration), {}, {.residuals = residuals, .flush = flush});
  std::vector<PushFrame> frames;
  for (uint32_t table = 0; table < layout.tables(); ++table) {
    const auto gradient = std::make_shared<TableRows>();
    for (uint64_t i = 0; i < layout.rows(table) * layout.dim(table); ++i) {
      gradient->rows.push_back(scale * static_cast<float>(i + 1));
    }
    REQUIRE_OK(plan.Add(table, gradient, &frames));
  }
  plan.Finish(&frames);
  return frames;
}

TEST_CASE("topk and onebit send a part, and what is left with the next gradient") {
  std::vector<v1::TableSpec> tables = {DenseTable("a", 100, 1), DenseTable("b", 100, 1)};
  tables[0].set_push_codec(v1::CODEC_TOPK);
  tables[0].set_topk_ratio(0.02);
  tables[1].set_push_codec(v1::CODEC_ONEBIT);
  const v1::ShardMap map = MapOf(tables, 1);
  REQUIRE_OK_AND_ASSIGN(const ShardLayout layout, ShardLayout::Create(map, tables));
  Residuals residuals;
  Store store;
  std::vector<std::set<uint32_t>> carried(1);
  const std::vector<PushFrame> first = Push(layout, 0, 1, &residuals);
  REQUIRE(first.size() == 1);
  CHECK(first[0].header.blocks(0).kept() == 2);
  CHECK(first[0].header.blocks(0).rows() == 100);
  CHECK(first[0].payload_bytes == IndexedBytes(2) + 8 + 13);
  Receive(map, first[0], &store, &carried);
  CHECK(store[{0, 99}][0] == 100);
  CHECK(store[{0, 98}][0] == 99);
  CHECK(store[{0, 97}][0] == 0);
  CHECK(store[{1, 5}][0] == Approx(50.5));

  // The iteration done anew: the same frame.
  const std::vector<PushFrame> again = Push(layout, 0, 3, &residuals);
  CHECK(Bytes(again[0].payload) == Bytes(first[0].payload));

  carried.assign(1, {});
  const std::vector<PushFrame> next = Push(layout, 1, 0.5f, &residuals);
  Receive(map, next[0], &store, &carried);
  CHECK(store[{0, 97}][0] == 98 * 1.5f);
  CHECK(store[{0, 96}][0] == 97 * 1.5f);
  CHECK(store[{0, 99}][0] == 0);
}

TEST_CASE("a flush carries all values, and those of a table without a gradient") {
  std::vector<v1::TableSpec> tables = {DenseTable("a", 100, 1), DenseTable("b", 100, 1),
                                       DenseTable("c", 10, 1)};
  tables[0].set_push_codec(v1::CODEC_TOPK);
  tables[0].set_topk_ratio(0.02);
  tables[1].set_push_codec(v1::CODEC_ONEBIT);
  const v1::ShardMap map = MapOf(tables, 1);
  REQUIRE_OK_AND_ASSIGN(const ShardLayout layout, ShardLayout::Create(map, tables));
  Residuals residuals;
  Store store;
  std::vector<std::set<uint32_t>> carried(1);
  Receive(map, Push(layout, 0, 1, &residuals)[0], &store, &carried);
  const std::vector<PushFrame> flush = Push(layout, 1, 1, &residuals, /*flush=*/true);
  REQUIRE(flush[0].header.blocks_size() == 3);
  for (const v1::PushBlock& block : flush[0].header.blocks()) {
    CHECK(block.codec() == v1::CODEC_FLOAT32);
    CHECK(block.kept() == 0);
  }
  const float sent_before = store[{0, 97}][0];
  CHECK(sent_before == 0);
  carried.assign(1, {});
  Receive(map, flush[0], &store, &carried);
  // Both gradients, but for what the first push has carried.
  CHECK(store[{0, 97}][0] == 2 * 98);
  CHECK(store[{0, 99}][0] == 100);
  CHECK(residuals.bytes() == 0);

  // An iteration without a gradient: what was left goes, of the tables that leave something.
  Push(layout, 2, 1, &residuals);
  for (const bool flushes : {false, true}) {
    PushPlan plan(&layout, Context(3), {}, {.residuals = &residuals, .flush = flushes});
    std::vector<PushFrame> frames;
    for (uint32_t table = 0; table < 3; ++table) REQUIRE_OK(plan.AddRemains(table, &frames));
    plan.Finish(&frames);
    REQUIRE(frames.size() == 1);
    CHECK(frames[0].header.blocks_size() == (flushes ? 2 : 0));
    CHECK(frames[0].header.touched_size() == (flushes ? 2 : 0));
  }
  CHECK(residuals.bytes() == 0);
}

// A reply to a pull of one dense shard of four values.
struct Reply {
  v1::Codec codec = v1::CODEC_DELTA;
  uint64_t state = 0;
  std::vector<uint32_t> indices;
  std::vector<float> values;
};

class Puller {
 public:
  explicit Puller(uint64_t rows) : tables_{DenseTable("a", rows, 1)}, states_(1) {
    tables_[0].set_pull_codec(v1::CODEC_DELTA);
    layout_ = std::make_unique<ShardLayout>(*ShardLayout::Create(MapOf(tables_, 1), tables_));
    ShapeParameters(*layout_, {{}}, &parameters_);
  }

  absl::Status Pull(const Reply& reply) {
    PullHeader header;
    header.context = Context(0);
    header.states = &states_;
    const std::vector<PullFrame> frames = *PlanPull(*layout_, header, parameters_);
    REQUIRE(frames.size() == 1);
    CHECK(frames[0].reply_bytes == 4 * parameters_[0].rows.size());
    CHECK(frames[0].header.blocks(0).codec() == v1::CODEC_DELTA);
    named_ = frames[0].header.blocks(0).base();
    v1::PullResponse response;
    v1::PulledBlock* const block = response.add_blocks();
    block->set_rows(parameters_[0].rows.size());
    block->set_codec(reply.codec);
    block->set_state(reply.state);
    block->set_changed(reply.indices.size());
    std::string payload(reinterpret_cast<const char*>(reply.indices.data()),
                        4 * reply.indices.size());
    payload.append(reinterpret_cast<const char*>(reply.values.data()), 4 * reply.values.size());
    const StringReader reader{payload};
    return Scatter(*layout_, frames[0], response, payload.size(), reader, &parameters_, &states_);
  }

  // The base that the last pull named.
  uint64_t named() const { return named_; }
  const TensorFloats& rows() const { return parameters_[0].rows; }

 private:
  std::vector<v1::TableSpec> tables_;
  std::unique_ptr<ShardLayout> layout_;
  Parameters parameters_;
  DeltaStates states_;
  uint64_t named_ = 99;
};

const Reply kAll = {.codec = v1::CODEC_FLOAT32, .state = 7, .indices = {}, .values = {1, 2, 3, 4}};

TEST_CASE("a delta is patched into the state that was named") {
  Puller puller(4);
  REQUIRE_OK(puller.Pull(kAll));
  CHECK(puller.named() == 0);
  CHECK(puller.rows() == TensorFloats{1, 2, 3, 4});
  REQUIRE_OK(puller.Pull({.state = 9, .indices = {1, 3}, .values = {20, 40}}));
  CHECK(puller.named() == 8);
  CHECK(puller.rows() == TensorFloats{1, 20, 3, 40});
  REQUIRE_OK(puller.Pull({.state = 9, .indices = {}, .values = {}}));
  CHECK(puller.named() == 10);
  CHECK(puller.rows() == TensorFloats{1, 20, 3, 40});
  REQUIRE_OK(puller.Pull(kAll));
  CHECK(puller.rows() == TensorFloats{1, 2, 3, 4});
}

TEST_CASE("a delta that cannot be is refused, and its shard is asked for whole") {
  struct Case {
    Reply reply;
    std::string says;
  };
  const std::vector<Case> cases = {
      {{.indices = {0, 1, 2, 3, 4}, .values = {1, 2, 3, 4, 5}}, "got 5 changes"},
      {{.indices = {1}, .values = {}}, "8 payload bytes expected, got 4"},
      {{.indices = {2, 1}, .values = {1, 2}}, "its indices are wrong"},
      {{.indices = {4}, .values = {1}}, "its indices are wrong"},
      {{.codec = v1::CODEC_BF16}, "as codec 2"},
  };
  for (const Case& wrong : cases) {
    Puller puller(4);
    REQUIRE_OK(puller.Pull(kAll));
    const absl::Status status = puller.Pull(wrong.reply);
    CHECK(status.code() == absl::StatusCode::kInvalidArgument);
    CHECK_THAT(std::string(status.message()), Catch::Contains(wrong.says));
  }
  Puller broken(4);
  REQUIRE_OK(broken.Pull(kAll));
  CHECK_FALSE(broken.Pull(cases[2].reply).ok());
  REQUIRE_OK(broken.Pull(kAll));
  CHECK(broken.named() == 0);

  // Nothing was named.
  Puller fresh(4);
  CHECK_FALSE(fresh.Pull({.indices = {1}, .values = {1}}).ok());
}

TEST_CASE("evaluation asks for float32 and names nothing") {
  std::vector<v1::TableSpec> tables = {DenseTable("a", 4, 1)};
  tables[0].set_pull_codec(v1::CODEC_DELTA);
  REQUIRE_OK_AND_ASSIGN(const ShardLayout layout, ShardLayout::Create(MapOf(tables, 1), tables));
  DeltaStates states(1);
  states.Set(0, 3);
  PullHeader header;
  header.context = Context(0);
  header.exact = true;
  header.states = &states;
  Parameters parameters;
  ShapeParameters(layout, {{}}, &parameters);
  REQUIRE_OK_AND_ASSIGN(const std::vector<PullFrame> frames, PlanPull(layout, header, parameters));
  CHECK(frames[0].header.blocks(0).codec() == v1::CODEC_FLOAT32);
  CHECK(frames[0].header.blocks(0).base() == 0);
}

}  // namespace
}  // namespace paceline::worker
