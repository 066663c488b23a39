// Compiled without contraction of a*b+c (see the target's copts): a fused
// operation rounds once instead of twice and would change the values.
#include "common/random.h"

#include <cmath>

#include "common/check.h"

namespace paceline {
namespace {

// Natural logarithm of x in (0, 1), relative error below 1e-15:
// x = m * 2^e with m in [sqrt(1/2), sqrt(2)), ln m = 2 atanh((m-1)/(m+1)).
double PortableLog(double x) {
  int exponent = 0;
  double m = std::frexp(x, &exponent);  // exact
  if (m < 0.70710678118654752) {
    m *= 2;
    --exponent;
  }
  const double s = (m - 1) / (m + 1);
  const double s2 = s * s;
  double sum = 0;
  for (int k = 23; k >= 1; k -= 2) sum = sum * s2 + 1.0 / k;
  return 2 * s * sum + exponent * 0.69314718055994531;
}

// Acklam's rational approximation of the normal quantile, relative error 1.2e-9.
double NormalQuantile(double p) {
  constexpr double a[] = {-3.969683028665376e+01, 2.209460984245205e+02,  -2.759285104469687e+02,
                          1.383577518672690e+02,  -3.066479806614716e+01, 2.506628277459239e+00};
  constexpr double b[] = {-5.447609879822406e+01, 1.615858368580409e+02, -1.556989798598866e+02,
                          6.680131188771972e+01, -1.328068155288572e+01};
  constexpr double c[] = {-7.784894002430293e-03, -3.223964580411365e-01, -2.400758277161838e+00,
                          -2.549732539343734e+00, 4.374664141464968e+00,  2.938163982698783e+00};
  constexpr double d[] = {7.784695709041462e-03, 3.224671290700398e-01, 2.445134137142996e+00,
                          3.754408661907416e+00};
  constexpr double kTail = 0.02425;
  if (p < kTail || p > 1 - kTail) {
    const double tail = p < kTail ? p : 1 - p;
    const double q = std::sqrt(-2 * PortableLog(tail));
    const double x = (((((c[0] * q + c[1]) * q + c[2]) * q + c[3]) * q + c[4]) * q + c[5]) /
                     ((((d[0] * q + d[1]) * q + d[2]) * q + d[3]) * q + 1);
    return p < kTail ? x : -x;
  }
  const double q = p - 0.5;
  const double r = q * q;
  return (((((a[0] * r + a[1]) * r + a[2]) * r + a[3]) * r + a[4]) * r + a[5]) * q /
         (((((b[0] * r + b[1]) * r + b[2]) * r + b[3]) * r + b[4]) * r + 1);
}

}  // namespace

std::array<std::uint32_t, 4> Philox4x32(std::array<std::uint32_t, 4> counter,
                                        std::array<std::uint32_t, 2> key) {
  for (int round = 0; round < 10; ++round) {
    const std::uint64_t p0 = std::uint64_t{0xd2511f53} * counter[0];
    const std::uint64_t p1 = std::uint64_t{0xcd9e8d57} * counter[2];
    counter = {
        static_cast<std::uint32_t>(p1 >> 32) ^ counter[1] ^ key[0], static_cast<std::uint32_t>(p1),
        static_cast<std::uint32_t>(p0 >> 32) ^ counter[3] ^ key[1], static_cast<std::uint32_t>(p0)};
    key[0] += 0x9e3779b9;
    key[1] += 0xbb67ae85;
  }
  return counter;
}

std::uint64_t RandomBits(std::uint64_t seed, std::uint64_t stream, std::uint64_t index) {
  const auto low = [](std::uint64_t x) { return static_cast<std::uint32_t>(x); };
  const auto high = [](std::uint64_t x) { return static_cast<std::uint32_t>(x >> 32); };
  const std::array<std::uint32_t, 4> block =
      Philox4x32({low(index), high(index), low(stream), high(stream)}, {low(seed), high(seed)});
  return std::uint64_t{block[1]} << 32 | block[0];
}

std::uint64_t RandomBelow(std::uint64_t bound, std::uint64_t seed, std::uint64_t stream,
                          std::uint64_t index) {
  PL_CHECK_NE(bound, 0);
  __extension__ using Wide = unsigned __int128;
  return static_cast<std::uint64_t>(Wide{RandomBits(seed, stream, index)} * bound >> 64);
}

float RandomUniform(std::uint64_t seed, std::uint64_t stream, std::uint64_t index) {
  return static_cast<float>(RandomBits(seed, stream, index) >> 40) * 0x1p-24f;
}

double RandomUniformDouble(std::uint64_t seed, std::uint64_t stream, std::uint64_t index) {
  return static_cast<double>(RandomBits(seed, stream, index) >> 11) * 0x1p-53;
}

float RandomNormal(std::uint64_t seed, std::uint64_t stream, std::uint64_t index) {
  // The middle of one of 2^52 equal cells: never 0 or 1.
  const double p = (static_cast<double>(RandomBits(seed, stream, index) >> 12) + 0.5) * 0x1p-52;
  return static_cast<float>(NormalQuantile(p));
}

}  // namespace paceline
