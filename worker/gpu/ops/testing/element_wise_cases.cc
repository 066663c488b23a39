#include <cstddef>

#include "worker/gpu/ops/activation_gradient.h"
#include "worker/gpu/ops/bias_activation.h"
#include "worker/gpu/ops/reference/reference.h"
#include "worker/gpu/ops/scale.h"
#include "worker/gpu/ops/testing/cases.h"
#include "worker/gpu/ops/testing/halves.h"
#include "worker/gpu/ops/testing/shapes.h"

namespace paceline::gpu::testing {
namespace {

struct Kind {
  ActivationKind kind;
  const char* name;
};
constexpr Kind kKinds[] = {{ActivationKind::kNone, "none"},
                           {ActivationKind::kRelu, "relu"},
                           {ActivationKind::kTanh, "tanh"},
                           {ActivationKind::kGelu, "gelu"}};

// What a call is given besides z: each combination is run.
struct Variant {
  HalfType half;
  bool a;
  // Where buffers start, behind a multiple of 256 bytes.
  size_t shift;

  std::string Text() const {
    return std::string(HalfName(half)) + (a ? "" : ", no a") + (shift > 0 ? ", shifted" : "");
  }
};
constexpr Variant kVariants[] = {{HalfType::kNone, true, 0},
                                 {HalfType::kBf16, true, 0},
                                 {HalfType::kFp16, false, 0},
                                 {HalfType::kBf16, true, 1}};

void RunBias(Trial& trial, ActivationKind f, const Shape& shape, const Variant& variant) {
  const size_t count = shape.n * shape.m;
  const std::vector<float> bias = trial.Uniform(shape.m, -1, 1);
  const std::vector<float> z = trial.Uniform(count, -3, 3);
  const reference::Activated want = reference::BiasActivation(f, shape.n, shape.m, bias, z);

  const float* device_bias = trial.Input(bias, variant.shift);
  float* device_z = trial.Input(z, variant.shift);
  float* device_a = variant.a ? trial.Poisoned<float>(count, variant.shift) : nullptr;
  uint16_t* halves = trial.Poisoned<uint16_t>(count, variant.shift);
  trial.Launch(BiasActivation(f, shape.n, shape.m, device_bias, device_z, device_a,
                              {variant.half, halves}, trial.stream()));

  trial.Near("z", trial.Read(device_z, count), want.z);
  const bool has_a = variant.a && f != ActivationKind::kNone;
  if (has_a) trial.Near("a", trial.Read(device_a, count), want.a);
  if (variant.a && !has_a) CheckUntouched(trial, "a", trial.Read(device_a, count));
  CheckHalves(trial, variant.half, trial.Read(halves, count), want.a);
  if (has_a) CheckRounding(trial, variant.half, halves, trial.Read(device_a, count));
}

void RunScale(Trial& trial, uint64_t count, size_t shift) {
  const std::vector<float> x = trial.Uniform(count, -3, 3);
  const float factor = trial.Uniform(-2, 2);
  float* device_x = trial.Input(x, shift);
  trial.Launch(Scale(count, factor, device_x, trial.stream()));
  trial.Near("x", trial.Read(device_x, count), reference::Scaled(x, factor));
}

void RunGradient(Trial& trial, ActivationKind f, const Shape& shape, const Variant& variant) {
  const size_t count = shape.n * shape.m;
  // The derivative of gelu is 0 at -0.75: among many that does not matter.
  const std::vector<float> z = trial.Uniform(count, count < 100 ? 0 : -3, 3);
  const std::vector<float> gradient = trial.Uniform(count, -1, 1);
  const std::vector<double> want = reference::ActivationGradient(f, z, gradient);

  const float* device_z = trial.Input(z, variant.shift);
  float* device_gradient = trial.Input(gradient, variant.shift);
  uint16_t* halves = trial.Poisoned<uint16_t>(count, variant.shift);
  trial.Launch(ActivationGradient(f, count, device_z, device_gradient, {variant.half, halves},
                                  trial.stream()));

  const std::vector<float> got = trial.Read(device_gradient, count);
  trial.Near("gradient", got, want);
  CheckHalves(trial, variant.half, trial.Read(halves, count), want);
  CheckRounding(trial, variant.half, halves, got);
}

}  // namespace

std::vector<Case> ElementWiseCases(bool large) {
  std::vector<Case> cases;
  for (const Kind& kind : kKinds) {
    for (const Shape& shape : Shapes(large)) {
      for (const Variant& variant : kVariants) {
        const std::string text =
            std::string(" ") + kind.name + " " + shape.Text() + " " + variant.Text();
        const ActivationKind f = kind.kind;
        cases.push_back(
            {"BiasActivation" + text, [=](Trial& trial) { RunBias(trial, f, shape, variant); }});
        if (!variant.a) continue;
        cases.push_back({"ActivationGradient" + text,
                         [=](Trial& trial) { RunGradient(trial, f, shape, variant); }});
      }
    }
  }
  for (const uint64_t count : {1, 3, 31, 33, 1025}) {
    for (const size_t shift : {0, 1}) {
      cases.push_back({"Scale " + std::to_string(count) + (shift > 0 ? " shifted" : ""),
                       [=](Trial& trial) { RunScale(trial, count, shift); }});
    }
  }
  return cases;
}

}  // namespace paceline::gpu::testing
