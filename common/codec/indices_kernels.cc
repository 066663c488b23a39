#include "common/codec/indices_kernels.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "common/codec/indices_kernels.cc"
#include "hwy/foreach_target.h"  // compiles this file once for each target
#include "hwy/highway.h"

HWY_BEFORE_NAMESPACE();
namespace paceline {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

using Tag = hn::CappedTag<uint32_t, 16>;

// Writes the indices i at which wanted(d, i) holds, whole vectors, then single values.
// Stops when more than `most` were found.
template <typename F>
HWY_INLINE uint64_t Collect(uint64_t count, uint64_t most, uint32_t* indices, const F& wanted) {
  const Tag d;
  const uint64_t lanes = hn::Lanes(d);
  uint64_t found = 0;
  uint64_t i = 0;
  for (; i + lanes <= count; i += lanes) {
    const auto mask = wanted(d, i);
    // Most vectors have none.
    if (hn::AllFalse(d, mask)) continue;
    found += hn::CompressStore(hn::Iota(d, static_cast<uint32_t>(i)), mask, d, indices + found);
    if (found > most) return found;
  }
  const hn::CappedTag<uint32_t, 1> one;
  for (; i < count; ++i) {
    if (hn::AllFalse(one, wanted(one, i))) continue;
    indices[found++] = static_cast<uint32_t>(i);
    if (found > most) return found;
  }
  return found;
}

uint64_t IndicesAtLeastImpl(const float* values, uint64_t count, uint32_t least,
                            uint32_t* indices) {
  const auto* const bits = reinterpret_cast<const uint32_t*>(values);
  return Collect(count, count, indices, [=](auto d, uint64_t i) HWY_ATTR {
    // Without the sign bit the comparison may be a signed one, which every target has.
    const hn::RebindToSigned<decltype(d)> i32;
    const auto magnitude = hn::And(hn::LoadU(d, bits + i), hn::Set(d, 0x7fffffffu));
    const auto below =
        hn::Lt(hn::BitCast(i32, magnitude), hn::Set(i32, static_cast<int32_t>(least)));
    return hn::RebindMask(d, hn::Not(below));
  });
}

uint64_t IndicesOfChangesImpl(const float* before, const float* now, uint64_t count, uint64_t most,
                              uint32_t* indices) {
  const auto* const old_bits = reinterpret_cast<const uint32_t*>(before);
  const auto* const new_bits = reinterpret_cast<const uint32_t*>(now);
  return Collect(count, most, indices, [=](auto d, uint64_t i) HWY_ATTR {
    return hn::Ne(hn::LoadU(d, old_bits + i), hn::LoadU(d, new_bits + i));
  });
}

}  // namespace HWY_NAMESPACE
}  // namespace paceline
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace paceline {

HWY_EXPORT(IndicesAtLeastImpl);
HWY_EXPORT(IndicesOfChangesImpl);

uint64_t IndicesAtLeast(const float* values, uint64_t count, uint32_t least, uint32_t* indices) {
  return HWY_DYNAMIC_DISPATCH(IndicesAtLeastImpl)(values, count, least, indices);
}

uint64_t IndicesOfChanges(const float* before, const float* now, uint64_t count, uint64_t most,
                          uint32_t* indices) {
  return HWY_DYNAMIC_DISPATCH(IndicesOfChangesImpl)(before, now, count, most, indices);
}

}  // namespace paceline
#endif  // HWY_ONCE
