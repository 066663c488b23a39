#include "common/metrics/histogram.h"

#include <catch2/catch.hpp>
#include <cmath>
#include <limits>
#include <thread>

namespace paceline::metrics {
namespace {

TEST_CASE("a value counts below the first bound that is not smaller") {
  Histogram histogram({0, 1, 2});
  for (const double value : {-1.0, 0.0, 0.5, 1.0, 1.5, 2.0, 2.5, 1e9}) histogram.Observe(value);
  histogram.Observe(std::nan(""));
  const Buckets read = histogram.Read();
  CHECK(read.bounds == std::vector<double>{0, 1, 2});
  CHECK(read.counts == std::vector<uint64_t>{2, 2, 2, 2});
  CHECK(read.count() == 8);
  CHECK(read.sum == Approx(1e9 + 6.5));
}

TEST_CASE("bounds are the numbers that people expect") {
  CHECK(ExponentialBounds(0.001, 10, 6) == std::vector<double>{0.001, 0.01, 0.1, 1, 10, 100});
  CHECK(ExponentialBounds(1, 2, 4) == std::vector<double>{1, 2, 4, 8});
}

TEST_CASE("merging adds up; what is empty changes nothing") {
  Histogram histogram({1});
  histogram.Observe(0.5);
  histogram.Observe(3);
  Buckets sum;
  sum.Merge(Buckets());
  CHECK(sum.count() == 0);
  sum.Merge(histogram.Read());
  sum.Merge(histogram.Read());
  sum.Merge(Buckets());
  CHECK(sum.bounds == std::vector<double>{1});
  CHECK(sum.counts == std::vector<uint64_t>{2, 2});
  CHECK(sum.sum == Approx(7));
}

TEST_CASE("no observation of several threads is lost") {
  Histogram histogram({10, 20});
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      for (int value = 0; value < 3000; ++value) histogram.Observe(value % 30);
    });
  }
  for (std::thread& thread : threads) thread.join();
  const Buckets read = histogram.Read();
  CHECK(read.counts == std::vector<uint64_t>{4 * 1100, 4 * 1000, 4 * 900});
  CHECK(read.sum == Approx(4 * 100 * 435));
}

}  // namespace
}  // namespace paceline::metrics
