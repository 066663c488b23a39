// The inner loops of ONEBIT, vectorised with Highway. Sums are made in an order that
// does not depend on the length of vectors: the same bytes at every level.
//
// `bits` may lie at any address. Thread-safe: pure functions.
#ifndef PACELINE_COMMON_CODEC_ONE_BIT_KERNELS_H_
#define PACELINE_COMMON_CODEC_ONE_BIT_KERNELS_H_

#include <cstdint>

namespace paceline {

// Values that share their two means.
inline constexpr uint64_t kOneBitGroup = 256;

struct OneBitMeans {
  // Of the values that are not negative, and of those that are; 0 where there is none.
  float positive = 0;
  float negative = 0;
};

// One group: ceil(count / 8) bytes, a bit for each value from the lowest on, set where
// it is negative. A mean is not finite if one of its values is not.
OneBitMeans EncodeOneBit(const float* values, uint64_t count, uint8_t* bits);
void DecodeOneBit(const uint8_t* bits, uint64_t count, OneBitMeans means, float* values);

}  // namespace paceline

#endif  // PACELINE_COMMON_CODEC_ONE_BIT_KERNELS_H_
