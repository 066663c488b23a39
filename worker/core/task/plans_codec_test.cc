// Frames whose values are encoded.
#include <catch2/catch.hpp>
#include <memory>
#include <set>
#include <vector>

#include "common/random.h"
#include "common/status/status_matchers.h"
#include "worker/core/task/layout_fixture.h"
#include "worker/core/task/map_servers.h"
#include "worker/core/task/pull_plan.h"
#include "worker/core/task/push_plan.h"

namespace paceline::worker {
namespace {

TEST_CASE("values travel as their table's codec says, and as they are when that is asked for") {
  std::vector<v1::TableSpec> tables = {DenseTable("a", 300, 3), SparseTable("b", 5)};
  tables[0].set_push_codec(v1::CODEC_BF16);
  tables[0].set_pull_codec(v1::CODEC_FP16);
  tables[1].set_push_codec(v1::CODEC_INT8);
  tables[1].set_pull_codec(v1::CODEC_BF16);
  const v1::ShardMap map = MapOf(tables, 2);
  REQUIRE_OK_AND_ASSIGN(const ShardLayout layout, ShardLayout::Create(map, tables));
  const auto normal = [](uint64_t stream, uint64_t index) {
    return RandomNormal(3, stream, index);
  };
  const auto dense = std::make_shared<TableRows>();
  const auto sparse = std::make_shared<TableRows>();
  for (uint64_t i = 0; i < 300 * 3; ++i) dense->rows.push_back(normal(0, i));
  for (uint64_t key = 0; key < 1000; key += 3) sparse->keys.push_back(key);
  for (uint64_t i = 0; i < sparse->keys.size() * 5; ++i) sparse->rows.push_back(normal(1, i));

  PushPlan plan(&layout, Context(4));
  std::vector<PushFrame> frames;
  REQUIRE_OK(plan.Add(0, dense, &frames));
  REQUIRE_OK(plan.Add(1, sparse, &frames));
  plan.Finish(&frames);
  Store store;
  std::vector<std::set<uint32_t>> carried(2);
  uint64_t bytes = 0;
  for (const PushFrame& frame : frames) {
    Receive(map, frame, &store, &carried);
    bytes += frame.payload_bytes;
  }
  // Less than half of float32's.
  CHECK(bytes < (dense->rows.size() + sparse->rows.size()) * 2 + sparse->keys.size() * 8);
  for (uint64_t row = 0; row < 300; ++row) {
    for (uint64_t i = 0; i < 3; ++i) {
      const float sent = dense->rows[row * 3 + i];
      REQUIRE(store[{0, row}][i] == Approx(sent).epsilon(1.0 / 256));
    }
  }
  for (size_t k = 0; k < sparse->keys.size(); ++k) {
    for (size_t i = 0; i < 5; ++i) {
      REQUIRE(store[{1, sparse->keys[k]}][i] == Approx(sparse->rows[k * 5 + i]).margin(0.02));
    }
  }

  for (const bool exact : {false, true}) {
    PullHeader header;
    header.context = Context(5);
    header.exact = exact;
    Parameters parameters;
    ShapeParameters(layout, {{}, sparse->keys}, &parameters);
    REQUIRE_OK_AND_ASSIGN(const std::vector<PullFrame> pulls, PlanPull(layout, header, parameters));
    for (const PullFrame& frame : pulls) {
      const auto [response, payload] = Answer(map, frame, store);
      const StringReader reader{payload};
      REQUIRE_OK(Scatter(layout, frame, response, payload.size(), reader, &parameters));
    }
    for (uint64_t row = 0; row < 300; ++row) {
      for (uint64_t i = 0; i < 3; ++i) {
        const float want = store[{0, row}][i];
        const float got = parameters[0].rows[row * 3 + i];
        REQUIRE(got == (exact ? Approx(want).epsilon(0) : Approx(want).epsilon(1.0 / 2048)));
      }
    }
    for (size_t k = 0; k < sparse->keys.size(); ++k) {
      for (size_t i = 0; i < 5; ++i) {
        const float want = store[{1, sparse->keys[k]}][i];
        const float got = parameters[1].rows[k * 5 + i];
        REQUIRE(got == (exact ? Approx(want).epsilon(0) : Approx(want).epsilon(1.0 / 256)));
      }
    }
  }
}

}  // namespace
}  // namespace paceline::worker
