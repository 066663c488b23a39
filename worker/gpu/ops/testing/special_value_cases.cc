#include <cmath>
#include <cstddef>

#include "worker/gpu/ops/activation_gradient.h"
#include "worker/gpu/ops/bias_activation.h"
#include "worker/gpu/ops/column_sums.h"
#include "worker/gpu/ops/point_loss.h"
#include "worker/gpu/ops/reference/reference.h"
#include "worker/gpu/ops/softmax_cross_entropy.h"
#include "worker/gpu/ops/testing/cases.h"
#include "worker/gpu/ops/testing/halves.h"

namespace paceline::gpu::testing {
namespace {

const std::vector<float> kSpecial = {NAN, INFINITY, -INFINITY, 0.0f, -0.0f, 1e-40f, 88.0f, -88.0f};

// The special values go in, and come out as the formula has them.
void RunActivation(Trial& trial, ActivationKind f) {
  const std::vector<float> bias(kSpecial.size(), 0.5f);
  const std::vector<float> ones(kSpecial.size(), 1.0f);
  const reference::Activated want =
      reference::BiasActivation(f, 1, kSpecial.size(), bias, kSpecial);
  const float* device_bias = trial.Input(bias);
  float* z = trial.Input(kSpecial);
  float* a = trial.Output<float>(kSpecial.size());
  uint16_t* halves = trial.Output<uint16_t>(kSpecial.size());
  trial.Launch(BiasActivation(f, 1, kSpecial.size(), device_bias, z, a, {HalfType::kFp16, halves},
                              trial.stream()));
  trial.Near("z", trial.Read(z, kSpecial.size()), want.z);
  trial.Near("a", trial.Read(a, kSpecial.size()), want.a);
  CheckHalves(trial, HalfType::kFp16, trial.Read(halves, kSpecial.size()), want.a);

  const float* plain_z = trial.Input(kSpecial);
  float* gradient = trial.Input(ones);
  trial.Launch(
      ActivationGradient(f, kSpecial.size(), plain_z, gradient, HalfOut(), trial.stream()));
  trial.Near("gradient", trial.Read(gradient, kSpecial.size()),
             reference::ActivationGradient(f, kSpecial, ones));
}

// One value of a row of `classes` is special; rows beside it are not touched by it.
void RunSoftmax(Trial& trial, uint32_t classes, float special) {
  std::vector<float> logits = trial.Uniform(3 * size_t{classes}, -5, 5);
  logits[classes + trial.Below(classes)] = special;
  const std::vector<float> labels = {0, static_cast<float>(classes - 1), 0};
  std::vector<float> beside;
  for (const uint64_t row : {0, 2}) {
    beside.insert(beside.end(), logits.begin() + row * classes,
                  logits.begin() + (row + 1) * classes);
  }
  const reference::Losses want_beside =
      reference::SoftmaxCrossEntropy(2, classes, {0, 0}, 1, beside);

  const float* device_labels = trial.Input(labels);
  float* scores = trial.Input(logits);
  float* losses = trial.Output<float>(3);
  trial.Launch(SoftmaxCrossEntropy(3, classes, device_labels, 1, scores, losses, nullptr, HalfOut(),
                                   trial.stream()));
  const std::vector<float> got = trial.Read(scores, logits.size());
  const std::vector<float> got_losses = trial.Read(losses, 3);
  std::vector<float> got_beside(got.begin(), got.begin() + classes);
  got_beside.insert(got_beside.end(), got.begin() + 2 * classes, got.end());
  trial.Near("the rows beside", got_beside, want_beside.scores);
  trial.Near("their losses", {got_losses[0], got_losses[2]}, want_beside.losses);
  trial.Near("the row", std::vector<float>(got.begin() + classes, got.begin() + 2 * classes),
             std::vector<double>(classes, NAN));
  trial.Near("its loss", {got_losses[1]}, {NAN});
}

// -infinity is a class that cannot be.
void RunImpossibleClass(Trial& trial, uint32_t classes) {
  std::vector<float> logits = trial.Uniform(classes, -5, 5);
  for (uint32_t c = 0; c + 1 < classes; c += 2) logits[c] = -INFINITY;
  const std::vector<float> labels = {static_cast<float>(classes - 1)};
  logits[classes - 1] = 1;
  const reference::Losses want = reference::SoftmaxCrossEntropy(1, classes, labels, 1, logits);
  const float* device_labels = trial.Input(labels);
  float* scores = trial.Input(logits);
  float* losses = trial.Output<float>(1);
  float* gradient = trial.Output<float>(classes);
  trial.Launch(SoftmaxCrossEntropy(1, classes, device_labels, 1, scores, losses, gradient,
                                   HalfOut(), trial.stream()));
  trial.Near("scores", trial.Read(scores, classes), want.scores);
  trial.Near("loss", trial.Read(losses, 1), want.losses);
  trial.Near("gradient", trial.Read(gradient, classes), want.gradient);
}

void RunBadLabel(Trial& trial, float label) {
  const std::vector<float> logits = trial.Uniform(7, -5, 5);
  const reference::Losses want = reference::SoftmaxCrossEntropy(1, 7, {0}, 1, logits);
  const float* device_labels = trial.Input(std::vector<float>{label});
  float* scores = trial.Input(logits);
  float* losses = trial.Output<float>(1);
  float* gradient = trial.Output<float>(7);
  trial.Launch(SoftmaxCrossEntropy(1, 7, device_labels, 1, scores, losses, gradient, HalfOut(),
                                   trial.stream()));
  trial.Near("gradient", trial.Read(gradient, 7), want.scores);
  trial.Near("loss", trial.Read(losses, 1), {NAN});
}

// A logit that is far ahead: probabilities 1 and 0, a loss of 0 and of the distance.
void RunSure(Trial& trial) {
  const std::vector<float> logits = {3e38f, -3e38f, 0, 1000, 0, -1000};
  const std::vector<float> labels = {0, 1};
  const reference::Losses want = reference::SoftmaxCrossEntropy(2, 3, labels, 1, logits);
  const float* device_labels = trial.Input(labels);
  float* scores = trial.Input(logits);
  float* losses = trial.Output<float>(2);
  trial.Launch(SoftmaxCrossEntropy(2, 3, device_labels, 1, scores, losses, nullptr, HalfOut(),
                                   trial.stream()));
  trial.Near("scores", trial.Read(scores, 6), want.scores);
  trial.Near("losses", trial.Read(losses, 2), want.losses);
}

// A logit that is nearly all: what is left of the gradient is not lost beside the 1.
void RunNearlySure(Trial& trial, uint32_t classes) {
  std::vector<float> logits = trial.Uniform(classes, -1, 1);
  logits[classes - 1] = 20;
  const std::vector<float> labels = {static_cast<float>(classes - 1)};
  const reference::Losses want = reference::SoftmaxCrossEntropy(1, classes, labels, 1, logits);
  const float* device_labels = trial.Input(labels);
  float* scores = trial.Input(logits);
  float* losses = trial.Output<float>(1);
  float* gradient = trial.Output<float>(classes);
  trial.Launch(SoftmaxCrossEntropy(1, classes, device_labels, 1, scores, losses, gradient,
                                   HalfOut(), trial.stream()));
  trial.Near("loss", trial.Read(losses, 1), want.losses);
  trial.Near("gradient", trial.Read(gradient, classes), want.gradient);
}

void RunPointLoss(Trial& trial, PointLossKind kind) {
  const std::vector<float> z = {NAN, 1e30f, -1e30f, 104, -104};
  const std::vector<float> labels = {1, 0, 0, 1, 0};
  const reference::Losses want = reference::PointLoss(kind, z, labels, 1);
  const float* device_z = trial.Input(z);
  const float* device_labels = trial.Input(labels);
  float* scores = trial.Output<float>(z.size());
  float* losses = trial.Output<float>(z.size());
  float* gradient = trial.Output<float>(z.size());
  trial.Launch(PointLoss(kind, z.size(), device_z, device_labels, 1, scores, losses, gradient,
                         trial.stream()));
  trial.Near("scores", trial.Read(scores, z.size()), want.scores);
  trial.Near("gradient", trial.Read(gradient, z.size()), want.gradient);
  // Losses beyond float32 are infinite.
  std::vector<double> rounded;
  for (const double loss : want.losses) rounded.push_back(static_cast<float>(loss));
  trial.Near("losses", trial.Read(losses, z.size()), rounded);
}

void RunColumnSums(Trial& trial) {
  std::vector<float> x = trial.Uniform(100 * 5, 0, 1);
  x[37 * 5 + 1] = NAN;
  x[99 * 5 + 2] = INFINITY;
  x[0 * 5 + 3] = -INFINITY;
  const float* device_x = trial.Input(x);
  float* sums = trial.Output<float>(5);
  trial.Launch(ColumnSums(100, 5, device_x, 1, sums, trial.stream()));
  trial.Near("sums", trial.Read(sums, 5), reference::ColumnSums(100, 5, x, 1));
}

}  // namespace

std::vector<Case> SpecialValueCases() {
  std::vector<Case> cases;
  for (const ActivationKind f :
       {ActivationKind::kRelu, ActivationKind::kTanh, ActivationKind::kGelu}) {
    cases.push_back({"special values: activation " + std::to_string(static_cast<int>(f)),
                     [=](Trial& trial) { RunActivation(trial, f); }});
  }
  for (const uint32_t classes : {1, 2, 3, 10, 33, 1024, 1500, 4100}) {
    for (const float special : {NAN, INFINITY}) {
      cases.push_back({"special values: a softmax of " + std::to_string(classes) + " with " +
                           std::to_string(special),
                       [=](Trial& trial) { RunSoftmax(trial, classes, special); }});
    }
    cases.push_back({"special values: impossible classes of " + std::to_string(classes),
                     [=](Trial& trial) { RunImpossibleClass(trial, classes); }});
  }
  for (const float label : {-1.0f, 7.0f, 1e30f, NAN}) {
    cases.push_back({"special values: the class " + std::to_string(label) + " of 7",
                     [=](Trial& trial) { RunBadLabel(trial, label); }});
  }
  cases.push_back({"special values: sure classes", RunSure});
  for (const uint32_t classes : {2, 10, 1500}) {
    cases.push_back({"special values: a nearly sure class of " + std::to_string(classes),
                     [=](Trial& trial) { RunNearlySure(trial, classes); }});
  }
  cases.push_back({"special values: squared loss",
                   [](Trial& trial) { RunPointLoss(trial, PointLossKind::kSquared); }});
  cases.push_back({"special values: logistic loss",
                   [](Trial& trial) { RunPointLoss(trial, PointLossKind::kLogistic); }});
  cases.push_back({"special values: column sums", RunColumnSums});
  return cases;
}

}  // namespace paceline::gpu::testing
