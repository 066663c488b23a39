#include "worker/core/models/lm/layer_norm.h"

#include <cmath>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "worker/core/models/lm/layer_norm.cc"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace paceline::worker {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

constexpr float kEpsilon = 1e-5f;

// Calls f(tag, i) for whole vectors, then for the single values that are left.
template <typename F>
HWY_INLINE void ForEach(size_t n, const F& f) {
  const hn::ScalableTag<float> d;
  const size_t lanes = hn::Lanes(d);
  size_t i = 0;
  for (; i + lanes <= n; i += lanes) f(d, i);
  const hn::CappedTag<float, 1> one;
  for (; i < n; ++i) f(one, i);
}

// Sum of f(tag, i) over n values.
template <typename F>
HWY_INLINE float SumOf(size_t n, const F& f) {
  const hn::ScalableTag<float> d;
  const size_t lanes = hn::Lanes(d);
  auto sums = hn::Zero(d);
  size_t i = 0;
  for (; i + lanes <= n; i += lanes) sums = hn::Add(sums, f(d, i));
  float sum = hn::GetLane(hn::SumOfLanes(d, sums));
  const hn::CappedTag<float, 1> one;
  for (; i < n; ++i) sum += hn::GetLane(f(one, i));
  return sum;
}

void LayerNormImpl(size_t rows, size_t width, const float* x, const float* gain, const float* bias,
                   float* normal, float* inverse_deviations, float* y) {
  const float part = 1 / static_cast<float>(width);
  for (size_t row = 0; row < rows; ++row, x += width, normal += width, y += width) {
    const float mean =
        part * SumOf(width, [=](auto d, size_t i) HWY_ATTR { return hn::LoadU(d, x + i); });
    const float variance = part * SumOf(width, [=](auto d, size_t i) HWY_ATTR {
                             const auto off = hn::Sub(hn::LoadU(d, x + i), hn::Set(d, mean));
                             return hn::Mul(off, off);
                           });
    const float inverse = 1 / std::sqrt(variance + kEpsilon);
    inverse_deviations[row] = inverse;
    ForEach(width, [=](auto d, size_t i) HWY_ATTR {
      const auto n = hn::Mul(hn::Sub(hn::LoadU(d, x + i), hn::Set(d, mean)), hn::Set(d, inverse));
      hn::StoreU(n, d, normal + i);
      hn::StoreU(hn::MulAdd(n, hn::LoadU(d, gain + i), hn::LoadU(d, bias + i)), d, y + i);
    });
  }
}

void LayerNormGradientImpl(size_t rows, size_t width, const float* dy, const float* normal,
                           const float* inverse_deviations, const float* gain, float* dx,
                           float* dgain, float* dbias) {
  const float part = 1 / static_cast<float>(width);
  for (size_t row = 0; row < rows; ++row, dy += width, normal += width, dx += width) {
    // The gradient of normal is dy * gain; what it has of a shift and of a stretch is lost.
    const float shift = part * SumOf(width, [=](auto d, size_t i) HWY_ATTR {
                          return hn::Mul(hn::LoadU(d, dy + i), hn::LoadU(d, gain + i));
                        });
    const float stretch = part * SumOf(width, [=](auto d, size_t i) HWY_ATTR {
                            return hn::Mul(hn::Mul(hn::LoadU(d, dy + i), hn::LoadU(d, gain + i)),
                                           hn::LoadU(d, normal + i));
                          });
    const float inverse = inverse_deviations[row];
    ForEach(width, [=](auto d, size_t i) HWY_ATTR {
      const auto g = hn::LoadU(d, dy + i);
      const auto n = hn::LoadU(d, normal + i);
      const auto dn = hn::Sub(hn::Mul(g, hn::LoadU(d, gain + i)), hn::Set(d, shift));
      const auto off = hn::NegMulAdd(n, hn::Set(d, stretch), dn);
      hn::StoreU(hn::MulAdd(off, hn::Set(d, inverse), hn::LoadU(d, dx + i)), d, dx + i);
      hn::StoreU(hn::MulAdd(g, n, hn::LoadU(d, dgain + i)), d, dgain + i);
      hn::StoreU(hn::Add(g, hn::LoadU(d, dbias + i)), d, dbias + i);
    });
  }
}

}  // namespace HWY_NAMESPACE
}  // namespace paceline::worker
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace paceline::worker {

HWY_EXPORT(LayerNormImpl);
HWY_EXPORT(LayerNormGradientImpl);

void LayerNorm(uint64_t rows, uint64_t width, const float* x, const float* gain, const float* bias,
               float* normal, float* inverse_deviations, float* y) {
  HWY_DYNAMIC_DISPATCH(LayerNormImpl)(rows, width, x, gain, bias, normal, inverse_deviations, y);
}

void LayerNormGradient(uint64_t rows, uint64_t width, const float* dy, const float* normal,
                       const float* inverse_deviations, const float* gain, float* dx, float* dgain,
                       float* dbias) {
  HWY_DYNAMIC_DISPATCH(LayerNormGradientImpl)
  (rows, width, dy, normal, inverse_deviations, gain, dx, dgain, dbias);
}

}  // namespace paceline::worker
#endif  // HWY_ONCE
