// Softmax rows against float64, at every SIMD level of this machine.
#include "worker/core/math/softmax_rows.h"

#include <catch2/catch.hpp>
#include <cmath>
#include <random>
#include <vector>

#include "common/vector_targets.h"

namespace paceline::worker {
namespace {

std::vector<float> Random(size_t n, uint32_t seed) {
  std::mt19937 random(seed);
  std::uniform_real_distribution<float> value(-8, 8);
  std::vector<float> values(n);
  for (float& x : values) x = value(random);
  return values;
}

// Softmax of scale * z over its first n values; 0 behind them.
std::vector<double> Plain(double scale, const float* z, size_t n, size_t columns,
                          double* log_sum = nullptr) {
  std::vector<double> p(columns, 0);
  double sum = 0;
  for (size_t i = 0; i < n; ++i) sum += p[i] = std::exp(scale * z[i]);
  for (double& value : p) value /= sum;
  if (log_sum != nullptr) *log_sum = std::log(sum);
  return p;
}

TEST_CASE("rows of every length are softmaxes, with the logarithm of their sum") {
  ForEachVectorTarget([](const char* target) {
    INFO(target);
    for (const size_t columns : {1, 2, 3, 7, 8, 15, 16, 17, 31, 33, 64, 256}) {
      const size_t rows = 3;
      const std::vector<float> z = Random(rows * columns, static_cast<uint32_t>(columns));
      std::vector<float> p = z;
      std::vector<double> log_sums(rows);
      SoftmaxRows(rows, columns, p.data(), log_sums.data());
      for (size_t row = 0; row < rows; ++row) {
        double log_sum = 0;
        const auto want = Plain(1, &z[row * columns], columns, columns, &log_sum);
        CHECK(log_sums[row] == Approx(log_sum).margin(2e-6));
        for (size_t i = 0; i < columns; ++i) {
          CHECK(p[row * columns + i] == Approx(want[i]).margin(1e-6));
        }
      }
    }
  });
}

TEST_CASE("a causal row sees its own position and those before it") {
  ForEachVectorTarget([](const char* target) {
    INFO(target);
    for (const size_t first : {0, 1, 5, 16, 40}) {
      const size_t rows = 19;
      const size_t columns = first + rows + first % 3;
      const std::vector<float> z = Random(rows * columns, static_cast<uint32_t>(first));
      std::vector<float> p = z;
      CausalSoftmaxRows(0.5f, first, rows, columns, p.data());
      for (size_t row = 0; row < rows; ++row) {
        const auto want = Plain(0.5, &z[row * columns], first + row + 1, columns);
        for (size_t i = 0; i < columns; ++i) {
          CHECK(p[row * columns + i] == Approx(want[i]).margin(1e-6));
          if (i > first + row) CHECK(p[row * columns + i] == 0);
        }
      }
    }
  });
}

TEST_CASE("logits that are far out overflow nothing; a NaN stays seen") {
  std::vector<float> z = {1e30f, 0, -1e30f, 1000, 1000, 999};
  std::vector<double> log_sums(2);
  SoftmaxRows(2, 3, z.data(), log_sums.data());
  CHECK(z[0] == 1);
  CHECK(z[2] == 0);
  CHECK(z[3] == Approx(0.42231879));
  CHECK(log_sums[1] == Approx(1000 + std::log(2 + std::exp(-1))));
  for (size_t at = 0; at < 40; ++at) {
    std::vector<float> row = Random(40, 3);
    row[at] = NAN;
    SoftmaxRows(1, 40, row.data(), log_sums.data());
    for (const float value : row) CHECK(std::isnan(value));
  }
}

TEST_CASE("the gradient is that of the formula") {
  ForEachVectorTarget([](const char* target) {
    INFO(target);
    for (const size_t columns : {1, 5, 16, 37}) {
      std::vector<float> p = Random(2 * columns, 1);
      std::vector<double> log_sums(2);
      SoftmaxRows(2, columns, p.data(), log_sums.data());
      const std::vector<float> dp = Random(2 * columns, 2);
      std::vector<float> dz = dp;
      SoftmaxRowsGradient(0.25f, 2, columns, p.data(), dz.data());
      for (size_t row = 0; row < 2; ++row) {
        double sum = 0;
        for (size_t i = 0; i < columns; ++i) {
          sum += double{p[row * columns + i]} * dp[row * columns + i];
        }
        for (size_t i = row * columns; i < (row + 1) * columns; ++i) {
          CHECK(dz[i] == Approx(0.25 * p[i] * (dp[i] - sum)).margin(2e-6));
        }
      }
    }
  });
}

}  // namespace
}  // namespace paceline::worker
