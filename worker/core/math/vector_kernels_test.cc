#include "worker/core/math/vector_kernels.h"

#include <catch2/catch.hpp>
#include <cmath>
#include <limits>
#include <random>
#include <vector>

#include "absl/types/span.h"

namespace paceline::worker {
namespace {

using Floats = std::vector<float>;

constexpr size_t kLengths[] = {0, 1, 2, 3, 7, 8, 15, 16, 17, 31, 33, 64, 100, 1023};

Floats Random(size_t n, uint32_t seed) {
  std::mt19937 generator(seed);
  std::uniform_real_distribution<float> uniform(-1, 1);
  Floats values(n);
  for (float& value : values) value = uniform(generator);
  return values;
}

TEST_CASE("the SIMD level has a name") { CHECK_FALSE(SimdLevel().empty()); }

TEST_CASE("dot, scaled sum, scale and sum of squares agree with plain loops") {
  for (const size_t n : kLengths) {
    const Floats a = Random(n, 1);
    const Floats b = Random(n, 2);
    double dot = 0;
    double squares = 0;
    for (size_t i = 0; i < n; ++i) {
      dot += double{a[i]} * b[i];
      squares += double{a[i]} * a[i];
    }
    INFO("n = " << n);
    CHECK(Dot(a, b) == Approx(dot).margin(1e-4));
    CHECK(SumOfSquares(a) == Approx(squares).epsilon(1e-12));
    Floats y = b;
    AddScaled(0.3f, a, absl::MakeSpan(y));
    Floats scaled = a;
    ScaleBy(-2.5f, absl::MakeSpan(scaled));
    for (size_t i = 0; i < n; ++i) {
      REQUIRE(y[i] == Approx(b[i] + 0.3 * a[i]).margin(1e-6));
      REQUIRE(scaled[i] == -2.5f * a[i]);
    }
  }
}

TEST_CASE("sums do not depend on where the values lie in memory") {
  const Floats a = Random(1000, 1);
  const Floats b = Random(1000, 2);
  for (size_t shift = 1; shift < 16; ++shift) {
    Floats moved_a(shift, 9.0f);
    moved_a.insert(moved_a.end(), a.begin(), a.end());
    const absl::Span<const float> there = absl::MakeConstSpan(moved_a).subspan(shift);
    CHECK(Dot(there, b) == Dot(a, b));
    CHECK(SumOfSquares(there) == SumOfSquares(a));
  }
}

TEST_CASE("the sum of squares is finite exactly if every value is") {
  const float largest = std::numeric_limits<float>::max();
  CHECK(std::isfinite(SumOfSquares(Floats(1000, largest))));
  for (const float bad :
       {std::numeric_limits<float>::infinity(), -std::numeric_limits<float>::infinity(),
        std::numeric_limits<float>::quiet_NaN()}) {
    for (const size_t n : {1, 7, 16, 33}) {
      for (size_t at = 0; at < n; ++at) {
        Floats values(n, 1.0f);
        values[at] = bad;
        REQUIRE_FALSE(std::isfinite(SumOfSquares(values)));
      }
    }
  }
}

TEST_CASE("weighted rows are gathered and scattered in order") {
  const Floats values = {0.5f, -1.0f, 2.0f, 0.25f};
  const std::vector<uint64_t> rows = {4, 0, 2, 4};
  for (const size_t dim : {1, 2, 3, 10, 16, 31, 257}) {
    const Floats matrix = Random(5 * dim, 3);
    const Floats start = Random(dim, 4);
    Floats y = start;
    AddWeightedRows(values, rows, matrix.data(), absl::MakeSpan(y));
    Floats target = matrix;
    ScatterWeightedRows(values, rows, start, target.data());
    INFO("dim = " << dim);
    for (size_t j = 0; j < dim; ++j) {
      double sum = start[j];
      for (size_t k = 0; k < rows.size(); ++k) sum += values[k] * matrix[rows[k] * dim + j];
      REQUIRE(y[j] == Approx(sum).margin(1e-5));
      REQUIRE(target[4 * dim + j] == Approx(matrix[4 * dim + j] + 0.75 * start[j]).margin(1e-6));
      REQUIRE(target[0 * dim + j] == Approx(matrix[j] - start[j]).margin(1e-6));
      REQUIRE(target[1 * dim + j] == matrix[1 * dim + j]);
    }
  }
}

TEST_CASE("latent sums and gradients of a factorization machine") {
  for (const size_t k : {1, 3, 8, 31}) {
    const Floats v = Random(k, 5);
    const Floats sum = Random(k, 6);
    const Floats squares = Random(k, 7);
    Floats new_sum = sum;
    Floats new_squares = squares;
    AddLatent(1.5f, v, absl::MakeSpan(new_sum), absl::MakeSpan(new_squares));
    Floats gradient = squares;
    AddLatentGradient(0.5f, 1.5f, v, sum, absl::MakeSpan(gradient));
    for (size_t f = 0; f < k; ++f) {
      const double t = 1.5 * v[f];
      REQUIRE(new_sum[f] == Approx(sum[f] + t).margin(1e-6));
      REQUIRE(new_squares[f] == Approx(squares[f] + t * t).margin(1e-6));
      REQUIRE(gradient[f] == Approx(squares[f] + 0.75 * (sum[f] - t)).margin(1e-6));
    }
  }
}

}  // namespace
}  // namespace paceline::worker
