#include "worker/core/eval/auc.h"

#include <catch2/catch.hpp>
#include <cmath>
#include <limits>
#include <random>
#include <utility>
#include <vector>

namespace paceline::worker {
namespace {

using Scored = std::vector<std::pair<float, bool>>;

std::optional<double> Auc(const Scored& scored) {
  AucAccumulator auc;
  for (const auto& [score, positive] : scored) auc.Add(score, positive);
  return auc.Finish();
}

// By the definition: all pairs of a positive and a negative.
double Naive(const Scored& scored) {
  double right = 0;
  double pairs = 0;
  for (const auto& [a, a_positive] : scored) {
    for (const auto& [b, b_positive] : scored) {
      if (!a_positive || b_positive) continue;
      ++pairs;
      right += a > b ? 1 : a == b ? 0.5 : 0;
    }
  }
  return right / pairs;
}

TEST_CASE("the area by hand") {
  CHECK(Auc({{0.1f, false}, {0.9f, true}}) == 1);
  CHECK(Auc({{0.9f, false}, {0.1f, true}}) == 0);
  CHECK(Auc({{0.5f, false}, {0.5f, true}}) == 0.5);
  CHECK(Auc({{0.1f, false}, {0.4f, false}, {0.35f, true}, {0.8f, true}}) == 0.75);
  CHECK(Auc({{-0.0f, false}, {0.0f, true}}) == 0.5);
}

TEST_CASE("the area is exact, with many ties and few, against all pairs") {
  std::mt19937 random(11);
  for (int round = 0; round < 60; ++round) {
    const uint32_t n = 2 + random() % 150;
    const uint32_t levels = 1 + random() % (round % 2 == 0 ? 4 : 100000);
    Scored scored = {{0.5f, true}, {0.25f, false}};
    for (uint32_t i = 0; i < n; ++i) {
      scored.emplace_back(static_cast<float>(random() % levels) / static_cast<float>(levels),
                          random() % 3 == 0);
    }
    INFO("round " << round);
    CHECK(Auc(scored) == Approx(Naive(scored)).epsilon(1e-13));
  }
}

TEST_CASE("there is no area without both classes, or with a NaN") {
  CHECK_FALSE(Auc({}).has_value());
  CHECK_FALSE(Auc({{0.5f, true}, {0.6f, true}}).has_value());
  CHECK_FALSE(Auc({{0.5f, false}}).has_value());
  CHECK_FALSE(Auc({{0.5f, false}, {std::nanf(""), true}, {0.2f, true}}).has_value());
  const float inf = std::numeric_limits<float>::infinity();
  CHECK(Auc({{-inf, false}, {inf, true}}) == 1);
}

}  // namespace
}  // namespace paceline::worker
