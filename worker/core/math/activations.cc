#include "worker/core/math/activations.h"

#include <cmath>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "worker/core/math/activations.cc"
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
using Vec = hn::Vec<Tag>;

constexpr float kGeluScale = 0.7978845608028654f;  // sqrt(2 / pi)
constexpr float kGeluCubic = 0.044715f;

// Highway's exp turns NaN into 0 and its tanh relies on it; a NaN must stay seen.
HWY_INLINE Vec KeepNan(Vec z, Vec result) { return hn::IfThenElse(hn::Eq(z, z), result, z); }

HWY_INLINE Vec ExpOf(Tag d, Vec z) { return KeepNan(z, hn::Exp(d, z)); }
HWY_INLINE Vec TanhOf(Tag d, Vec z) { return KeepNan(z, hn::Tanh(d, z)); }

HWY_INLINE Vec GeluTanh(Tag d, Vec z) {
  const Vec cubic = hn::MulAdd(hn::Mul(hn::Set(d, kGeluCubic), hn::Mul(z, z)), z, z);
  return TanhOf(d, hn::Mul(hn::Set(d, kGeluScale), cubic));
}

struct Relu {
  static HWY_INLINE Vec Value(Tag d, Vec z) {
    return hn::IfThenElse(hn::Lt(z, hn::Zero(d)), hn::Zero(d), z);
  }
  static HWY_INLINE Vec Derivative(Tag d, Vec z) {
    const Vec one = hn::Set(d, 1.0f);
    return KeepNan(z, hn::IfThenElseZero(hn::Gt(z, hn::Zero(d)), one));
  }
};

struct Tanh {
  static HWY_INLINE Vec Value(Tag d, Vec z) { return TanhOf(d, z); }
  static HWY_INLINE Vec Derivative(Tag d, Vec z) {
    const Vec t = TanhOf(d, z);
    return hn::NegMulAdd(t, t, hn::Set(d, 1.0f));
  }
};

struct Gelu {
  static HWY_INLINE Vec Value(Tag d, Vec z) {
    const Vec half = hn::Mul(hn::Set(d, 0.5f), z);
    return hn::MulAdd(half, GeluTanh(d, z), half);
  }
  static HWY_INLINE Vec Derivative(Tag d, Vec z) {
    const Vec one = hn::Set(d, 1.0f);
    const Vec half = hn::Set(d, 0.5f);
    const Vec t = GeluTanh(d, z);
    const Vec slope = hn::MulAdd(hn::Set(d, 3 * kGeluCubic), hn::Mul(z, z), one);
    const Vec inner =
        hn::Mul(hn::NegMulAdd(t, t, one), hn::Mul(slope, hn::Mul(z, hn::Set(d, kGeluScale))));
    return hn::Mul(half, hn::Add(hn::Add(one, t), inner));
  }
};

struct Logistic {
  static HWY_INLINE Vec Value(Tag d, Vec z) {
    // exp(-|z|) never overflows.
    const Vec one = hn::Set(d, 1.0f);
    const Vec e = ExpOf(d, hn::Neg(hn::Abs(z)));
    const Vec numerator = hn::IfThenElse(hn::Lt(z, hn::Zero(d)), e, one);
    return hn::Div(numerator, hn::Add(one, e));
  }
};

// Calls f(in, old) for whole vectors of in and out and stores what it returns in
// out. The values that are left over go through a padded vector of their own.
template <typename F>
HWY_INLINE void Map(const float* in, float* out, size_t n, const F& f) {
  const Tag d;
  const size_t lanes = hn::Lanes(d);
  size_t i = 0;
  for (; i + lanes <= n; i += lanes) {
    hn::StoreU(f(hn::LoadU(d, in + i), hn::LoadU(d, out + i)), d, out + i);
  }
  if (i == n) return;
  HWY_ALIGN float left_in[hn::MaxLanes(Tag())] = {};
  HWY_ALIGN float left_out[hn::MaxLanes(Tag())] = {};
  for (size_t k = i; k < n; ++k) left_in[k - i] = in[k];
  for (size_t k = i; k < n; ++k) left_out[k - i] = out[k];
  hn::Store(f(hn::Load(d, left_in), hn::Load(d, left_out)), d, left_out);
  for (size_t k = i; k < n; ++k) out[k] = left_out[k - i];
}

template <typename Function>
HWY_INLINE void MapValue(const float* z, float* out, size_t n) {
  Map(z, out, n, [](Vec in, Vec) HWY_ATTR { return Function::Value(Tag(), in); });
}

template <typename Function>
HWY_INLINE void MapDerivative(const float* z, float* gradient, size_t n) {
  Map(z, gradient, n,
      [](Vec in, Vec old) HWY_ATTR { return hn::Mul(old, Function::Derivative(Tag(), in)); });
}

void ActivateImpl(ActivationFunction f, const float* z, float* out, size_t n) {
  switch (f) {
    case ActivationFunction::kRelu:
      return MapValue<Relu>(z, out, n);
    case ActivationFunction::kTanh:
      return MapValue<Tanh>(z, out, n);
    case ActivationFunction::kGelu:
      return MapValue<Gelu>(z, out, n);
  }
}

void MultiplyByDerivativeImpl(ActivationFunction f, const float* z, float* gradient, size_t n) {
  switch (f) {
    case ActivationFunction::kRelu:
      return MapDerivative<Relu>(z, gradient, n);
    case ActivationFunction::kTanh:
      return MapDerivative<Tanh>(z, gradient, n);
    case ActivationFunction::kGelu:
      return MapDerivative<Gelu>(z, gradient, n);
  }
}

void SigmoidImpl(const float* z, float* out, size_t n) { MapValue<Logistic>(z, out, n); }

// row = exp(row - shift).
void ShiftedExpImpl(float shift, float* row, size_t n) {
  Map(row, row, n,
      [shift](Vec in, Vec) HWY_ATTR { return ExpOf(Tag(), hn::Sub(in, hn::Set(Tag(), shift))); });
}

}  // namespace HWY_NAMESPACE
}  // namespace paceline::worker
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace paceline::worker {

HWY_EXPORT(ActivateImpl);
HWY_EXPORT(MultiplyByDerivativeImpl);
HWY_EXPORT(SigmoidImpl);
HWY_EXPORT(ShiftedExpImpl);

void Activate(ActivationFunction f, absl::Span<const float> z, absl::Span<float> out) {
  PL_CHECK_EQ(z.size(), out.size());
  HWY_DYNAMIC_DISPATCH(ActivateImpl)(f, z.data(), out.data(), z.size());
}

void MultiplyByDerivative(ActivationFunction f, absl::Span<const float> z,
                          absl::Span<float> gradient) {
  PL_CHECK_EQ(z.size(), gradient.size());
  HWY_DYNAMIC_DISPATCH(MultiplyByDerivativeImpl)(f, z.data(), gradient.data(), z.size());
}

void Sigmoid(absl::Span<const float> z, absl::Span<float> out) {
  PL_CHECK_EQ(z.size(), out.size());
  HWY_DYNAMIC_DISPATCH(SigmoidImpl)(z.data(), out.data(), z.size());
}

double Softmax(absl::Span<float> logits) {
  PL_CHECK(!logits.empty());
  // The largest logit becomes exp(0): nothing overflows.
  float largest = logits[0];
  for (const float z : logits) largest = z > largest ? z : largest;
  HWY_DYNAMIC_DISPATCH(ShiftedExpImpl)(largest, logits.data(), logits.size());
  float sum = 0;
  for (const float e : logits) sum += e;
  for (float& e : logits) e /= sum;
  return double{largest} + std::log(double{sum});
}

}  // namespace paceline::worker
#endif  // HWY_ONCE
