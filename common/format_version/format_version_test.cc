#include "common/format_version/format_version.h"

#include <catch2/catch.hpp>

#include "common/status/status_matchers.h"

namespace paceline {
namespace {

TEST_CASE("a reader takes its own and older formats, and names both when it refuses a newer") {
  for (uint64_t got = 1; got <= 3; ++got) CHECK_OK(CheckFormatVersion("file a", 3, got));
  CHECK_STATUS(CheckFormatVersion("file a", 3, 4), absl::StatusCode::kFailedPrecondition,
               "file a: format version 4, this program reads 1 to 3");
  CHECK_STATUS(CheckFormatVersion("file a", 3, 0), absl::StatusCode::kDataLoss, "format version 0");
}

}  // namespace
}  // namespace paceline
