// Frames whose blocks name their key lists, and where the keys lie in the payload.
#include <catch2/catch.hpp>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "common/key_lists/key_list.h"
#include "common/random.h"
#include "common/status/status_matchers.h"
#include "worker/core/task/layout_fixture.h"
#include "worker/core/task/map_servers.h"
#include "worker/core/task/pull_plan.h"
#include "worker/core/task/push_plan.h"

namespace paceline::worker {
namespace {

uint64_t KeysOf(const v1::PushBlock& block) { return block.rows(); }
uint64_t KeysOf(const v1::PullBlock& block) { return block.keys(); }

// The pieces of key lists are those of the blocks that name them, in order; returns the
// names by shard.
template <typename Frame>
std::map<uint32_t, uint64_t> NamesIn(const Frame& frame) {
  std::map<uint32_t, uint64_t> names;
  size_t piece = 0;
  for (const auto& block : frame.header.blocks()) {
    CHECK_FALSE(block.keys_held());
    CHECK((block.key_list() != 0) == (KeysOf(block) >= kLeastListedKeys));
    if (block.key_list() == 0) continue;
    while (piece < frame.payload.size() && !frame.payload[piece].key_list) ++piece;
    REQUIRE(piece < frame.payload.size());
    const PayloadPiece& keys = frame.payload[piece++];
    CHECK(keys.size == KeysOf(block) * sizeof(uint64_t));
    CHECK(KeyListHash({keys.data, keys.size}) == block.key_list());
    names[block.shard()] = block.key_list();
  }
  for (; piece < frame.payload.size(); ++piece) CHECK_FALSE(frame.payload[piece].key_list);
  return names;
}

TEST_CASE("buckets of many keys name their list, the same in pushes and pulls") {
  const v1::Codec codec = GENERATE(v1::CODEC_FLOAT32, v1::CODEC_BF16);
  std::vector<v1::TableSpec> tables = {SparseTable("s", 3)};
  tables[0].set_push_codec(codec);
  const v1::ShardMap map = MapOf(tables, 2);
  REQUIRE_OK_AND_ASSIGN(const ShardLayout layout, ShardLayout::Create(map, tables));
  // 64 buckets, some of which get fewer than 64 keys.
  std::set<uint64_t> keys;
  for (uint64_t i = 0; i < 64 * kLeastListedKeys; ++i) keys.insert(RandomBelow(1 << 30, 7, 1, i));
  Parameters parameters;
  ShapeParameters(layout, {{keys.begin(), keys.end()}}, &parameters);
  const auto gradient = std::make_shared<TableRows>(parameters[0]);

  PushPlan plan(&layout, Context(4), {.target = 10000});
  std::vector<PushFrame> pushes;
  REQUIRE_OK(plan.Add(0, gradient, &pushes));
  plan.Finish(&pushes);
  std::map<uint32_t, uint64_t> pushed;
  Store store;
  std::vector<std::set<uint32_t>> carried(2);
  for (const PushFrame& frame : pushes) {
    pushed.merge(NamesIn(frame));
    Receive(map, frame, &store, &carried);
  }
  CHECK(pushed.size() > 5);
  CHECK(pushed.size() < 60);
  CHECK(store.size() == keys.size());

  PullHeader header;
  header.context = Context(5);
  REQUIRE_OK_AND_ASSIGN(const std::vector<PullFrame> pulls,
                        PlanPull(layout, header, parameters, {}, {.target = 10000}));
  CHECK(pulls.size() > 2);
  std::map<uint32_t, uint64_t> pulled;
  for (const PullFrame& frame : pulls) {
    pulled.merge(NamesIn(frame));
    Answer(map, frame, store);
    // The few keys of neighbours share a piece.
    for (size_t i = 1; i < frame.payload.size(); ++i) {
      CHECK((frame.payload[i - 1].key_list || frame.payload[i].key_list));
    }
  }
  CHECK(pulled == pushed);
}

}  // namespace
}  // namespace paceline::worker
