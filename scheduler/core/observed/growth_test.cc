#include "scheduler/core/observed/growth.h"

#include <catch2/catch.hpp>
#include <vector>

namespace paceline::scheduler {
namespace {

v1::Histogram Make(const std::vector<double>& bounds, const std::vector<uint64_t>& counts,
                   double sum) {
  v1::Histogram histogram;
  histogram.mutable_bounds()->Assign(bounds.begin(), bounds.end());
  histogram.mutable_counts()->Assign(counts.begin(), counts.end());
  histogram.set_sum(sum);
  return histogram;
}

std::vector<uint64_t> Counts(const v1::Histogram& histogram) {
  return {histogram.counts().begin(), histogram.counts().end()};
}

TEST_CASE("what a counter has grown by") {
  CHECK(Growth(uint64_t{3}, uint64_t{5}) == 2);
  CHECK(Growth(uint64_t{3}, uint64_t{3}) == 0);
  CHECK(Growth(uint64_t{5}, uint64_t{3}) == 3);
  CHECK(Growth(1.5, 2.0) == 0.5);
  CHECK(Growth(2.0, 1.5) == 1.5);
}

TEST_CASE("a histogram is added up over reports and over processes") {
  const v1::Histogram first = Make({1, 2}, {1, 0, 0}, 0.5);
  const v1::Histogram second = Make({1, 2}, {2, 1, 4}, 30.5);
  const v1::Histogram of_another = Make({1, 2}, {1, 1, 1}, 7);
  v1::Histogram total;
  AddGrowth(v1::Histogram(), first, &total);
  AddGrowth(first, second, &total);
  CHECK(Counts(total) == std::vector<uint64_t>{2, 1, 4});
  CHECK(total.sum() == 30.5);
  // It began again without a word.
  AddGrowth(second, of_another, &total);
  CHECK(Counts(total) == std::vector<uint64_t>{3, 2, 5});
  CHECK(total.sum() == 37.5);
  CHECK(CountOf(total) == 10);
}

TEST_CASE("a histogram that is none, or another one, is left out") {
  v1::Histogram total;
  AddGrowth(v1::Histogram(), v1::Histogram(), &total);
  AddGrowth(v1::Histogram(), Make({1}, {1}, 1), &total);
  std::vector<double> bounds(kMaxBounds + 1);
  AddGrowth(v1::Histogram(), Make(bounds, std::vector<uint64_t>(bounds.size() + 1, 1), 1), &total);
  CHECK(total.bounds().empty());
  CHECK(CountOf(total) == 0);
  AddGrowth(v1::Histogram(), Make({1}, {1, 2}, 5), &total);
  AddGrowth(v1::Histogram(), Make({3}, {1, 2}, 5), &total);
  CHECK(Counts(total) == std::vector<uint64_t>{1, 2});
}

TEST_CASE("counts by kind are added up, and there are not too many kinds") {
  CountsByKind total;
  CountsByKind before;
  before["stale_epoch"] = 2;
  before["limit"] = 7;
  CountsByKind now;
  now["stale_epoch"] = 5;
  now["limit"] = 1;
  now["not_yet"] = 0;
  AddGrowth(before, now, &total);
  CHECK(total.at("stale_epoch") == 3);
  CHECK(total.at("limit") == 1);
  CHECK_FALSE(total.contains("not_yet"));
  for (size_t i = 0; i < 2 * kMaxKinds; ++i) now["kind" + std::to_string(i)] = 1;
  AddGrowth({}, now, &total);
  CHECK(total.size() == kMaxKinds);
}

}  // namespace
}  // namespace paceline::scheduler
