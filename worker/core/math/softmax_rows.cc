#include "worker/core/math/softmax_rows.h"

#include <cmath>
#include <limits>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "worker/core/math/softmax_rows.cc"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

// After highway.h, once per target.
#include <hwy/contrib/math/math-inl.h>

#include "common/check.h"

HWY_BEFORE_NAMESPACE();
namespace paceline::worker {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

using Tag = hn::ScalableTag<float>;
using One = hn::CappedTag<float, 1>;

// Highway's exp turns NaN into 0; a NaN must stay seen.
template <class D, class V>
HWY_INLINE V ExpOf(D d, V z) {
  return hn::IfThenElse(hn::Eq(z, z), hn::Exp(d, z), z);
}

// The greatest of n > 0 values; any, if one is NaN.
HWY_INLINE float Greatest(const float* z, size_t n) {
  const Tag d;
  const size_t lanes = hn::Lanes(d);
  float greatest = z[0];
  size_t i = 0;
  if (n >= lanes) {
    auto all = hn::LoadU(d, z);
    for (i = lanes; i + lanes <= n; i += lanes) all = hn::Max(all, hn::LoadU(d, z + i));
    greatest = hn::GetLane(hn::MaxOfLanes(d, all));
  }
  for (; i < n; ++i) greatest = z[i] > greatest ? z[i] : greatest;
  return greatest;
}

// z[i] = exp(scale * (z[i] - greatest)) for i < n, 0 for n <= i < columns. Returns the sum.
HWY_INLINE float Exponentials(float scale, float greatest, size_t n, size_t columns, float* z) {
  const Tag d;
  const size_t lanes = hn::Lanes(d);
  const auto factor = hn::Set(d, scale);
  const auto shift = hn::Set(d, greatest);
  auto sums = hn::Zero(d);
  size_t i = 0;
  // A vector may reach beyond n, but not beyond the row.
  for (; i < n && i + lanes <= columns; i += lanes) {
    const auto shifted = hn::Mul(factor, hn::Sub(hn::LoadU(d, z + i), shift));
    const auto e = hn::IfThenElseZero(hn::FirstN(d, n - i), ExpOf(d, shifted));
    sums = hn::Add(sums, e);
    hn::StoreU(e, d, z + i);
  }
  float sum = hn::GetLane(hn::SumOfLanes(d, sums));
  const One one;
  for (; i < n; ++i) {
    const auto e = ExpOf(one, hn::Set(one, scale * (z[i] - greatest)));
    z[i] = hn::GetLane(e);
    sum += z[i];
  }
  for (; i < columns; ++i) z[i] = 0;
  return sum;
}

HWY_INLINE void Scale(float factor, float* z, size_t n) {
  const Tag d;
  const size_t lanes = hn::Lanes(d);
  size_t i = 0;
  for (; i + lanes <= n; i += lanes) {
    hn::StoreU(hn::Mul(hn::Set(d, factor), hn::LoadU(d, z + i)), d, z + i);
  }
  for (; i < n; ++i) z[i] *= factor;
}

void SoftmaxRowsImpl(size_t rows, size_t columns, float* z, double* log_sums) {
  for (size_t row = 0; row < rows; ++row, z += columns) {
    const float greatest = Greatest(z, columns);
    const float sum = Exponentials(1, greatest, columns, columns, z);
    Scale(1 / sum, z, columns);
    log_sums[row] = double{greatest} + std::log(double{sum});
  }
}

void CausalSoftmaxRowsImpl(float scale, size_t first, size_t rows, size_t columns, float* z) {
  for (size_t row = 0; row < rows; ++row, z += columns) {
    const size_t seen = first + row + 1;
    const float sum = Exponentials(scale, Greatest(z, seen), seen, columns, z);
    Scale(1 / sum, z, seen);
  }
}

void SoftmaxRowsGradientImpl(float scale, size_t rows, size_t columns, const float* p,
                             float* gradient) {
  const Tag d;
  const size_t lanes = hn::Lanes(d);
  for (size_t row = 0; row < rows; ++row, p += columns, gradient += columns) {
    auto sums = hn::Zero(d);
    size_t i = 0;
    for (; i + lanes <= columns; i += lanes) {
      sums = hn::MulAdd(hn::LoadU(d, p + i), hn::LoadU(d, gradient + i), sums);
    }
    float sum = hn::GetLane(hn::SumOfLanes(d, sums));
    for (; i < columns; ++i) sum += p[i] * gradient[i];
    const auto mean = hn::Set(d, sum);
    const auto factor = hn::Set(d, scale);
    for (i = 0; i + lanes <= columns; i += lanes) {
      const auto off = hn::Sub(hn::LoadU(d, gradient + i), mean);
      hn::StoreU(hn::Mul(hn::Mul(factor, hn::LoadU(d, p + i)), off), d, gradient + i);
    }
    for (; i < columns; ++i) gradient[i] = scale * p[i] * (gradient[i] - sum);
  }
}

}  // namespace HWY_NAMESPACE
}  // namespace paceline::worker
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace paceline::worker {

HWY_EXPORT(SoftmaxRowsImpl);
HWY_EXPORT(CausalSoftmaxRowsImpl);
HWY_EXPORT(SoftmaxRowsGradientImpl);

void SoftmaxRows(uint64_t rows, uint64_t columns, float* z, double* log_sums) {
  PL_CHECK(columns > 0);
  HWY_DYNAMIC_DISPATCH(SoftmaxRowsImpl)(rows, columns, z, log_sums);
}

void CausalSoftmaxRows(float scale, uint64_t first, uint64_t rows, uint64_t columns, float* z) {
  PL_CHECK_LE(first + rows, columns);
  HWY_DYNAMIC_DISPATCH(CausalSoftmaxRowsImpl)(scale, first, rows, columns, z);
}

void SoftmaxRowsGradient(float scale, uint64_t rows, uint64_t columns, const float* p,
                         float* gradient) {
  HWY_DYNAMIC_DISPATCH(SoftmaxRowsGradientImpl)(scale, rows, columns, p, gradient);
}

}  // namespace paceline::worker
#endif  // HWY_ONCE
