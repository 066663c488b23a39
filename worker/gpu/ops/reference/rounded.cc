#include <cmath>

#include "worker/gpu/ops/reference/reference.h"

namespace paceline::gpu::reference {

uint16_t Rounded(HalfType type, double value) {
  const bool bf16 = type == HalfType::kBf16;
  const int fraction_bits = bf16 ? 7 : 10;
  const int bias = bf16 ? 127 : 15;
  if (std::isnan(value)) return 0x7fff;
  const int sign = std::signbit(value) ? 0x8000 : 0;
  const int infinity = (2 * bias + 1) << fraction_bits;
  if (std::isinf(value)) return static_cast<uint16_t>(sign | infinity);
  int exponent = 0;
  std::frexp(value, &exponent);
  // The spacing of the numbers around it; below the smallest normal one it stays.
  const int spacing = (exponent - 1 > 1 - bias ? exponent - 1 : 1 - bias) - fraction_bits;
  // To even, in the default rounding mode.
  const double rounded =
      std::ldexp(std::nearbyint(std::ldexp(std::fabs(value), -spacing)), spacing);
  if (rounded >= std::ldexp(1.0, bias + 1)) return static_cast<uint16_t>(sign | infinity);
  const double fraction = std::frexp(rounded, &exponent);
  if (exponent - 1 < 1 - bias || rounded == 0) {
    return static_cast<uint16_t>(sign |
                                 static_cast<int>(std::ldexp(rounded, bias - 1 + fraction_bits)));
  }
  const int bits = static_cast<int>(std::ldexp(2 * fraction - 1, fraction_bits));
  return static_cast<uint16_t>(sign | ((exponent - 1 + bias) << fraction_bits) | bits);
}

double Widened(HalfType type, uint16_t bits) {
  const bool bf16 = type == HalfType::kBf16;
  const int fraction_bits = bf16 ? 7 : 10;
  const int bias = bf16 ? 127 : 15;
  const double sign = (bits & 0x8000) != 0 ? -1 : 1;
  const int exponent = (bits & 0x7fff) >> fraction_bits;
  const int fraction = bits & ((1 << fraction_bits) - 1);
  if (exponent == 2 * bias + 1) return fraction == 0 ? sign * INFINITY : NAN;
  if (exponent == 0) return sign * std::ldexp(fraction, 1 - bias - fraction_bits);
  return sign * std::ldexp(fraction + (1 << fraction_bits), exponent - bias - fraction_bits);
}

}  // namespace paceline::gpu::reference
