#include "worker/core/models/cnn/batch_norm.h"

#include <catch2/catch.hpp>
#include <cmath>
#include <random>
#include <vector>

#include "absl/types/span.h"

namespace paceline::worker {
namespace {

using Floats = std::vector<float>;

TEST_CASE("channels get mean shift and deviation scale, and say what they had") {
  BatchNorm norm(2);
  Floats x = {1, 10, 3, 10, 5, 10, 7, 10};
  norm.Forward(Floats{2, 3}, Floats{0.5f, -1}, absl::MakeSpan(x));
  CHECK(norm.mean()[0] == 4);
  CHECK(norm.variance()[0] == 5);
  CHECK(norm.mean()[1] == 10);
  CHECK(norm.variance()[1] == 0);
  for (int i = 0; i < 4; ++i) {
    CHECK(x[2 * i] == Approx(2 * (2 * i - 3) / std::sqrt(5.00001) + 0.5));
    // A channel that is the same everywhere is its shift.
    CHECK(x[2 * i + 1] == -1);
  }
}

TEST_CASE("statistics of values far from zero are exact enough") {
  BatchNorm norm(1);
  Floats x;
  for (int i = 0; i < 100000; ++i) x.push_back(1000 + static_cast<float>(i % 2));
  norm.Forward(Floats{1}, Floats{0}, absl::MakeSpan(x));
  CHECK(norm.mean()[0] == Approx(1000.5));
  CHECK(norm.variance()[0] == Approx(0.25));
}

TEST_CASE("gradients are those of central differences") {
  std::mt19937 random(3);
  std::uniform_real_distribution<float> uniform(-1, 1);
  const size_t rows = 7;
  const uint32_t channels = 3;
  Floats x(rows * channels);
  Floats g(x.size());
  Floats scale(channels);
  Floats shift(channels);
  for (Floats* values : {&x, &g, &scale, &shift}) {
    for (float& value : *values) value = uniform(random);
  }
  // Sum of g * y, in float64.
  const auto loss = [&](const std::vector<double>& at, const std::vector<double>& by,
                        const std::vector<double>& plus) {
    double sum = 0;
    for (uint32_t c = 0; c < channels; ++c) {
      double mean = 0;
      double variance = 0;
      for (size_t r = 0; r < rows; ++r) mean += at[r * channels + c] / rows;
      for (size_t r = 0; r < rows; ++r) {
        variance += (at[r * channels + c] - mean) * (at[r * channels + c] - mean) / rows;
      }
      for (size_t r = 0; r < rows; ++r) {
        const double normal = (at[r * channels + c] - mean) / std::sqrt(variance + 1e-5);
        sum += g[r * channels + c] * (by[c] * normal + plus[c]);
      }
    }
    return sum;
  };
  std::vector<std::vector<double>> at = {
      {x.begin(), x.end()}, {scale.begin(), scale.end()}, {shift.begin(), shift.end()}};
  std::vector<std::vector<double>> wanted = at;
  for (size_t which = 0; which < at.size(); ++which) {
    for (size_t i = 0; i < at[which].size(); ++i) {
      const double h = 1e-5;
      const double value = at[which][i];
      at[which][i] = value + h;
      const double above = loss(at[0], at[1], at[2]);
      at[which][i] = value - h;
      const double below = loss(at[0], at[1], at[2]);
      at[which][i] = value;
      wanted[which][i] = (above - below) / (2 * h);
    }
  }
  BatchNorm norm(channels);
  norm.Forward(scale, shift, absl::MakeSpan(x));
  // Added to what is there.
  Floats scale_gradient(channels, 1);
  Floats shift_gradient(channels, 2);
  norm.Backward(scale, absl::MakeSpan(g), absl::MakeSpan(scale_gradient),
                absl::MakeSpan(shift_gradient));
  for (size_t i = 0; i < g.size(); ++i) CHECK(g[i] == Approx(wanted[0][i]).margin(1e-5));
  for (uint32_t c = 0; c < channels; ++c) {
    CHECK(scale_gradient[c] == Approx(1 + wanted[1][c]).margin(1e-5));
    CHECK(shift_gradient[c] == Approx(2 + wanted[2][c]).margin(1e-5));
  }
}

TEST_CASE("running statistics stand for those of a batch; one below 0 counts as 0") {
  Floats x = {1, 10, 3, 20};
  NormaliseByRunning(Floats{2, 1}, Floats{0.5f, 0}, Floats{1, 10}, Floats{4, -3},
                     absl::MakeSpan(x));
  CHECK(x[0] == 0.5f);
  CHECK(x[2] == Approx(2.5).epsilon(1e-5));
  CHECK(x[1] == 0);
  CHECK(x[3] == Approx(10 / std::sqrt(1e-5)));
}

TEST_CASE("running statistics settle, however long ranks use a copy of them") {
  const uint32_t staleness = GENERATE(0u, 4u, 19u, 40u, 1000u);
  CAPTURE(staleness);
  v1::ConsistencySpec consistency;
  consistency.set_policy(v1::POLICY_SSP);
  consistency.set_staleness(staleness);
  const float momentum = StatisticsMomentum(consistency);
  CHECK(momentum <= 0.1f);
  float running = 100;
  for (int copies = 0; copies < 200; ++copies) {
    const float copy = running;
    for (uint32_t t = 0; t <= staleness; ++t) running += momentum * (3 - copy);
  }
  CHECK(running == Approx(3).epsilon(1e-3));
  // Elsewhere, and with the default of ssp, it is the usual part.
  CHECK(StatisticsMomentum({}) == 0.1f);
  consistency.set_staleness(4);
  CHECK(StatisticsMomentum(consistency) == 0.1f);
  consistency.set_policy(v1::POLICY_BSP);
  consistency.set_staleness(1000);
  CHECK(StatisticsMomentum(consistency) == 0.1f);
}

TEST_CASE("no rows at all") {
  BatchNorm norm(1);
  Floats none;
  norm.Forward(Floats{1}, Floats{0}, absl::MakeSpan(none));
  Floats gradient = {3};
  norm.Backward(Floats{1}, absl::MakeSpan(none), absl::MakeSpan(gradient),
                absl::MakeSpan(gradient));
  CHECK(gradient[0] == 3);
}

}  // namespace
}  // namespace paceline::worker
