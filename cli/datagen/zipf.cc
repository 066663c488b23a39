// Compiled without contraction of a*b+c (see the target's copts).
#include "cli/datagen/zipf.h"

#include <algorithm>
#include <cmath>

#include "cli/datagen/portable_math.h"
#include "common/hash.h"
#include "common/random.h"

namespace paceline::cli {
namespace {

// More than nine of ten draws are taken at once; so many in vain are not to be seen.
constexpr uint64_t kMostTries = 64;

}  // namespace

Zipf::Zipf(uint64_t ranks, double exponent)
    : ranks_(ranks),
      // At 1 the integral is a logarithm; this near to it the two cannot be told apart.
      exponent_(std::abs(exponent - 1) < 1e-6 ? 1 + 1e-6 : exponent),
      low_(Integral(1.5) - 1),
      high_(Integral(static_cast<double>(ranks) + 0.5)),
      near_(2 - Inverse(Integral(2.5) - Density(2))) {}

double Zipf::Integral(double x) const {
  return (PortableExp((1 - exponent_) * PortableLog(x)) - 1) / (1 - exponent_);
}

double Zipf::Inverse(double y) const {
  return PortableExp(PortableLog(std::max(1 + y * (1 - exponent_), 1e-300)) / (1 - exponent_));
}

double Zipf::Density(double x) const { return PortableExp(-exponent_ * PortableLog(x)); }

uint64_t Zipf::Draw(uint64_t seed, uint64_t stream, uint64_t index) const {
  for (uint64_t attempt = 0; attempt < kMostTries; ++attempt) {
    const double u = RandomUniformDouble(seed, MixBits(stream, attempt), index);
    const double y = high_ + u * (low_ - high_);
    const double x = Inverse(y);
    const double rank = std::clamp(std::floor(x + 0.5), 1.0, static_cast<double>(ranks_));
    if (rank - x <= near_ || y >= Integral(rank + 0.5) - Density(rank)) {
      return static_cast<uint64_t>(rank) - 1;
    }
  }
  return 0;
}

}  // namespace paceline::cli
