#include "common/codec/kernels.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <limits>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "common/codec/kernels.cc"
#include "hwy/foreach_target.h"  // compiles this file once for each target
#include "hwy/highway.h"

HWY_BEFORE_NAMESPACE();
namespace paceline {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

constexpr uint32_t kSign = 0x80000000u;
constexpr uint32_t kInfinity = 0x7f800000u;  // of float32

template <class D>
using U32 = hn::RebindToUnsigned<D>;
template <class D>
using U16 = hn::Rebind<uint16_t, D>;

// Calls f(d, i) for whole vectors of floats, then for the single values that are left.
template <typename F>
HWY_INLINE void ForEach(uint64_t count, const F& f) {
  const hn::ScalableTag<float> d;
  const uint64_t lanes = hn::Lanes(d);
  uint64_t i = 0;
  for (; i + lanes <= count; i += lanes) f(d, i);
  const hn::CappedTag<float, 1> one;
  for (; i < count; ++i) f(one, i);
}

// Vectors of 16 bits, from and to any address.
template <class D16>
HWY_INLINE hn::Vec<D16> Load16(D16 d16, const uint8_t* bytes) {
  HWY_ALIGN uint16_t lanes[hn::MaxLanes(d16)];
  std::memcpy(lanes, bytes, sizeof(uint16_t) * hn::Lanes(d16));
  return hn::Load(d16, lanes);
}
template <class D16>
HWY_INLINE void Store16(hn::Vec<D16> v, D16 d16, uint8_t* bytes) {
  HWY_ALIGN uint16_t lanes[hn::MaxLanes(d16)];
  hn::Store(v, d16, lanes);
  std::memcpy(bytes, lanes, sizeof(uint16_t) * hn::Lanes(d16));
}

// The lower halves; the upper ones are zero.
template <class D, class V32>
HWY_INLINE hn::Vec<U16<D>> Narrow(D, V32 v) {
  const hn::Rebind<int32_t, D> i32;
  return hn::DemoteTo(U16<D>(), hn::BitCast(i32, v));
}

void EncodeBf16Impl(const float* values, uint64_t count, uint8_t* bytes) {
  ForEach(count, [=](auto d, uint64_t i) HWY_ATTR {
    const U32<decltype(d)> u32;
    const auto bits = hn::BitCast(u32, hn::LoadU(d, values + i));
    const auto magnitude = hn::And(bits, hn::Set(u32, ~kSign));
    const auto odd = hn::And(hn::ShiftRight<16>(bits), hn::Set(u32, 1));
    const auto rounded = hn::Add(bits, hn::Add(odd, hn::Set(u32, 0x7fff)));
    // Rounding could turn a NaN into an infinity: quiet it instead.
    const auto nan = hn::Or(bits, hn::Set(u32, 0x00400000));
    const auto is_nan = hn::Gt(magnitude, hn::Set(u32, kInfinity));
    const auto result = hn::IfThenElse(is_nan, nan, rounded);
    Store16(Narrow(d, hn::ShiftRight<16>(result)), U16<decltype(d)>(), bytes + 2 * i);
  });
}

void DecodeBf16Impl(const uint8_t* bytes, uint64_t count, float* values) {
  ForEach(count, [=](auto d, uint64_t i) HWY_ATTR {
    const U32<decltype(d)> u32;
    const auto half = hn::PromoteTo(u32, Load16(U16<decltype(d)>(), bytes + 2 * i));
    hn::StoreU(hn::BitCast(d, hn::ShiftLeft<16>(half)), d, values + i);
  });
}

// Exponents of float32 and binary16 have biases 127 and 15, mantissas 23 and 10 bits.
void EncodeFp16Impl(const float* values, uint64_t count, uint8_t* bytes) {
  constexpr uint32_t kTooLarge = (127 + 16) << 23;  // 65536
  constexpr uint32_t kSmallest = (127 - 14) << 23;  // the smallest normal binary16
  constexpr uint32_t kDenormal = (127 - 15 + 23 - 10 + 1) << 23;
  ForEach(count, [=](auto d, uint64_t i) HWY_ATTR {
    const U32<decltype(d)> u32;
    const auto bits = hn::BitCast(u32, hn::LoadU(d, values + i));
    const auto sign = hn::And(bits, hn::Set(u32, kSign));
    const auto magnitude = hn::Xor(bits, sign);
    // Adding this float leaves the denormal's bits at the lower end, rounded.
    const auto shift = hn::Set(u32, kDenormal);
    const auto denormal =
        hn::Sub(hn::BitCast(u32, hn::Add(hn::BitCast(d, magnitude), hn::BitCast(d, shift))), shift);
    const auto odd = hn::And(hn::ShiftRight<13>(magnitude), hn::Set(u32, 1));
    const auto rebias = hn::Set(u32, (uint32_t{15} - 127) * (1u << 23) + 0xfff);
    const auto normal = hn::ShiftRight<13>(hn::Add(hn::Add(magnitude, rebias), odd));
    const auto is_nan = hn::Gt(magnitude, hn::Set(u32, kInfinity));
    const auto special = hn::IfThenElse(is_nan, hn::Set(u32, 0x7e00), hn::Set(u32, 0x7c00));
    const auto finite =
        hn::IfThenElse(hn::Lt(magnitude, hn::Set(u32, kSmallest)), denormal, normal);
    const auto half = hn::IfThenElse(hn::Lt(magnitude, hn::Set(u32, kTooLarge)), finite, special);
    const auto result = hn::Or(half, hn::ShiftRight<16>(sign));
    Store16(Narrow(d, result), U16<decltype(d)>(), bytes + 2 * i);
  });
}

void DecodeFp16Impl(const uint8_t* bytes, uint64_t count, float* values) {
  constexpr uint32_t kExponent = 0x7c00 << 13;
  ForEach(count, [=](auto d, uint64_t i) HWY_ATTR {
    const U32<decltype(d)> u32;
    const auto half = hn::PromoteTo(u32, Load16(U16<decltype(d)>(), bytes + 2 * i));
    const auto sign = hn::ShiftLeft<16>(hn::And(half, hn::Set(u32, 0x8000)));
    const auto shifted = hn::ShiftLeft<13>(hn::And(half, hn::Set(u32, 0x7fff)));
    const auto exponent = hn::And(shifted, hn::Set(u32, kExponent));
    const auto normal = hn::Add(shifted, hn::Set(u32, (127 - 15) << 23));
    const auto special = hn::Add(normal, hn::Set(u32, (128 - 16) << 23));
    // A denormal: as if the implicit one were there, which is then taken off.
    const auto one_more = hn::Add(normal, hn::Set(u32, 1u << 23));
    const auto implicit = hn::BitCast(d, hn::Set(u32, (127 - 14) << 23));
    const auto denormal = hn::BitCast(u32, hn::Sub(hn::BitCast(d, one_more), implicit));
    const auto finite = hn::IfThenElse(hn::Eq(exponent, hn::Zero(u32)), denormal, normal);
    const auto magnitude =
        hn::IfThenElse(hn::Eq(exponent, hn::Set(u32, kExponent)), special, finite);
    hn::StoreU(hn::BitCast(d, hn::Or(magnitude, sign)), d, values + i);
  });
}

// The bits of magnitudes are ordered like the magnitudes, NaN above all.
uint32_t LargestMagnitudeImpl(const float* values, uint64_t count) {
  const hn::ScalableTag<float> d;
  const hn::RebindToSigned<decltype(d)> i32;
  const uint64_t lanes = hn::Lanes(d);
  auto most = hn::Zero(i32);
  uint64_t i = 0;
  for (; i + lanes <= count; i += lanes) {
    most = hn::Max(most, hn::BitCast(i32, hn::Abs(hn::LoadU(d, values + i))));
  }
  int32_t largest = hn::GetLane(hn::MaxOfLanes(i32, most));
  for (; i < count; ++i) {
    int32_t bits;
    std::memcpy(&bits, values + i, sizeof bits);
    largest = std::max(largest, bits & static_cast<int32_t>(~kSign));
  }
  return static_cast<uint32_t>(largest);
}

void ScaleToInt8Impl(const float* values, uint64_t count, float factor, uint8_t* bytes) {
  ForEach(count, [=](auto d, uint64_t i) HWY_ATTR {
    const hn::Rebind<int8_t, decltype(d)> i8;
    HWY_ALIGN int8_t lanes[hn::MaxLanes(i8)];
    const auto scaled = hn::Mul(hn::LoadU(d, values + i), hn::Set(d, factor));
    hn::Store(hn::DemoteTo(i8, hn::NearestInt(scaled)), i8, lanes);
    std::memcpy(bytes + i, lanes, hn::Lanes(i8));
  });
}

void DecodeInt8Impl(const uint8_t* bytes, uint64_t count, float scale, float* values) {
  ForEach(count, [=](auto d, uint64_t i) HWY_ATTR {
    const hn::Rebind<int8_t, decltype(d)> i8;
    const hn::Rebind<int32_t, decltype(d)> i32;
    HWY_ALIGN int8_t lanes[hn::MaxLanes(i8)];
    std::memcpy(lanes, bytes + i, hn::Lanes(i8));
    const auto numbers = hn::ConvertTo(d, hn::PromoteTo(i32, hn::Load(i8, lanes)));
    hn::StoreU(hn::Mul(numbers, hn::Set(d, scale)), d, values + i);
  });
}

}  // namespace HWY_NAMESPACE
}  // namespace paceline
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace paceline {

HWY_EXPORT(EncodeBf16Impl);
HWY_EXPORT(DecodeBf16Impl);
HWY_EXPORT(EncodeFp16Impl);
HWY_EXPORT(DecodeFp16Impl);
HWY_EXPORT(LargestMagnitudeImpl);
HWY_EXPORT(ScaleToInt8Impl);
HWY_EXPORT(DecodeInt8Impl);

void EncodeBf16(const float* values, uint64_t count, uint8_t* bytes) {
  HWY_DYNAMIC_DISPATCH(EncodeBf16Impl)(values, count, bytes);
}

void DecodeBf16(const uint8_t* bytes, uint64_t count, float* values) {
  HWY_DYNAMIC_DISPATCH(DecodeBf16Impl)(bytes, count, values);
}

void EncodeFp16(const float* values, uint64_t count, uint8_t* bytes) {
  HWY_DYNAMIC_DISPATCH(EncodeFp16Impl)(values, count, bytes);
}

void DecodeFp16(const uint8_t* bytes, uint64_t count, float* values) {
  HWY_DYNAMIC_DISPATCH(DecodeFp16Impl)(bytes, count, values);
}

float EncodeInt8(const float* values, uint64_t count, uint8_t* bytes) {
  constexpr float kMost = 127;
  const float largest =
      std::bit_cast<float>(HWY_DYNAMIC_DISPATCH(LargestMagnitudeImpl)(values, count));
  const float scale = largest / kMost;
  // So small that dividing by it overflows: as if they were zeros.
  const bool usable =
      scale >= std::numeric_limits<float>::min() && largest <= std::numeric_limits<float>::max();
  if (!usable) {
    std::fill_n(bytes, count, uint8_t{1});
    return largest > std::numeric_limits<float>::max() || largest != largest
               ? std::numeric_limits<float>::quiet_NaN()
               : 0.0f;
  }
  HWY_DYNAMIC_DISPATCH(ScaleToInt8Impl)(values, count, 1 / scale, bytes);
  return scale;
}

void DecodeInt8(const uint8_t* bytes, uint64_t count, float scale, float* values) {
  HWY_DYNAMIC_DISPATCH(DecodeInt8Impl)(bytes, count, scale, values);
}

}  // namespace paceline
#endif  // HWY_ONCE
