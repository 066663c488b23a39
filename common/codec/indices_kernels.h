// Positions of values that have to travel, vectorised with Highway (AVX2, AVX-512, ...
// chosen at run time). Bits are compared, so every vector level finds the same.
//
// Thread-safe: pure functions.
#ifndef PACELINE_COMMON_CODEC_INDICES_KERNELS_H_
#define PACELINE_COMMON_CODEC_INDICES_KERNELS_H_

#include <bit>
#include <cstdint>

namespace paceline {

// Places past the last index that the functions below may write to.
inline constexpr uint64_t kIndexPadding = 64;

// Magnitudes are ordered like these bits, NaN above all.
inline uint32_t MagnitudeBits(float value) { return std::bit_cast<uint32_t>(value) & 0x7fffffffu; }

// Ascending indices of the values whose MagnitudeBits are at least `least`.
// `indices` has room for count + kIndexPadding. Returns how many.
uint64_t IndicesAtLeast(const float* values, uint64_t count, uint32_t least, uint32_t* indices);

// Ascending indices of the values of `now` whose bits differ from those of `before`.
// Gives up where there are more than `most`. `indices` has room for most +
// kIndexPadding. Returns how many were found.
uint64_t IndicesOfChanges(const float* before, const float* now, uint64_t count, uint64_t most,
                          uint32_t* indices);

}  // namespace paceline

#endif  // PACELINE_COMMON_CODEC_INDICES_KERNELS_H_
