#include "tests/gpu/operator_bench.h"
#include "worker/gpu/ops/causal_softmax.h"
#include "worker/gpu/ops/dropped.h"
#include "worker/gpu/ops/embed_rows.h"
#include "worker/gpu/ops/heads.h"
#include "worker/gpu/ops/layer_norm.h"
#include "worker/gpu/ops/one_hot.h"
#include "worker/gpu/ops/split_windows.h"
#include "worker/gpu/ops/testing/shapes.h"
#include "worker/gpu/ops/window_losses.h"

namespace paceline::gpu::testing {
namespace {

constexpr uint64_t kLength = 512;

std::vector<float> Bytes(uint64_t count) {
  std::vector<float> bytes;
  for (uint64_t i = 0; i < count; ++i) bytes.push_back(static_cast<float>(i * 7 % 256));
  return bytes;
}

// What meets the text, at both ends of the network.
void MeasureEnds(OperatorBench& bench, Trial& trial, const Shape& shape) {
  const StreamHandle s = trial.stream();
  const uint64_t windows = shape.n / kLength;
  const double rows = static_cast<double>(shape.n) * 4;
  const float* text = trial.Input(Bytes(windows * (kLength + 1)));
  uint32_t* inputs = trial.Output<uint32_t>(shape.n);
  float* targets = trial.Output<float>(shape.n);
  const float* table = trial.Input(trial.Uniform(256 * shape.m, -1, 1));
  float* x = trial.Output<float>(shape.n * shape.m);
  float* ones = trial.Output<float>(shape.n * 256);
  const float* losses = trial.Input(trial.Uniform(shape.n, 0, 5));
  float* means = trial.Output<float>(windows);
  float* scores = trial.Output<float>(windows);
  bench.Measure("SplitWindows", shape.Text(), 3 * rows,
                [&] { return SplitWindows(windows, kLength, text, inputs, targets, s); });
  bench.Measure("EmbedRows", shape.Text(), 2 * rows * static_cast<double>(shape.m),
                [&] { return EmbedRows(shape.n, shape.m, kLength, inputs, table, nullptr, x, s); });
  bench.Measure("OneHot", shape.Text(), 257 * rows,
                [&] { return OneHot(shape.n, 256, inputs, ones, s); });
  bench.Measure("WindowLosses", shape.Text(), rows,
                [&] { return WindowLosses(windows, kLength, losses, means, scores, s); });
}

void MeasureRows(OperatorBench& bench, Trial& trial, const Shape& shape) {
  const StreamHandle s = trial.stream();
  const uint64_t count = shape.n * shape.m;
  const double floats = static_cast<double>(count) * 4;
  const float* gain = trial.Input(trial.Uniform(shape.m, 0.5f, 1.5f));
  const float* x = trial.Input(trial.Uniform(count, -1, 1));
  float* normal = trial.Output<float>(count);
  float* inverse = trial.Output<float>(shape.n);
  float* y = trial.Output<float>(count);
  float* dx = trial.Input(trial.Uniform(count, -1, 1));
  const HalfOut bf16{HalfType::kBf16, trial.Output<uint16_t>(count)};
  DropoutMask tenth;
  tenth.dropped_of_65536 = 6554;
  const std::string size = shape.Text();
  bench.Measure("LayerNorm", size, 3 * floats, [&] {
    return LayerNorm(shape.n, shape.m, x, gain, gain, normal, inverse, y, HalfOut(), s);
  });
  bench.Measure("LayerNorm", "bf16 too, " + size, 3.5 * floats, [&] {
    return LayerNorm(shape.n, shape.m, x, gain, gain, normal, inverse, y, bf16, s);
  });
  bench.Measure("LayerNormGradient", size, 5 * floats, [&] {
    return LayerNormGradient(shape.n, shape.m, normal, inverse, gain, y, dx, s);
  });
  bench.Measure("AddDropped", "none, " + size, 3 * floats,
                [&] { return AddDropped(count, {}, x, dx, s); });
  bench.Measure("AddDropped", "a tenth, " + size, 3 * floats,
                [&] { return AddDropped(count, tenth, x, dx, s); });
  bench.Measure("Dropped", "a tenth, " + size, 2 * floats,
                [&] { return Dropped(count, tenth, x, y, HalfOut(), s); });
}

// Heads of 64 values.
void MeasureAttention(OperatorBench& bench, Trial& trial, const Shape& shape) {
  const StreamHandle s = trial.stream();
  const HeadsShape heads{shape.n / kLength, kLength, shape.m / 64, 64};
  const uint64_t matrices = heads.sequences * heads.heads;
  const uint64_t scores = matrices * kLength * kLength;
  const double floats = static_cast<double>(shape.n * shape.m) * 4;
  const double of_scores = static_cast<double>(scores) * 4;
  float* rows = trial.Input(trial.Uniform(shape.n * 3 * shape.m, -1, 1));
  float* split = trial.Output<float>(shape.n * shape.m);
  float* cosines = trial.Output<float>(kLength * 32);
  float* sines = trial.Output<float>(kLength * 32);
  float* p = trial.Input(trial.Uniform(scores, -1, 1));
  float* dp = trial.Input(trial.Uniform(scores, -1, 1));
  const std::string size = shape.Text();
  bench.Measure("RotaryTable", "512x64", 2 * 4 * static_cast<double>(kLength * 32),
                [&] { return RotaryTable(kLength, 64, cosines, sines, s); });
  bench.Measure("SplitHeads", "turned " + size, 2 * floats, [&] {
    return SplitHeads(heads, {3 * shape.m, shape.m}, {cosines, sines}, rows, split, HalfOut(), s);
  });
  bench.Measure("MergeHeads", "turned " + size, 2 * floats, [&] {
    return MergeHeads(heads, {3 * shape.m, shape.m}, {cosines, sines}, split, rows, HalfOut(), s);
  });
  // Half of the scores are read, all of the probabilities are written.
  bench.Measure("CausalSoftmax", size, 1.5 * of_scores,
                [&] { return CausalSoftmax(matrices, kLength, 0.125f, p, HalfOut(), s); });
  bench.Measure("CausalSoftmaxGradient", size, 2 * of_scores, [&] {
    return CausalSoftmaxGradient(matrices, kLength, 0.125f, p, dp, HalfOut(), s);
  });
}

}  // namespace

void MeasureTransformer(OperatorBench& bench, bool quick) {
  std::vector<Shape> shapes = {{8192, 512}};
  if (!quick) shapes.push_back({16384, 1024});
  for (const Shape& shape : shapes) {
    bench.Group([&](Trial& trial) { MeasureEnds(bench, trial, shape); });
    bench.Group([&](Trial& trial) { MeasureRows(bench, trial, shape); });
    bench.Group([&](Trial& trial) { MeasureAttention(bench, trial, shape); });
  }
}

}  // namespace paceline::gpu::testing
