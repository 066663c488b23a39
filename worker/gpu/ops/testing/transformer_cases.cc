// The operators of the language model.
#include <cmath>
#include <cstddef>

#include "worker/gpu/ops/causal_softmax.h"
#include "worker/gpu/ops/dropped.h"
#include "worker/gpu/ops/embed_rows.h"
#include "worker/gpu/ops/layer_norm.h"
#include "worker/gpu/ops/one_hot.h"
#include "worker/gpu/ops/reference/transformer.h"
#include "worker/gpu/ops/split_windows.h"
#include "worker/gpu/ops/testing/cases.h"
#include "worker/gpu/ops/testing/halves.h"
#include "worker/gpu/ops/testing/shapes.h"
#include "worker/gpu/ops/window_losses.h"

namespace paceline::gpu::testing {
namespace {

struct Variant {
  HalfType half;
  // Where buffers start, behind a multiple of 256 bytes.
  size_t shift;

  std::string Text() const {
    return std::string(" ") + HalfName(half) + (shift > 0 ? " shifted" : "");
  }
};
constexpr Variant kVariants[] = {
    {HalfType::kNone, 0}, {HalfType::kBf16, 0}, {HalfType::kFp16, 0}, {HalfType::kBf16, 1}};

std::vector<uint32_t> Indices(Trial& trial, uint64_t n, uint64_t bound) {
  std::vector<uint32_t> indices;
  for (uint64_t i = 0; i < n; ++i) indices.push_back(static_cast<uint32_t>(trial.Below(bound)));
  return indices;
}

void RunDropped(Trial& trial, uint64_t count, const DropoutMask& mask, const Variant& variant) {
  const std::vector<float> x = trial.Uniform(count, 1, 3);
  const std::vector<float> before = trial.Uniform(count, 1, 2);
  const std::vector<double> want = reference::Dropped(mask, x);
  const float* device_x = trial.Input(x, variant.shift);
  float* out = trial.Poisoned<float>(count, variant.shift);
  float* sum = trial.Input(before, variant.shift);
  uint16_t* halves = trial.Poisoned<uint16_t>(count, variant.shift);
  trial.Launch(Dropped(count, mask, device_x, out, {variant.half, halves}, trial.stream()));
  trial.Launch(AddDropped(count, mask, device_x, sum, trial.stream()));
  const std::vector<float> got = trial.Read(out, count);
  trial.Near("out", got, want);
  // The same ones, not only as many.
  for (uint64_t i = 0; i < count; ++i) {
    if ((got[i] == 0) != (want[i] == 0)) return trial.Fail("dropped: " + std::to_string(i));
  }
  CheckHalves(trial, variant.half, trial.Read(halves, count), want);
  CheckRounding(trial, variant.half, halves, got);
  std::vector<double> want_sum;
  for (uint64_t i = 0; i < count; ++i) want_sum.push_back(before[i] + want[i]);
  trial.Near("sum", trial.Read(sum, count), want_sum);
}

void RunWindows(Trial& trial, const Shape& shape) {
  std::vector<float> windows;
  std::vector<uint32_t> want_inputs;
  std::vector<float> want_targets;
  for (uint64_t n = 0; n < shape.n; ++n) {
    for (uint64_t t = 0; t <= shape.m; ++t) {
      windows.push_back(static_cast<float>(trial.Below(256)));
      if (t < shape.m) want_inputs.push_back(static_cast<uint32_t>(windows.back()));
      if (t > 0) want_targets.push_back(windows.back());
    }
  }
  const uint64_t count = shape.n * shape.m;
  const float* device_windows = trial.Input(windows);
  uint32_t* inputs = trial.Output<uint32_t>(count);
  float* targets = trial.Output<float>(count);
  trial.Launch(SplitWindows(shape.n, shape.m, device_windows, inputs, targets, trial.stream()));
  trial.Equal("inputs", trial.Read(inputs, count), want_inputs);
  trial.Equal("targets", trial.Read(targets, count), want_targets);

  const std::vector<float> of_positions = trial.Summands(count, shape.m);
  const float* device_losses = trial.Input(of_positions);
  float* losses = trial.Output<float>(shape.n);
  float* scores = trial.Output<float>(shape.n);
  trial.Launch(WindowLosses(shape.n, shape.m, device_losses, losses, scores, trial.stream()));
  const std::vector<double> want = reference::WindowLosses(shape.n, shape.m, of_positions);
  std::vector<double> want_scores;
  for (const double loss : want) want_scores.push_back(std::exp(-loss));
  trial.Near("losses", trial.Read(losses, shape.n), want);
  trial.Near("scores", trial.Read(scores, shape.n), want_scores);
}

// Rows of a table with 256 of them, and the ones that bring their gradients back.
void RunEmbedding(Trial& trial, const Shape& shape, uint64_t length, bool positions, size_t shift) {
  const std::vector<uint32_t> indices = Indices(trial, shape.n, 256);
  const std::vector<float> table = trial.Uniform(256 * shape.m, -1, 1);
  const std::vector<float> of_positions =
      positions ? trial.Uniform(length * shape.m, -1, 1) : std::vector<float>();
  const uint32_t* device_indices = trial.Input(indices);
  const float* device_table = trial.Input(table, shift);
  const float* device_positions = positions ? trial.Input(of_positions, shift) : nullptr;
  float* out = trial.Output<float>(shape.n * shape.m, shift);
  trial.Launch(EmbedRows(shape.n, shape.m, length, device_indices, device_table, device_positions,
                         out, trial.stream()));
  trial.Near("out", trial.Read(out, shape.n * shape.m),
             reference::EmbedRows(shape.m, length, indices, table, of_positions));

  const uint32_t classes = static_cast<uint32_t>(shape.m);
  float* ones = trial.Output<float>(shape.n * classes, shift);
  trial.Launch(OneHot(shape.n, classes, device_indices, ones, trial.stream()));
  std::vector<float> want(shape.n * classes);
  for (uint64_t i = 0; i < shape.n; ++i) {
    if (indices[i] < classes) want[i * classes + indices[i]] = 1;
  }
  trial.Equal("one hot", trial.Read(ones, want.size()), want);
}

void RunNorm(Trial& trial, const Shape& shape, const Variant& variant) {
  const size_t count = shape.n * shape.m;
  // A mean far from 0: a variance of squares alone would lose digits. Neighbours are apart, so
  // that few values have a variance, too.
  std::vector<float> x = trial.Uniform(count, 9, 11);
  for (size_t i = 1; i < count; i += 2) x[i] += 3;
  const std::vector<float> gain = trial.Uniform(shape.m, 0.5f, 1.5f);
  const std::vector<float> bias = trial.Uniform(shape.m, 1, 2);
  const float* device_x = trial.Input(x, variant.shift);
  const float* device_gain = trial.Input(gain, variant.shift);
  const float* device_bias = trial.Input(bias, variant.shift);
  float* normal = trial.Output<float>(count, variant.shift);
  float* inverse = trial.Output<float>(shape.n);
  float* y = trial.Output<float>(count, variant.shift);
  uint16_t* halves = trial.Poisoned<uint16_t>(count, variant.shift);
  trial.Launch(LayerNorm(shape.n, shape.m, device_x, device_gain, device_bias, normal, inverse, y,
                         {variant.half, halves}, trial.stream()));
  const reference::Normed want = reference::LayerNorm(shape.n, shape.m, x, gain, bias);
  const std::vector<float> got_normal = trial.Read(normal, count);
  const std::vector<float> got_inverse = trial.Read(inverse, shape.n);
  const std::vector<float> got = trial.Read(y, count);
  trial.Near("normal", got_normal, want.normal);
  trial.Near("inverse", got_inverse, want.inverse);
  trial.Near("y", got, want.y);
  CheckRounding(trial, variant.half, halves, got);

  const std::vector<float> dy = trial.Uniform(count, 0.5f, 1.5f);
  const std::vector<float> dx = trial.Uniform(count, 1, 2);
  float* device_dy = trial.Input(dy, variant.shift);
  float* device_dx = trial.Input(dx, variant.shift);
  trial.Launch(LayerNormGradient(shape.n, shape.m, normal, inverse, device_gain, device_dy,
                                 device_dx, trial.stream()));
  const reference::NormGradient gradient =
      reference::LayerNormGradient(shape.n, shape.m, got_normal, got_inverse, gain, dy, dx);
  trial.Near("dy", trial.Read(device_dy, count), gradient.dy);
  trial.Near("dx", trial.Read(device_dx, count), gradient.dx);
}

void RunHeads(Trial& trial, const HeadsShape& shape, bool turn, const Variant& variant) {
  const uint64_t width = shape.heads * shape.head_width;
  const uint64_t rows = shape.sequences * shape.length;
  // The second of three parts, as keys are.
  const HeadsColumns columns{3 * width, width};
  const std::vector<float> matrix = trial.Uniform(rows * columns.columns, -1, 1);
  const uint64_t angles = shape.length * (shape.head_width / 2);
  float* cosines = trial.Output<float>(angles);
  float* sines = trial.Output<float>(angles);
  Rotation rotation;
  if (turn) {
    trial.Launch(RotaryTable(shape.length, shape.head_width, cosines, sines, trial.stream()));
    rotation = {cosines, sines};
  }
  const float* device_matrix = trial.Input(matrix, variant.shift);
  float* out = trial.Output<float>(shape.values(), variant.shift);
  uint16_t* halves = trial.Poisoned<uint16_t>(shape.values(), variant.shift);
  trial.Launch(SplitHeads(shape, columns, rotation, device_matrix, out, {variant.half, halves},
                          trial.stream()));
  const std::vector<float> got = trial.Read(out, shape.values());
  trial.Near("heads", got, reference::SplitHeads(shape, columns, turn, matrix));
  CheckRounding(trial, variant.half, halves, got);

  // Back again, beside what is there.
  const std::vector<float> heads = trial.Uniform(shape.values(), -1, 1);
  const float* device_heads = trial.Input(heads, variant.shift);
  float* merged = trial.Input(matrix, variant.shift);
  uint16_t* merged_halves = trial.Input(std::vector<uint16_t>(matrix.size()), variant.shift);
  trial.Launch(MergeHeads(shape, columns, rotation, device_heads, merged,
                          {variant.half, merged_halves}, trial.stream()));
  const std::vector<float> got_rows = trial.Read(merged, matrix.size());
  trial.Near("rows", got_rows, reference::MergeHeads(shape, columns, turn, heads, matrix));
  if (variant.half == HalfType::kNone) return;
  std::vector<uint16_t> want_halves(matrix.size());
  for (uint64_t i = 0; i < matrix.size(); ++i) {
    const uint64_t column = i % columns.columns;
    if (column < width || column >= 2 * width) continue;
    want_halves[i] = reference::Rounded(variant.half, got_rows[i]);
  }
  trial.Equal("halves of rows", trial.Read(merged_halves, matrix.size()), want_halves);
}

void RunSoftmax(Trial& trial, uint64_t matrices, uint64_t length, const Variant& variant) {
  const uint64_t count = matrices * length * length;
  const float scale = 0.3f;
  std::vector<float> s = trial.Uniform(count, -20, 20);
  // Of two signs: differences from their mean are not small.
  const std::vector<float> p = trial.Uniform(count, 0.1f, 1);
  std::vector<float> dp = trial.Uniform(count, 0.5f, 1.5f);
  for (uint64_t i = 0; i < count; ++i) {
    const uint64_t column = i % length;
    if (column % 2 == 1) dp[i] = -dp[i];
    // Nobody looks at what comes later.
    if (column > i / length % length) s[i] = dp[i] = NAN;
  }
  float* scores = trial.Input(s, variant.shift);
  uint16_t* halves = trial.Poisoned<uint16_t>(count, variant.shift);
  trial.Launch(
      CausalSoftmax(matrices, length, scale, scores, {variant.half, halves}, trial.stream()));
  const std::vector<float> got = trial.Read(scores, count);
  trial.Near("p", got, reference::CausalSoftmax(matrices, length, scale, s));
  CheckRounding(trial, variant.half, halves, got);

  const float* device_p = trial.Input(p, variant.shift);
  float* ds = trial.Input(dp, variant.shift);
  trial.Launch(CausalSoftmaxGradient(matrices, length, scale, device_p, ds, {variant.half, halves},
                                     trial.stream()));
  const std::vector<float> got_ds = trial.Read(ds, count);
  trial.Near("ds", got_ds, reference::CausalSoftmaxGradient(matrices, length, scale, p, dp));
  CheckRounding(trial, variant.half, halves, got_ds);
}

void RunNothing(Trial& trial) {
  const StreamHandle s = trial.stream();
  const HeadsShape none;
  trial.Launch(Dropped(0, {}, nullptr, nullptr, HalfOut(), s));
  trial.Launch(AddDropped(0, {}, nullptr, nullptr, s));
  trial.Launch(SplitWindows(0, 5, nullptr, nullptr, nullptr, s));
  trial.Launch(WindowLosses(0, 5, nullptr, nullptr, nullptr, s));
  trial.Launch(EmbedRows(0, 5, 5, nullptr, nullptr, nullptr, nullptr, s));
  trial.Launch(OneHot(0, 5, nullptr, nullptr, s));
  trial.Launch(LayerNorm(0, 5, nullptr, nullptr, nullptr, nullptr, nullptr, nullptr, HalfOut(), s));
  trial.Launch(LayerNormGradient(0, 5, nullptr, nullptr, nullptr, nullptr, nullptr, s));
  trial.Launch(RotaryTable(0, 4, nullptr, nullptr, s));
  trial.Launch(SplitHeads(none, {}, {}, nullptr, nullptr, HalfOut(), s));
  trial.Launch(MergeHeads(none, {}, {}, nullptr, nullptr, HalfOut(), s));
  trial.Launch(CausalSoftmax(0, 5, 1, nullptr, HalfOut(), s));
  trial.Launch(CausalSoftmaxGradient(0, 5, 1, nullptr, nullptr, HalfOut(), s));
}

void AddHeadsCases(bool large, std::vector<Case>* cases) {
  std::vector<HeadsShape> shapes = {{1, 1, 1, 2}, {2, 3, 1, 6}, {3, 5, 2, 8}, {1, 33, 3, 4}};
  if (large) shapes.push_back({4, 512, 8, 64});
  for (const HeadsShape& shape : shapes) {
    for (const bool turn : {false, true}) {
      for (const Variant& variant : kVariants) {
        cases->push_back({"SplitHeads " + std::to_string(shape.sequences) + "x" +
                              std::to_string(shape.length) + "x" + std::to_string(shape.heads) +
                              "x" + std::to_string(shape.head_width) + (turn ? " turned" : "") +
                              variant.Text(),
                          [=](Trial& trial) { RunHeads(trial, shape, turn, variant); }});
      }
    }
  }
}

}  // namespace

std::vector<Case> TransformerCases(bool large) {
  std::vector<Case> cases = {{"nothing of a transformer", RunNothing}};
  for (const uint64_t count : {1, 3, 33, 1025}) {
    for (const Variant& variant : kVariants) {
      const std::string text = "Dropped " + std::to_string(count) + variant.Text();
      for (const uint64_t first : {uint64_t{0}, uint64_t{7}, uint64_t{1} << 33}) {
        const DropoutMask mask{0x123456789abcdef0, 0xfedcba9876543210, 20000, first};
        cases.push_back({text + " from " + std::to_string(first),
                         [=](Trial& trial) { RunDropped(trial, count, mask, variant); }});
      }
      cases.push_back(
          {text + ", none", [=](Trial& trial) { RunDropped(trial, count, {}, variant); }});
    }
  }
  for (const Shape& shape : Shapes(large)) {
    cases.push_back(
        {"SplitWindows " + shape.Text(), [=](Trial& trial) { RunWindows(trial, shape); }});
    for (const bool positions : {false, true}) {
      for (const size_t shift : {0, 1}) {
        cases.push_back({"EmbedRows " + shape.Text() + (positions ? " with positions" : "") +
                             (shift > 0 ? " shifted" : ""),
                         [=](Trial& trial) { RunEmbedding(trial, shape, 3, positions, shift); }});
      }
    }
    for (const Variant& variant : kVariants) {
      cases.push_back({"LayerNorm " + shape.Text() + variant.Text(),
                       [=](Trial& trial) { RunNorm(trial, shape, variant); }});
    }
  }
  AddHeadsCases(large, &cases);
  std::vector<Shape> squares = {{1, 1}, {3, 2}, {2, 5}, {5, 33}, {1, 67}};
  if (large) squares.push_back({32, 512});
  for (const Shape& square : squares) {
    for (const Variant& variant : kVariants) {
      cases.push_back({"CausalSoftmax " + square.Text() + variant.Text(),
                       [=](Trial& trial) { RunSoftmax(trial, square.n, square.m, variant); }});
    }
  }
  return cases;
}

}  // namespace paceline::gpu::testing
