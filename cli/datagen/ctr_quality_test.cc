#include "cli/datagen/ctr_quality.h"

#include <catch2/catch.hpp>
#include <cmath>
#include <random>
#include <utility>
#include <vector>

namespace paceline::cli {
namespace {

TEST_CASE("loss, rate and auc of a few") {
  CtrQuality quality;
  quality.Add(0.9, true);
  quality.Add(0.8, false);
  quality.Add(0.3, true);
  quality.Add(0.1, false);
  CHECK(quality.count() == 4);
  CHECK(quality.positive_rate() == 0.5);
  CHECK(quality.log_loss() ==
        Approx(-(std::log(0.9) + std::log(0.2) + std::log(0.3) + std::log(0.9)) / 4));
  CHECK(quality.auc() == 0.75);
  quality.Add(0.3, false);
  CHECK(quality.auc() == Approx((3 + 1.5) / 6));
}

TEST_CASE("labels of one kind") {
  CtrQuality quality;
  quality.Add(0.9, true);
  CHECK(quality.auc() == 0.5);
}

TEST_CASE("auc is that of all pairs") {
  std::mt19937_64 random(3);
  CtrQuality quality;
  std::vector<std::pair<double, bool>> all;
  for (int i = 0; i < 500; ++i) {
    const double p = static_cast<double>(random() % 999 + 1) / 1000;
    const bool label = static_cast<double>(random() % 1000) / 1000 < p;
    quality.Add(p, label);
    all.emplace_back(p, label);
  }
  double right = 0;
  double pairs = 0;
  for (const auto& [p, label] : all) {
    for (const auto& [q, other] : all) {
      if (!label || other) continue;
      ++pairs;
      right += p > q ? 1 : p == q ? 0.5 : 0;
    }
  }
  CHECK(quality.auc() == Approx(right / pairs));
}

}  // namespace
}  // namespace paceline::cli
