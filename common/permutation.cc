#include "common/permutation.h"

#include <bit>

#include "common/check.h"
#include "common/hash.h"

namespace paceline {
namespace {

// Four rounds make a random-looking permutation if the round function is good;
// small halves want some more.
constexpr int kRounds = 8;

}  // namespace

Permutation::Permutation(std::uint64_t n, std::uint64_t seed)
    : n_(n),
      seed_(MixBits(seed)),
      half_bits_(n <= 1 ? 1 : (std::bit_width(n - 1) + 1) / 2),
      half_mask_((std::uint64_t{1} << half_bits_) - 1) {}

std::uint64_t Permutation::operator()(std::uint64_t i) const {
  PL_CHECK_LT(i, n_);
  do {
    std::uint64_t left = i >> half_bits_;
    std::uint64_t right = i & half_mask_;
    for (int round = 0; round < kRounds; ++round) {
      const std::uint64_t mixed = left ^ (MixBits(seed_ + round, right) & half_mask_);
      left = right;
      right = mixed;
    }
    i = left << half_bits_ | right;
  } while (i >= n_);
  return i;
}

std::uint64_t Permutation::Inverse(std::uint64_t value) const {
  PL_CHECK_LT(value, n_);
  do {
    std::uint64_t left = value >> half_bits_;
    std::uint64_t right = value & half_mask_;
    for (int round = kRounds - 1; round >= 0; --round) {
      const std::uint64_t mixed = right ^ (MixBits(seed_ + round, left) & half_mask_);
      right = left;
      left = mixed;
    }
    value = left << half_bits_ | right;
  } while (value >= n_);
  return value;
}

}  // namespace paceline
