#include "worker/core/models/counting/counting.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <set>
#include <vector>

namespace paceline::worker {
namespace {

TEST_CASE("a push touches row 0 and up to three further, distinct rows") {
  for (const uint64_t rows : {1, 2, 3, 64, 1000003}) {
    size_t most = 0;
    for (uint32_t rank = 0; rank < 3; ++rank) {
      for (uint64_t t = 0; t < 200; ++t) {
        const std::vector<uint64_t> touched = CountingRows(rows, rank, t);
        REQUIRE(touched.front() == 0);
        REQUIRE(touched.back() < rows);
        REQUIRE(std::set<uint64_t>(touched.begin(), touched.end()).size() == touched.size());
        REQUIRE(std::is_sorted(touched.begin(), touched.end()));
        REQUIRE(touched == CountingRows(rows, rank, t));
        most = std::max(most, touched.size());
      }
    }
    CHECK(most == std::min<uint64_t>(rows, 1 + kCountingPicks));
  }
}

TEST_CASE("the rows tell pushes apart") {
  std::set<std::vector<uint64_t>> seen;
  for (uint32_t rank = 0; rank < 4; ++rank) {
    for (uint64_t t = 0; t < 250; ++t) seen.insert(CountingRows(1000003, rank, t));
  }
  CHECK(seen.size() == 1000);
}

TEST_CASE("the expected values are the pushes summed by hand") {
  v1::JobSpec spec;
  spec.mutable_model()->set_rows(16);
  std::vector<uint64_t> sum(16, 0);
  for (uint64_t t = 0; t < 100; ++t) {
    for (const uint64_t row : CountingRows(16, 2, t)) ++sum[row];
  }
  CHECK(ExpectedCounting(spec, 2, 100) == sum);
  CHECK(sum[0] == 100);
  CHECK(*std::min_element(sum.begin(), sum.end()) > 0);
  CHECK(ExpectedCounting(spec, 3, 100) != sum);
  CHECK(ExpectedCounting(spec, 2, 0) == std::vector<uint64_t>(16, 0));
}

}  // namespace
}  // namespace paceline::worker
