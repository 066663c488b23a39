// A seeded shuffle of [0, n) in no memory: where does position i go?
//
//   const Permutation order(records, MixBits(seed, epoch));
//   for (uint64_t i = 0; i < records; ++i) Read(order(i));
//
// A Feistel network over the smallest even number of bits that holds n, walked
// until the value falls below n (Black and Rogaway, CT-RSA 2002): on average
// fewer than four steps. A pure function of (n, seed), the same everywhere.
//
// Immutable.
#ifndef PACELINE_COMMON_PERMUTATION_H_
#define PACELINE_COMMON_PERMUTATION_H_

#include <cstdint>

namespace paceline {

class Permutation {
 public:
  Permutation(std::uint64_t n, std::uint64_t seed);

  std::uint64_t size() const { return n_; }

  // A number below n, each exactly once. `i` is below n.
  std::uint64_t operator()(std::uint64_t i) const;

  // Inverse((*this)(i)) == i.
  std::uint64_t Inverse(std::uint64_t value) const;

 private:
  std::uint64_t n_;
  std::uint64_t seed_;
  // Bits of each half.
  int half_bits_;
  std::uint64_t half_mask_;
};

}  // namespace paceline

#endif  // PACELINE_COMMON_PERMUTATION_H_
