#include "worker/core/math/point_table.h"

#include <catch2/catch.hpp>
#include <random>
#include <vector>

namespace paceline::worker {
namespace {

TEST_CASE("distances are plain sums, to the bit") {
  std::mt19937 random(1);
  std::normal_distribution<double> normal(0, 100);
  for (const uint64_t points : {1, 2, 10, 15, 16, 17, 64, 100}) {
    for (const uint64_t dim : {1, 2, 3, 31, 784}) {
      PointTable table(points, dim);
      CHECK(table.points() == points);
      CHECK(table.dim() == dim);
      std::vector<double> plain(points * dim);
      for (uint64_t p = 0; p < points; ++p) {
        for (uint64_t f = 0; f < dim; ++f) {
          plain[p * dim + f] = normal(random);
          table.Set(p, f, plain[p * dim + f]);
        }
      }
      std::vector<float> x(dim);
      for (float& value : x) value = static_cast<float>(normal(random));
      std::vector<double> distances(points, -1);
      table.Distances(x, absl::MakeSpan(distances));
      for (uint64_t p = 0; p < points; ++p) {
        double sum = 0;
        for (uint64_t f = 0; f < dim; ++f) {
          const double difference = x[f] - plain[p * dim + f];
          const double square = difference * difference;
          sum += square;
        }
        INFO("point " << p << " of " << points << ", dim " << dim);
        REQUIRE(distances[p] == sum);
      }
    }
  }
}

TEST_CASE("a table of no points has no distances, and points start at the origin") {
  PointTable none(0, 3);
  std::vector<double> distances;
  none.Distances({1, 2, 3}, absl::MakeSpan(distances));
  PointTable two(2, 2);
  distances.resize(2);
  two.Distances({3, 4}, absl::MakeSpan(distances));
  CHECK(distances == std::vector<double>{25, 25});
}

}  // namespace
}  // namespace paceline::worker
