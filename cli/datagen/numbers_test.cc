// What generators draw and write numbers with.
#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <string>
#include <vector>

#include "cli/datagen/decimal.h"
#include "cli/datagen/portable_math.h"
#include "cli/datagen/zipf.h"

namespace paceline::cli {
namespace {

std::string Decimal(double value, int decimals) {
  std::string text;
  AppendDecimal(value, decimals, &text);
  return text;
}

TEST_CASE("logarithm, exponential and sigmoid are near those of the library") {
  for (double x = 1e-12; x < 1e12; x *= 1.37) {
    CAPTURE(x);
    CHECK(std::abs(PortableLog(x) - std::log(x)) <= 1e-14 * std::max(1.0, std::abs(std::log(x))));
  }
  for (double x = -690; x < 690; x += 0.77) {
    CAPTURE(x);
    CHECK(std::abs(PortableExp(x) / std::exp(x) - 1) < 1e-14);
  }
  CHECK(PortableExp(0) == 1);
  CHECK(PortableLog(1) == 0);
  CHECK(PortableExp(1e9) == PortableExp(700));
  CHECK(PortableExp(-1e9) == PortableExp(-700));
  CHECK(PortableSigmoid(0) == 0.5);
  CHECK(PortableSigmoid(-2) == Approx(0.1192029220));
}

TEST_CASE("decimals") {
  CHECK(Decimal(0, 4) == "0.0000");
  CHECK(Decimal(-0.5, 4) == "-0.5000");
  CHECK(Decimal(-0.00004, 4) == "0.0000");
  CHECK(Decimal(0.00005, 4) == "0.0001");
  CHECK(Decimal(12.999996, 4) == "13.0000");
  CHECK(Decimal(3.0625, 2) == "3.06");
  CHECK(Decimal(7.5, 0) == "8");
  CHECK(Decimal(1.000001, 6) == "1.000001");
  CHECK(RoundDecimal(-1.23456, 2) == -1.23);
  CHECK(RoundDecimal(0.125, 2) == 0.13);
}

TEST_CASE("ranks come as Zipf's law says") {
  struct Case {
    uint64_t ranks;
    double exponent;
  };
  for (const Case& c : {Case{1, 1.1}, Case{2, 1.1}, Case{40, 1.1}, Case{1000, 0.7}, Case{50, 0},
                        Case{30, 1}, Case{10, 3}}) {
    CAPTURE(c.ranks, c.exponent);
    const Zipf zipf(c.ranks, c.exponent);
    constexpr int kDraws = 100'000;
    std::vector<double> counts(c.ranks);
    for (uint64_t i = 0; i < kDraws; ++i) {
      const uint64_t rank = zipf.Draw(1, 2, i);
      REQUIRE(rank < c.ranks);
      ++counts[rank];
    }
    double total = 0;
    for (uint64_t r = 1; r <= c.ranks; ++r) total += std::pow(r, -c.exponent);
    // Of each of the first ranks within five deviations.
    for (uint64_t r = 0; r < std::min<uint64_t>(c.ranks, 20); ++r) {
      CAPTURE(r);
      const double p = std::pow(r + 1, -c.exponent) / total;
      const double deviation = std::sqrt(kDraws * p * (1 - p));
      CHECK(std::abs(counts[r] - kDraws * p) <= 5 * deviation + 1);
    }
  }
}

TEST_CASE("ranks by the trillion") {
  const Zipf zipf(uint64_t{1} << 40, 1.1);
  uint64_t greatest = 0;
  for (uint64_t i = 0; i < 10'000; ++i) greatest = std::max(greatest, zipf.Draw(1, 2, i));
  CHECK(greatest > uint64_t{1} << 32);
  CHECK(greatest < uint64_t{1} << 40);
}

}  // namespace
}  // namespace paceline::cli
