// Rotary positions against complex numbers, and their one promise: products know distances.
#include "worker/core/models/lm/rotary.h"

#include <catch2/catch.hpp>
#include <cmath>
#include <complex>
#include <random>
#include <vector>

namespace paceline::worker {
namespace {

std::vector<float> Random(size_t n, uint32_t seed) {
  std::mt19937 random(seed);
  std::uniform_real_distribution<float> value(-1, 1);
  std::vector<float> values(n);
  for (float& x : values) x = value(random);
  return values;
}

TEST_CASE("pairs are turned like complex numbers, and back") {
  for (const uint64_t width : {2, 6, 32}) {
    const uint64_t positions = 100;
    const Rotary rotary(128, width);
    const std::vector<float> x = Random(positions * width, 1);
    std::vector<float> turned = x;
    rotary.Turn(positions, turned.data());
    for (uint64_t t = 0; t < positions; ++t) {
      for (uint64_t i = 0; i < width / 2; ++i) {
        const uint64_t a = t * width + i;
        const uint64_t b = a + width / 2;
        const double angle =
            static_cast<double>(t) / std::pow(10000.0, 2.0 * static_cast<double>(i) / width);
        const auto want = std::complex<double>(x[a], x[b]) * std::polar(1.0, angle);
        CHECK(turned[a] == Approx(want.real()).margin(1e-6));
        CHECK(turned[b] == Approx(want.imag()).margin(1e-6));
      }
    }
    rotary.TurnBack(positions, turned.data());
    for (uint64_t i = 0; i < x.size(); ++i) CHECK(turned[i] == Approx(x[i]).margin(1e-6));
  }
}

TEST_CASE("the product of a query and a key depends on their distance alone") {
  const uint64_t width = 8;
  const uint64_t positions = 64;
  const Rotary rotary(positions, width);
  const std::vector<float> query = Random(width, 2);
  const std::vector<float> key = Random(width, 3);
  std::vector<float> queries, keys;
  for (uint64_t t = 0; t < positions; ++t) {
    queries.insert(queries.end(), query.begin(), query.end());
    keys.insert(keys.end(), key.begin(), key.end());
  }
  rotary.Turn(positions, queries.data());
  rotary.Turn(positions, keys.data());
  const auto product = [&](uint64_t i, uint64_t j) {
    double sum = 0;
    for (uint64_t c = 0; c < width; ++c) sum += queries[i * width + c] * keys[j * width + c];
    return sum;
  };
  for (uint64_t i = 5; i < positions; ++i) {
    CHECK(product(i, i - 5) == Approx(product(5, 0)).margin(1e-5));
  }
  CHECK(std::abs(product(9, 0) - product(5, 0)) > 1e-3);
}

}  // namespace
}  // namespace paceline::worker
