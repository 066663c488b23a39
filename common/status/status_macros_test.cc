#include "common/status/status_macros.h"

#include <catch2/catch.hpp>
#include <memory>
#include <string>

#include "common/status/status_matchers.h"

namespace paceline {
namespace {

absl::Status Fail() { return absl::NotFoundError("no such shard"); }

absl::StatusOr<std::unique_ptr<int>> Make(bool ok) {
  if (!ok) return absl::DataLossError("bad checksum");
  return std::make_unique<int>(7);
}

TEST_CASE("PL_RETURN_IF_ERROR returns the error and passes OK") {
  int steps = 0;
  const auto run = [&](bool fail) -> absl::Status {
    PL_RETURN_IF_ERROR(absl::OkStatus());
    ++steps;
    if (fail) PL_RETURN_IF_ERROR(Fail());
    ++steps;
    return absl::OkStatus();
  };
  REQUIRE_STATUS(run(true), absl::StatusCode::kNotFound, "no such shard");
  REQUIRE(steps == 1);
  REQUIRE_OK(run(false));
  REQUIRE(steps == 3);
}

TEST_CASE("PL_ASSIGN_OR_RETURN moves the value out, or returns the error") {
  const auto run = [](bool first, bool second) -> absl::StatusOr<int> {
    PL_ASSIGN_OR_RETURN(const std::unique_ptr<int> a, Make(first));
    std::unique_ptr<int> b;
    PL_ASSIGN_OR_RETURN(b, Make(second));
    return *a + *b;
  };
  REQUIRE_OK_AND_ASSIGN(const int sum, run(true, true));
  REQUIRE(sum == 14);
  REQUIRE_STATUS(run(false, true), absl::StatusCode::kDataLoss, "checksum");
  REQUIRE_STATUS(run(true, false), absl::StatusCode::kDataLoss, "checksum");
}

}  // namespace
}  // namespace paceline
