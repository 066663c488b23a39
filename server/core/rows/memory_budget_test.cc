#include "server/core/rows/memory_budget.h"

#include <catch2/catch.hpp>

#include "common/status/status_matchers.h"

namespace paceline::server {
namespace {

TEST_CASE("A budget gives what is left, whole or not at all") {
  MemoryBudget budget(100, "--table-memory");
  REQUIRE_OK(budget.Reserve(60, "a"));
  REQUIRE_OK(budget.Reserve(40, "b"));
  CHECK_STATUS(budget.Reserve(1, "table \"c\""), absl::StatusCode::kResourceExhausted,
               "table \"c\": 1 bytes more would pass the limit of 100 (--table-memory); 100 are");
  CHECK(budget.used() == 100);
  budget.Release(41);
  CHECK_STATUS(budget.Reserve(42, "d"), absl::StatusCode::kResourceExhausted, "d");
  CHECK_STATUS(budget.Reserve(~uint64_t{0}, "e"), absl::StatusCode::kResourceExhausted, "e");
  CHECK(budget.used() == 59);
  REQUIRE_OK(budget.Reserve(41, "f"));
}

TEST_CASE("Without a limit a budget only counts") {
  MemoryBudget budget(0, "");
  REQUIRE_OK(budget.Reserve(uint64_t{1} << 50, "a"));
  CHECK(budget.used() == uint64_t{1} << 50);
  CHECK(budget.limit() == 0);
}

}  // namespace
}  // namespace paceline::server
