// Compiled without contraction of a*b+c (see the target's copts).
#include "cli/datagen/portable_math.h"

#include <algorithm>
#include <cmath>

namespace paceline::cli {
namespace {

// ln 2 in two parts: multiples of the first up to 2^11 are exact.
constexpr double kLn2High = 6.93147180369123816490e-01;
constexpr double kLn2Low = 1.90821492927058770002e-10;
constexpr double kLargest = 700;

}  // namespace

double PortableLog(double x) {
  // x = m 2^e with m in [sqrt(1/2), sqrt(2)), ln m = 2 atanh((m - 1) / (m + 1)).
  int exponent = 0;
  double m = std::frexp(x, &exponent);
  if (m < 0.70710678118654752) {
    m *= 2;
    --exponent;
  }
  const double s = (m - 1) / (m + 1);
  const double s2 = s * s;
  double sum = 0;
  for (int k = 23; k >= 1; k -= 2) sum = sum * s2 + 1.0 / k;
  return exponent * kLn2High + (exponent * kLn2Low + 2 * s * sum);
}

double PortableExp(double x) {
  x = std::clamp(x, -kLargest, kLargest);
  // x = k ln 2 + r with |r| <= ln 2 / 2; e^r by its series.
  const double k = std::floor(x * 1.4426950408889634 + 0.5);
  const double r = (x - k * kLn2High) - k * kLn2Low;
  double sum = 1;
  for (int n = 14; n >= 1; --n) sum = 1 + sum * r / n;
  return std::ldexp(sum, static_cast<int>(k));
}

double PortableSigmoid(double x) { return 1 / (1 + PortableExp(-x)); }

}  // namespace paceline::cli
