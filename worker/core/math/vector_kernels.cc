#include "worker/core/math/vector_kernels.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "worker/core/math/vector_kernels.cc"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "common/check.h"

HWY_BEFORE_NAMESPACE();
namespace paceline::worker {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

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

const char* LevelImpl() { return hwy::TargetName(HWY_TARGET); }

float DotImpl(const float* a, const float* b, size_t n) {
  const hn::ScalableTag<float> d;
  const size_t lanes = hn::Lanes(d);
  // Two sums hide the latency of the addition.
  auto even = hn::Zero(d);
  auto odd = hn::Zero(d);
  size_t i = 0;
  for (; i + 2 * lanes <= n; i += 2 * lanes) {
    even = hn::MulAdd(hn::LoadU(d, a + i), hn::LoadU(d, b + i), even);
    odd = hn::MulAdd(hn::LoadU(d, a + i + lanes), hn::LoadU(d, b + i + lanes), odd);
  }
  for (; i + lanes <= n; i += lanes) {
    even = hn::MulAdd(hn::LoadU(d, a + i), hn::LoadU(d, b + i), even);
  }
  float sum = hn::GetLane(hn::SumOfLanes(d, hn::Add(even, odd)));
  for (; i < n; ++i) sum += a[i] * b[i];
  return sum;
}

HWY_INLINE void AddScaledInline(float factor, const float* x, float* y, size_t n) {
  ForEach(n, [=](auto d, size_t i) HWY_ATTR {
    hn::StoreU(hn::MulAdd(hn::Set(d, factor), hn::LoadU(d, x + i), hn::LoadU(d, y + i)), d, y + i);
  });
}

void AddScaledImpl(float factor, const float* x, float* y, size_t n) {
  AddScaledInline(factor, x, y, n);
}

void ScaleByImpl(float factor, float* x, size_t n) {
  ForEach(n, [=](auto d, size_t i) HWY_ATTR {
    hn::StoreU(hn::Mul(hn::Set(d, factor), hn::LoadU(d, x + i)), d, x + i);
  });
}

double SumOfSquaresImpl(const float* x, size_t n) {
  const hn::ScalableTag<double> d;
  const hn::Rebind<float, decltype(d)> half;
  const size_t lanes = hn::Lanes(d);
  auto even = hn::Zero(d);
  auto odd = hn::Zero(d);
  size_t i = 0;
  for (; i + 2 * lanes <= n; i += 2 * lanes) {
    const auto first = hn::PromoteTo(d, hn::LoadU(half, x + i));
    const auto second = hn::PromoteTo(d, hn::LoadU(half, x + i + lanes));
    even = hn::MulAdd(first, first, even);
    odd = hn::MulAdd(second, second, odd);
  }
  double sum = hn::GetLane(hn::SumOfLanes(d, hn::Add(even, odd)));
  for (; i < n; ++i) sum += double{x[i]} * x[i];
  return sum;
}

void AddWeightedRowsImpl(const float* values, const uint64_t* rows, size_t entries,
                         const float* matrix, float* y, size_t dim) {
  if (dim == 1) {
    float sum = y[0];
    for (size_t k = 0; k < entries; ++k) sum += values[k] * matrix[rows[k]];
    y[0] = sum;
    return;
  }
  for (size_t k = 0; k < entries; ++k) AddScaledInline(values[k], matrix + rows[k] * dim, y, dim);
}

void ScatterWeightedRowsImpl(const float* values, const uint64_t* rows, size_t entries,
                             const float* y, float* matrix, size_t dim) {
  if (dim == 1) {
    for (size_t k = 0; k < entries; ++k) matrix[rows[k]] += values[k] * y[0];
    return;
  }
  for (size_t k = 0; k < entries; ++k) AddScaledInline(values[k], y, matrix + rows[k] * dim, dim);
}

void AddLatentImpl(float x, const float* v, float* sum, float* squares, size_t n) {
  ForEach(n, [=](auto d, size_t i) HWY_ATTR {
    const auto t = hn::Mul(hn::Set(d, x), hn::LoadU(d, v + i));
    hn::StoreU(hn::Add(hn::LoadU(d, sum + i), t), d, sum + i);
    hn::StoreU(hn::MulAdd(t, t, hn::LoadU(d, squares + i)), d, squares + i);
  });
}

void AddLatentGradientImpl(float dx, float x, const float* v, const float* sum, float* gradient,
                           size_t n) {
  ForEach(n, [=](auto d, size_t i) HWY_ATTR {
    const auto rest = hn::NegMulAdd(hn::Set(d, x), hn::LoadU(d, v + i), hn::LoadU(d, sum + i));
    hn::StoreU(hn::MulAdd(hn::Set(d, dx), rest, hn::LoadU(d, gradient + i)), d, gradient + i);
  });
}

}  // namespace HWY_NAMESPACE
}  // namespace paceline::worker
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace paceline::worker {

HWY_EXPORT(LevelImpl);
HWY_EXPORT(DotImpl);
HWY_EXPORT(AddScaledImpl);
HWY_EXPORT(ScaleByImpl);
HWY_EXPORT(SumOfSquaresImpl);
HWY_EXPORT(AddWeightedRowsImpl);
HWY_EXPORT(ScatterWeightedRowsImpl);
HWY_EXPORT(AddLatentImpl);
HWY_EXPORT(AddLatentGradientImpl);

std::string SimdLevel() { return HWY_DYNAMIC_DISPATCH(LevelImpl)(); }

float Dot(absl::Span<const float> a, absl::Span<const float> b) {
  PL_CHECK_EQ(a.size(), b.size());
  return HWY_DYNAMIC_DISPATCH(DotImpl)(a.data(), b.data(), a.size());
}

void AddScaled(float factor, absl::Span<const float> x, absl::Span<float> y) {
  PL_CHECK_EQ(x.size(), y.size());
  HWY_DYNAMIC_DISPATCH(AddScaledImpl)(factor, x.data(), y.data(), x.size());
}

void ScaleBy(float factor, absl::Span<float> x) {
  HWY_DYNAMIC_DISPATCH(ScaleByImpl)(factor, x.data(), x.size());
}

double SumOfSquares(absl::Span<const float> x) {
  return HWY_DYNAMIC_DISPATCH(SumOfSquaresImpl)(x.data(), x.size());
}

void AddWeightedRows(absl::Span<const float> values, absl::Span<const uint64_t> rows,
                     const float* matrix, absl::Span<float> y) {
  PL_CHECK_EQ(values.size(), rows.size());
  HWY_DYNAMIC_DISPATCH(AddWeightedRowsImpl)
  (values.data(), rows.data(), rows.size(), matrix, y.data(), y.size());
}

void ScatterWeightedRows(absl::Span<const float> values, absl::Span<const uint64_t> rows,
                         absl::Span<const float> y, float* matrix) {
  PL_CHECK_EQ(values.size(), rows.size());
  HWY_DYNAMIC_DISPATCH(ScatterWeightedRowsImpl)
  (values.data(), rows.data(), rows.size(), y.data(), matrix, y.size());
}

void AddLatent(float x, absl::Span<const float> v, absl::Span<float> sum,
               absl::Span<float> squares) {
  PL_CHECK_EQ(v.size(), sum.size());
  PL_CHECK_EQ(v.size(), squares.size());
  HWY_DYNAMIC_DISPATCH(AddLatentImpl)(x, v.data(), sum.data(), squares.data(), v.size());
}

void AddLatentGradient(float d, float x, absl::Span<const float> v, absl::Span<const float> sum,
                       absl::Span<float> gradient) {
  PL_CHECK_EQ(v.size(), sum.size());
  PL_CHECK_EQ(v.size(), gradient.size());
  HWY_DYNAMIC_DISPATCH(AddLatentGradientImpl)
  (d * x, x, v.data(), sum.data(), gradient.data(), v.size());
}

}  // namespace paceline::worker
#endif  // HWY_ONCE
