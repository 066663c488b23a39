// A vector of floats from bytes at any address. Included once for each target.
#if defined(PACELINE_SERVER_CORE_ROWS_LOAD_FLOATS_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef PACELINE_SERVER_CORE_ROWS_LOAD_FLOATS_INL_H_
#undef PACELINE_SERVER_CORE_ROWS_LOAD_FLOATS_INL_H_
#else
#define PACELINE_SERVER_CORE_ROWS_LOAD_FLOATS_INL_H_
#endif

#include <cstdint>
#include <cstring>

#include "hwy/highway.h"

HWY_BEFORE_NAMESPACE();
namespace paceline::server {
namespace HWY_NAMESPACE {

template <class D>
HWY_INLINE hwy::HWY_NAMESPACE::Vec<D> LoadFloats(D d, const uint8_t* bytes) {
  namespace hn = hwy::HWY_NAMESPACE;
#if HWY_TARGET == HWY_SCALAR
  float value;
  std::memcpy(&value, bytes, sizeof(value));
  return hn::Set(d, value);
#else
  return hn::BitCast(d, hn::LoadU(hn::Repartition<uint8_t, D>(), bytes));
#endif
}

}  // namespace HWY_NAMESPACE
}  // namespace paceline::server
HWY_AFTER_NAMESPACE();

#endif  // per-target include guard
