#include <cstddef>

#include "worker/gpu/ops/point_loss.h"
#include "worker/gpu/ops/reference/reference.h"
#include "worker/gpu/ops/softmax_cross_entropy.h"
#include "worker/gpu/ops/testing/cases.h"
#include "worker/gpu/ops/testing/halves.h"
#include "worker/gpu/ops/testing/shapes.h"

namespace paceline::gpu::testing {
namespace {

struct Variant {
  HalfType half;
  bool gradient;
  size_t shift;
};
constexpr Variant kVariants[] = {{HalfType::kNone, true, 0},
                                 {HalfType::kBf16, true, 0},
                                 {HalfType::kFp16, false, 0},
                                 {HalfType::kBf16, true, 1},
                                 {HalfType::kNone, false, 0}};

void RunSoftmax(Trial& trial, const Shape& shape, const Variant& variant) {
  const size_t count = shape.n * shape.m;
  const uint32_t classes = static_cast<uint32_t>(shape.m);
  const float scale = 0.25f;
  const std::vector<float> logits = trial.Uniform(count, -8, 8);
  std::vector<float> labels;
  for (uint64_t i = 0; i < shape.n; ++i) labels.push_back(static_cast<float>(trial.Below(classes)));
  const reference::Losses want =
      reference::SoftmaxCrossEntropy(shape.n, classes, labels, scale, logits);

  const float* device_labels = trial.Input(labels);
  float* scores = trial.Input(logits, variant.shift);
  float* losses = trial.Output<float>(shape.n);
  float* gradient = variant.gradient ? trial.Output<float>(count, variant.shift) : nullptr;
  uint16_t* halves = trial.Poisoned<uint16_t>(count, variant.shift);
  trial.Launch(SoftmaxCrossEntropy(shape.n, classes, device_labels, scale, scores, losses, gradient,
                                   {variant.half, halves}, trial.stream()));

  trial.Near("scores", trial.Read(scores, count), want.scores);
  trial.Near("losses", trial.Read(losses, shape.n), want.losses);
  CheckHalves(trial, variant.half, trial.Read(halves, count), want.gradient);
  if (!variant.gradient) return;
  const std::vector<float> got = trial.Read(gradient, count);
  trial.Near("gradient", got, want.gradient);
  CheckRounding(trial, variant.half, halves, got);
}

void RunPointLoss(Trial& trial, PointLossKind kind, uint64_t n, bool with_gradient, bool in_place) {
  const bool squared = kind == PointLossKind::kSquared;
  std::vector<float> z = trial.Uniform(n, -30, 30);
  // A sure one, and one that is wrong.
  z[0] = 200;
  if (n > 1) z[1] = -200;
  std::vector<float> labels;
  for (uint64_t i = 0; i < n; ++i) {
    labels.push_back(squared ? trial.Uniform(-5, 5) : static_cast<float>(trial.Below(2)));
  }
  const float scale = 1.0f / 3;
  const reference::Losses want = reference::PointLoss(kind, z, labels, scale);

  float* device_z = trial.Input(z);
  const float* device_labels = trial.Input(labels);
  float* scores = in_place ? device_z : trial.Output<float>(n);
  float* losses = trial.Output<float>(n);
  float* gradient = with_gradient ? trial.Output<float>(n) : nullptr;
  trial.Launch(
      PointLoss(kind, n, device_z, device_labels, scale, scores, losses, gradient, trial.stream()));

  trial.Near("scores", trial.Read(scores, n), want.scores);
  const std::vector<float> got = trial.Read(losses, n);
  trial.Near("losses", got, want.losses);
  // Each one, however small beside the largest.
  for (uint64_t i = 0; i < n; ++i) {
    trial.Near("loss " + std::to_string(i), {got[i]}, {want.losses[i]}, 1e-6);
  }
  if (with_gradient) trial.Near("gradient", trial.Read(gradient, n), want.gradient);
}

}  // namespace

std::vector<Case> LossCases(bool large) {
  std::vector<Case> cases;
  std::vector<Shape> shapes = Shapes(large);
  // Every team of lanes; a block per row with few and with many packs per thread.
  for (const uint64_t classes : {2, 4, 5, 8, 9, 16, 17, 128, 1024}) shapes.push_back({67, classes});
  shapes.insert(shapes.end(), {{60, 1029}, {2, 5000}, {2, 5003}});
  if (large) shapes.insert(shapes.end(), {{3, 100003}, {2, 131072}, {300, 1025}});
  for (const Shape& shape : shapes) {
    for (const Variant& variant : kVariants) {
      cases.push_back({"SoftmaxCrossEntropy " + shape.Text() + " " + HalfName(variant.half) +
                           (variant.gradient ? "" : ", no gradient") +
                           (variant.shift > 0 ? ", shifted" : ""),
                       [=](Trial& trial) { RunSoftmax(trial, shape, variant); }});
    }
  }
  for (const uint64_t n : {1, 3, 31, 33, 1025}) {
    for (const bool flag : {false, true}) {
      const std::string text = std::to_string(n) + (flag ? ", in place" : ", with gradient");
      cases.push_back({"PointLoss squared " + text, [=](Trial& trial) {
                         RunPointLoss(trial, PointLossKind::kSquared, n, !flag, flag);
                       }});
      cases.push_back({"PointLoss logistic " + text, [=](Trial& trial) {
                         RunPointLoss(trial, PointLossKind::kLogistic, n, !flag, flag);
                       }});
    }
  }
  return cases;
}

}  // namespace paceline::gpu::testing
