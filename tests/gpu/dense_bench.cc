#include "tests/gpu/operator_bench.h"
#include "worker/gpu/ops/activation_gradient.h"
#include "worker/gpu/ops/bias_activation.h"
#include "worker/gpu/ops/cast.h"
#include "worker/gpu/ops/column_sums.h"
#include "worker/gpu/ops/flag_non_finite.h"
#include "worker/gpu/ops/point_loss.h"
#include "worker/gpu/ops/softmax_cross_entropy.h"
#include "worker/gpu/ops/sum_losses.h"
#include "worker/gpu/ops/testing/shapes.h"

namespace paceline::gpu::testing {
namespace {

void MeasureLayer(OperatorBench& bench, Trial& trial, const Shape& shape) {
  const uint64_t count = shape.n * shape.m;
  const double floats = static_cast<double>(count) * 4;
  const StreamHandle s = trial.stream();
  const float* bias = trial.Input(trial.Uniform(shape.m, -1, 1));
  float* z = trial.Input(trial.Uniform(count, -1, 1));
  float* a = trial.Input(trial.Uniform(count, -1, 1));
  float* sums = trial.Output<float>(shape.m);
  uint32_t* flag = trial.Output<uint32_t>(1);
  const HalfOut bf16{HalfType::kBf16, trial.Output<uint16_t>(count)};
  const std::string size = shape.Text();

  bench.Measure("BiasActivation", "relu " + size, 3 * floats, [&] {
    return BiasActivation(ActivationKind::kRelu, shape.n, shape.m, bias, z, a, HalfOut(), s);
  });
  bench.Measure("BiasActivation", "gelu, bf16 too, " + size, 3.5 * floats, [&] {
    return BiasActivation(ActivationKind::kGelu, shape.n, shape.m, bias, z, a, bf16, s);
  });
  bench.Measure("ActivationGradient", "relu " + size, 3 * floats, [&] {
    return ActivationGradient(ActivationKind::kRelu, count, z, a, HalfOut(), s);
  });
  bench.Measure("ActivationGradient", "gelu " + size, 3 * floats, [&] {
    return ActivationGradient(ActivationKind::kGelu, count, z, a, HalfOut(), s);
  });
  bench.Measure("ColumnSums", size, floats,
                [&] { return ColumnSums(shape.n, shape.m, z, 1, sums, s); });
  bench.Measure("Cast", "bf16 " + size, 1.5 * floats, [&] { return Cast(count, z, bf16, s); });
  bench.Measure("FlagNonFinite", size, floats, [&] { return FlagNonFinite(count, z, flag, s); });
}

void MeasureSoftmax(OperatorBench& bench, Trial& trial, const Shape& shape) {
  const uint64_t count = shape.n * shape.m;
  const uint32_t classes = static_cast<uint32_t>(shape.m);
  std::vector<float> labels;
  for (uint64_t i = 0; i < shape.n; ++i) labels.push_back(static_cast<float>(i % classes));
  const float* device_labels = trial.Input(labels);
  float* scores = trial.Input(trial.Uniform(count, -5, 5));
  float* losses = trial.Output<float>(shape.n);
  float* gradient = trial.Output<float>(count);
  bench.Measure("SoftmaxCrossEntropy", shape.Text(), 3 * 4 * static_cast<double>(count), [&] {
    return SoftmaxCrossEntropy(shape.n, classes, device_labels, 1, scores, losses, gradient,
                               HalfOut(), trial.stream());
  });
}

void MeasureLosses(OperatorBench& bench, Trial& trial, uint64_t n) {
  const float* z = trial.Input(trial.Uniform(n, -5, 5));
  const float* labels = trial.Input(std::vector<float>(n, 1.0f));
  float* scores = trial.Output<float>(n);
  float* losses = trial.Input(trial.Uniform(n, 0, 5));
  float* gradient = trial.Output<float>(n);
  double* sum = trial.Output<double>(1);
  const double floats = 4 * static_cast<double>(n);
  const std::string size = std::to_string(n);
  bench.Measure("PointLoss", "logistic " + size, 5 * floats, [&] {
    return PointLoss(PointLossKind::kLogistic, n, z, labels, 1, scores, losses, gradient,
                     trial.stream());
  });
  bench.Measure("SumLosses", size, floats,
                [&] { return SumLosses(n, losses, sum, trial.stream()); });
}

}  // namespace

void MeasureDense(OperatorBench& bench, bool quick) {
  std::vector<Shape> layers = {{1024, 4096}, {8192, 4096}, {8192, 10}};
  if (!quick) layers.insert(layers.end(), {{8191, 4095}, {1024, 512}});
  for (const Shape& shape : layers) {
    bench.Group([&](Trial& trial) { MeasureLayer(bench, trial, shape); });
  }
  for (const Shape& shape : {Shape{8192, 10}, Shape{8192, 1000}, Shape{1024, 100000}}) {
    bench.Group([&](Trial& trial) { MeasureSoftmax(bench, trial, shape); });
  }
  for (const uint64_t n : {1024, 8192}) {
    bench.Group([&](Trial& trial) { MeasureLosses(bench, trial, n); });
  }
}

}  // namespace paceline::gpu::testing
