#include <cmath>

#include "worker/gpu/ops/reference/reference.h"

namespace paceline::gpu::reference {
namespace {

// sqrt(2 / pi).
const double kGeluScale = std::sqrt(2 / std::acos(-1.0));
constexpr double kGeluCubic = 0.044715;

double GeluInner(double z) { return kGeluScale * (z + kGeluCubic * z * z * z); }

double Value(ActivationKind f, double z) {
  switch (f) {
    case ActivationKind::kNone:
      return z;
    case ActivationKind::kRelu:
      return z < 0 ? 0 : z;
    case ActivationKind::kTanh:
      return std::tanh(z);
    case ActivationKind::kGelu:
      return z / 2 * (1 + std::tanh(GeluInner(z)));
  }
  return NAN;
}

double Slope(ActivationKind f, double z) {
  switch (f) {
    case ActivationKind::kNone:
      return 1;
    case ActivationKind::kRelu:
      return std::isnan(z) ? z : z > 0;
    case ActivationKind::kTanh:
      return 1 - std::tanh(z) * std::tanh(z);
    case ActivationKind::kGelu: {
      const double t = std::tanh(GeluInner(z));
      return (1 + t) / 2 + z / 2 * (1 - t * t) * kGeluScale * (1 + 3 * kGeluCubic * z * z);
    }
  }
  return NAN;
}

}  // namespace

Activated BiasActivation(ActivationKind f, uint64_t n, uint64_t m, const Floats& bias,
                         const Floats& z) {
  Activated out;
  for (uint64_t i = 0; i < n; ++i) {
    for (uint64_t j = 0; j < m; ++j) {
      out.z.push_back(double{z[i * m + j]} + bias[j]);
      out.a.push_back(Value(f, out.z.back()));
    }
  }
  return out;
}

Doubles ActivationGradient(ActivationKind f, const Floats& z, const Floats& gradient) {
  Doubles out;
  for (size_t i = 0; i < z.size(); ++i) out.push_back(gradient[i] * Slope(f, z[i]));
  return out;
}

}  // namespace paceline::gpu::reference
