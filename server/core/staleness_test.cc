#include "server/core/staleness.h"

#include <catch2/catch.hpp>

namespace paceline::server {
namespace {

TEST_CASE("staleness is counted by its bounds, and told as a histogram") {
  Staleness one;
  for (const uint64_t iterations : {0, 0, 1, 2, 3, 4, 5, 512, 513, 9000}) one.Add(iterations);
  Staleness both;
  both.Merge(one);
  both.Merge(one);
  v1::ServerJobReport report;
  both.Fill(&report);
  CHECK(report.staleness_count() == 20);
  CHECK(report.staleness_sum() == 2 * 10040);
  CHECK(report.staleness_max() == 9000);
  const v1::Histogram& histogram = report.staleness();
  CHECK(std::vector<double>(histogram.bounds().begin(), histogram.bounds().end()) ==
        std::vector<double>{0, 1, 2, 4, 8, 16, 32, 64, 128, 256, 512});
  // 0; 1; 2; 3 and 4; 5; ..; 512; above.
  CHECK(std::vector<uint64_t>(histogram.counts().begin(), histogram.counts().end()) ==
        std::vector<uint64_t>{4, 2, 2, 4, 2, 0, 0, 0, 0, 0, 2, 4});
  CHECK(histogram.sum() == 2 * 10040);
}

TEST_CASE("nothing applied is a histogram of zeros") {
  v1::ServerJobReport report;
  Staleness().Fill(&report);
  CHECK(report.staleness_count() == 0);
  CHECK(report.staleness().counts_size() == 12);
}

}  // namespace
}  // namespace paceline::server
