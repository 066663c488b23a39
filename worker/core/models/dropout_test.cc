#include "worker/core/models/dropout.h"

#include <catch2/catch.hpp>
#include <cmath>
#include <vector>

#include "absl/types/span.h"

namespace paceline::worker {
namespace {

std::vector<float> Ones(const Dropout& dropout, uint64_t site, uint64_t first, size_t n) {
  std::vector<float> values(n, 1);
  dropout.Apply(site, first, absl::MakeSpan(values));
  return values;
}

TEST_CASE("as many are dropped as asked for, and the mean stays") {
  for (const double probability : {0.1, 0.5, 0.9}) {
    const auto values = Ones(Dropout(probability, 1, 0, 0), 0, 0, 100000);
    double sum = 0;
    double dropped = 0;
    for (const float value : values) {
      sum += value;
      dropped += value == 0 ? 1 : 0;
      if (value != 0) CHECK(value == Approx(1 / (1 - probability)).epsilon(1e-3));
    }
    CHECK(dropped / 100000 == Approx(probability).margin(0.01));
    CHECK(sum / 100000 == Approx(1).margin(0.05));
  }
  CHECK(Ones(Dropout(0, 1, 0, 0), 0, 0, 100) == std::vector<float>(100, 1));
}

TEST_CASE("a mask is a function of seed, rank, iteration, site and place") {
  const auto mask = Ones(Dropout(0.5, 1, 2, 3), 4, 0, 64);
  CHECK(Ones(Dropout(0.5, 1, 2, 3), 4, 0, 64) == mask);
  CHECK(Ones(Dropout(0.5, 9, 2, 3), 4, 0, 64) != mask);
  CHECK(Ones(Dropout(0.5, 1, 9, 3), 4, 0, 64) != mask);
  CHECK(Ones(Dropout(0.5, 1, 2, 9), 4, 0, 64) != mask);
  CHECK(Ones(Dropout(0.5, 1, 2, 3), 9, 0, 64) != mask);
  // A part of the matrix has the same mask wherever the part begins.
  for (const uint64_t first : {1, 2, 3, 4, 17}) {
    CHECK(Ones(Dropout(0.5, 1, 2, 3), 4, first, 40) ==
          std::vector<float>(mask.begin() + first, mask.begin() + first + 40));
  }
}

}  // namespace
}  // namespace paceline::worker
