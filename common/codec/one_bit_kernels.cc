#include "common/codec/one_bit_kernels.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <limits>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "common/codec/one_bit_kernels.cc"
#include "hwy/foreach_target.h"  // compiles this file once for each target
#include "hwy/highway.h"

HWY_BEFORE_NAMESPACE();
namespace paceline {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

// Values i with the same i % kSums are added up one after the other.
constexpr uint64_t kSums = 16;
using Tag = hn::CappedTag<float, kSums>;

// Writes kSums sums of each sign, and the bits to 32 bytes, rounded up to 16 bits.
void SplitImpl(const float* values, uint64_t count, float* positive, float* negative,
               uint8_t* bits) {
  const Tag d;
  const uint64_t lanes = hn::Lanes(d);
  HWY_ALIGN float padded[kSums] = {};
  const uint64_t whole = count / kSums * kSums;
  std::copy(values + whole, values + count, padded);
  for (uint64_t lane = 0; lane < kSums; lane += lanes) {
    auto above = hn::Zero(d);
    auto below = hn::Zero(d);
    for (uint64_t first = 0; first < count; first += kSums) {
      const float* const from = first < whole ? values + first : padded;
      const auto v = hn::LoadU(d, from + lane);
      const auto is_negative = hn::Lt(v, hn::Zero(d));
      below = hn::Add(below, hn::IfThenElseZero(is_negative, v));
      above = hn::Add(above, hn::IfThenZeroElse(is_negative, v));
      uint8_t mask[8] = {};
      hn::StoreMaskBits(d, is_negative, mask);
      uint8_t* const to = bits + (first + lane) / 8;
      to[0] = static_cast<uint8_t>(to[0] | mask[0] << (lane % 8));
      if (lanes > 8) to[1] = mask[1];
    }
    hn::StoreU(above, d, positive + lane);
    hn::StoreU(below, d, negative + lane);
  }
}

void DecodeOneBitImpl(const uint8_t* bits, uint64_t count, float positive, float negative,
                      float* values) {
  const Tag d;
  const uint64_t lanes = hn::Lanes(d);
  const auto above = hn::Set(d, positive);
  const auto below = hn::Set(d, negative);
  uint64_t i = 0;
  for (; i + lanes <= count; i += lanes) {
    uint8_t mask[8] = {};
    mask[0] = static_cast<uint8_t>(bits[i / 8] >> (i % 8));
    if (lanes > 8) mask[1] = bits[i / 8 + 1];
    hn::StoreU(hn::IfThenElse(hn::LoadMaskBits(d, mask), below, above), d, values + i);
  }
  for (; i < count; ++i) values[i] = (bits[i / 8] >> (i % 8) & 1) != 0 ? negative : positive;
}

}  // namespace HWY_NAMESPACE
}  // namespace paceline
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace paceline {
namespace {

HWY_EXPORT(SplitImpl);
HWY_EXPORT(DecodeOneBitImpl);

float Mean(const float* sums, uint64_t count) {
  if (count == 0) return 0;
  float sum = 0;
  for (uint64_t i = 0; i < kOneBitGroup / 16; ++i) sum += sums[i];
  const float mean = sum / static_cast<float>(count);
  // One NaN of the many there are.
  return std::isnan(mean) ? std::numeric_limits<float>::quiet_NaN() : mean;
}

}  // namespace

OneBitMeans EncodeOneBit(const float* values, uint64_t count, uint8_t* bits) {
  float positive[16];
  float negative[16];
  uint8_t all[kOneBitGroup / 8] = {};
  HWY_DYNAMIC_DISPATCH(SplitImpl)(values, count, positive, negative, all);
  const uint64_t bytes = (count + 7) / 8;
  std::memcpy(bits, all, bytes);
  uint64_t negatives = 0;
  for (uint64_t i = 0; i < bytes; ++i) negatives += static_cast<uint64_t>(std::popcount(all[i]));
  return {.positive = Mean(positive, count - negatives), .negative = Mean(negative, negatives)};
}

void DecodeOneBit(const uint8_t* bits, uint64_t count, OneBitMeans means, float* values) {
  HWY_DYNAMIC_DISPATCH(DecodeOneBitImpl)(bits, count, means.positive, means.negative, values);
}

}  // namespace paceline
#endif  // HWY_ONCE
