// Layer norm against float64 and central differences, at every SIMD level of this machine.
#include "worker/core/models/lm/layer_norm.h"

#include <catch2/catch.hpp>
#include <cmath>
#include <random>
#include <vector>

#include "common/vector_targets.h"

namespace paceline::worker {
namespace {

std::vector<float> Random(size_t n, uint32_t seed) {
  std::mt19937 random(seed);
  std::uniform_real_distribution<float> value(-2, 2);
  std::vector<float> values(n);
  for (float& x : values) x = value(random);
  return values;
}

std::vector<double> Plain(const std::vector<double>& x, const std::vector<double>& gain,
                          const std::vector<double>& bias) {
  const size_t width = gain.size();
  std::vector<double> y(x.size());
  for (size_t at = 0; at < x.size(); at += width) {
    double mean = 0;
    double square = 0;
    for (size_t i = 0; i < width; ++i) mean += x[at + i] / width;
    for (size_t i = 0; i < width; ++i) square += x[at + i] * x[at + i] / width;
    const double deviation = std::sqrt(square - mean * mean + 1e-5);
    for (size_t i = 0; i < width; ++i) {
      y[at + i] = gain[i] * (x[at + i] - mean) / deviation + bias[i];
    }
  }
  return y;
}

std::vector<double> Wide(const std::vector<float>& x) { return {x.begin(), x.end()}; }

TEST_CASE("rows of every width are normalised, and so are gradients") {
  ForEachVectorTarget([](const char* target) {
    for (const size_t width : {2, 3, 8, 16, 19, 48}) {
      INFO(target << " width " << width);
      const size_t rows = 3;
      const auto x = Random(rows * width, 1);
      const auto gain = Random(width, 2);
      const auto bias = Random(width, 3);
      std::vector<float> normal(rows * width), y(rows * width), inverse(rows);
      LayerNorm(rows, width, x.data(), gain.data(), bias.data(), normal.data(), inverse.data(),
                y.data());
      const auto want = Plain(Wide(x), Wide(gain), Wide(bias));
      for (size_t i = 0; i < y.size(); ++i) CHECK(y[i] == Approx(want[i]).margin(1e-4));

      // Of the sum of dy * y. All three are added to what was there.
      const auto dy = Random(rows * width, 4);
      std::vector<float> dx(rows * width, 1), dgain(width, 2), dbias(width, 3);
      LayerNormGradient(rows, width, dy.data(), normal.data(), inverse.data(), gain.data(),
                        dx.data(), dgain.data(), dbias.data());
      const auto sum = [&](const std::vector<double>& at_x, const std::vector<double>& at_gain,
                           const std::vector<double>& at_bias) {
        const auto out = Plain(at_x, at_gain, at_bias);
        double total = 0;
        for (size_t i = 0; i < out.size(); ++i) total += dy[i] * out[i];
        return total;
      };
      const auto check = [&](int which, const std::vector<float>& got, double offset) {
        std::vector<std::vector<double>> at = {Wide(x), Wide(gain), Wide(bias)};
        for (size_t i = 0; i < got.size(); ++i) {
          const double h = 1e-5;
          at[which][i] += h;
          const double above = sum(at[0], at[1], at[2]);
          at[which][i] -= 2 * h;
          const double below = sum(at[0], at[1], at[2]);
          at[which][i] += h;
          const double slope = (above - below) / (2 * h);
          CHECK(got[i] - offset == Approx(slope).margin(1e-3 * (1 + std::abs(slope))));
        }
      };
      check(0, dx, 1);
      check(1, dgain, 2);
      check(2, dbias, 3);
    }
  });
}

TEST_CASE("a row without any spread becomes the bias") {
  const std::vector<float> x(4, 3), gain(4, 2), bias = {1, 2, 3, 4};
  std::vector<float> normal(4), y(4), inverse(1);
  LayerNorm(1, 4, x.data(), gain.data(), bias.data(), normal.data(), inverse.data(), y.data());
  CHECK(y == bias);
}

}  // namespace
}  // namespace paceline::worker
