#include "server/core/round_aggregator.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <limits>
#include <numeric>
#include <random>
#include <string>
#include <vector>

#include "common/status/status_matchers.h"

namespace paceline::server {
namespace {

constexpr uint64_t kRows = 3;
constexpr uint32_t kDim = 2;

v1::TableSpec Table(v1::TableKind kind) {
  v1::TableSpec table;
  table.set_name("w");
  table.set_kind(kind);
  table.set_rows(kind == v1::TABLE_KIND_DENSE ? 100 : 0);
  table.set_dim(kDim);
  return table;
}

v1::ShardSpec DenseShard() {
  v1::ShardSpec shard;
  shard.set_first_row(40);
  shard.set_rows(kRows);
  return shard;
}

template <typename T>
std::string Bytes(const std::vector<T>& values) {
  return std::string(reinterpret_cast<const char*>(values.data()), values.size() * sizeof(T));
}

Gradient Dense(const std::vector<float>& values) {
  return Gradient{.keys = {}, .values = Payload::Of(Bytes(values))};
}

std::vector<float> Sum(RoundAggregator& round) {
  const absl::Span<const float> sum = round.sum();
  return std::vector<float>(sum.begin(), sum.end());
}

TEST_CASE("sums in the order of the ranks, whatever the order of arrival") {
  // (1e8 + 1) - 1e8 differs from (1e8 - 1e8) + 1 in float32.
  const std::vector<std::vector<float>> gradients = {
      {1e8f, 1, 2, 3, 4, 5}, {1, 1, 1, 1, 1, 1}, {-1e8f, 0.1f, 0.2f, 0.3f, 0.4f, 0.5f}};
  std::vector<float> expected(kRows * kDim, 0.0f);
  for (const auto& gradient : gradients) {
    for (size_t i = 0; i < expected.size(); ++i) expected[i] += gradient[i];
  }
  std::vector<uint32_t> order = {0, 1, 2};
  do {
    MemoryBudget budget(1000, "--fold-limit");
    RoundAggregator round(Table(v1::TABLE_KIND_DENSE), DenseShard(), 3, &budget);
    for (const uint32_t rank : order) {
      CHECK_FALSE(round.complete());
      CHECK_FALSE(round.Has(rank));
      REQUIRE_OK(round.Add(rank, Dense(gradients[rank])));
      CHECK(round.Has(rank));
    }
    REQUIRE(round.complete());
    CHECK(Sum(round) == expected);
    CHECK(budget.used() == 0);
  } while (std::next_permutation(order.begin(), order.end()));
}

TEST_CASE("sparse sums are the union of the keys") {
  MemoryBudget budget(1000, "--fold-limit");
  RoundAggregator round(Table(v1::TABLE_KIND_SPARSE), v1::ShardSpec(), 2, &budget);
  REQUIRE_OK(round.Add(
      1, Gradient{.keys = SharedKeys({3, 9}), .values = Payload::Of(Bytes<float>({1, 2, 3, 4}))}));
  REQUIRE_OK(round.Add(0, Gradient{.keys = SharedKeys({3, 5}),
                                   .values = Payload::Of(Bytes<float>({10, 20, 30, 40}))}));
  REQUIRE(round.complete());
  CHECK(std::vector<uint64_t>(round.keys().begin(), round.keys().end()) ==
        std::vector<uint64_t>{3, 5, 9});
  CHECK(Sum(round) == std::vector<float>{11, 22, 30, 40, 3, 4});
  round.NextRound();
  CHECK(round.keys().empty());
  CHECK(round.sum().empty());
}

TEST_CASE("what comes early is bounded, the rank whose turn it is never") {
  const uint64_t bytes = kRows * kDim * sizeof(float);
  MemoryBudget budget(bytes, "--fold-limit");
  RoundAggregator round(Table(v1::TABLE_KIND_DENSE), DenseShard(), 3, &budget);
  const Gradient gradient = Dense({1, 1, 1, 1, 1, 1});
  REQUIRE_OK(round.Add(1, gradient));
  CHECK(budget.used() == bytes);
  REQUIRE_STATUS(round.Add(2, gradient), absl::StatusCode::kResourceExhausted, "--fold-limit");
  CHECK_FALSE(round.Has(2));
  // An empty one needs no room.
  REQUIRE_OK(round.Add(0, gradient));
  CHECK(budget.used() == 0);
  REQUIRE_OK(round.Add(2, gradient));
  REQUIRE(round.complete());
  CHECK(Sum(round) == std::vector<float>{3, 3, 3, 3, 3, 3});
}

TEST_CASE("the budget comes back with the aggregator") {
  MemoryBudget budget(1000, "--fold-limit");
  {
    RoundAggregator round(Table(v1::TABLE_KIND_DENSE), DenseShard(), 2, &budget);
    REQUIRE_OK(round.Add(1, Dense({1, 1, 1, 1, 1, 1})));
    CHECK(budget.used() > 0);
  }
  CHECK(budget.used() == 0);
}

TEST_CASE("empty updates and finished ranks complete a round") {
  MemoryBudget budget(1000, "--fold-limit");
  RoundAggregator round(Table(v1::TABLE_KIND_DENSE), DenseShard(), 3, &budget);
  REQUIRE_OK(round.Add(2, Gradient()));
  REQUIRE_OK(round.Add(0, Gradient()));
  CHECK_FALSE(round.complete());
  SECTION("nobody had values") {
    REQUIRE_OK(round.Add(1, Gradient()));
    REQUIRE(round.complete());
    CHECK(round.sum().empty());
  }
  SECTION("a rank finishes before its turn") {
    round.Finish(1);
    round.Finish(1);
    REQUIRE(round.complete());
    round.NextRound();
    CHECK_FALSE(round.complete());
    REQUIRE_OK(round.Add(0, Gradient()));
    REQUIRE_OK(round.Add(2, Dense({1, 2, 3, 4, 5, 6})));
    REQUIRE(round.complete());
    CHECK(Sum(round) == std::vector<float>{1, 2, 3, 4, 5, 6});
  }
  SECTION("a rank finishes after its update is in") {
    round.Finish(0);
    REQUIRE_OK(round.Add(1, Gradient()));
    REQUIRE(round.complete());
    round.NextRound();
    REQUIRE_OK(round.Add(1, Gradient()));
    CHECK_FALSE(round.complete());
    REQUIRE_OK(round.Add(2, Gradient()));
    CHECK(round.complete());
  }
  SECTION("all finish: there is no further round") {
    REQUIRE_OK(round.Add(1, Gradient()));
    for (const uint32_t rank : {0, 1, 2}) round.Finish(rank);
    CHECK(round.complete());
    round.NextRound();
    CHECK_FALSE(round.complete());
  }
}

TEST_CASE("a value that is not finite is left out and named with its rank") {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  MemoryBudget budget(1000, "--fold-limit");
  RoundAggregator round(Table(v1::TABLE_KIND_DENSE), DenseShard(), 2, &budget);
  REQUIRE_OK(round.Add(1, Dense({1, 1, 1, nan, 1, 1})));
  REQUIRE_OK(round.Add(0, Dense({1, 1, 1, 1, 1, 1})));
  REQUIRE(round.complete());
  CHECK(Sum(round) == std::vector<float>{2, 2, 2, 1, 2, 2});
  REQUIRE(round.masked().has_value());
  CHECK(round.masked()->rank == 1);
  CHECK(round.masked()->at == NonFinite{.row = 41, .column = 1});
  round.NextRound();
  CHECK_FALSE(round.masked().has_value());
}

}  // namespace
}  // namespace paceline::server
