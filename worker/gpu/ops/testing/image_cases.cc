// The operators of convolutional networks.
#include <cmath>
#include <cstddef>

#include "worker/gpu/ops/batch_norm.h"
#include "worker/gpu/ops/batch_norm_gradient.h"
#include "worker/gpu/ops/column_statistics.h"
#include "worker/gpu/ops/image_columns.h"
#include "worker/gpu/ops/max_pool.h"
#include "worker/gpu/ops/planes_to_images.h"
#include "worker/gpu/ops/reference/images.h"
#include "worker/gpu/ops/scaled_difference.h"
#include "worker/gpu/ops/testing/cases.h"
#include "worker/gpu/ops/testing/halves.h"
#include "worker/gpu/ops/testing/shapes.h"

namespace paceline::gpu::testing {
namespace {

constexpr HalfType kHalves[] = {HalfType::kNone, HalfType::kBf16, HalfType::kFp16};

std::vector<float> Narrowed(const std::vector<double>& values) {
  return std::vector<float>(values.begin(), values.end());
}

void RunPlanes(Trial& trial, uint64_t n, uint32_t channels, uint64_t pixels) {
  const size_t count = n * channels * pixels;
  // Every third value is 0, and no entry.
  std::vector<float> planes = trial.Uniform(count, 1, 2);
  std::vector<uint32_t> offsets = {0};
  std::vector<uint32_t> features;
  std::vector<float> values;
  for (size_t i = 0; i < count; ++i) {
    if (trial.Below(3) == 0) {
      planes[i] = 0;
    } else {
      features.push_back(static_cast<uint32_t>(i % (channels * pixels)));
      values.push_back(planes[i]);
    }
    if ((i + 1) % (channels * pixels) == 0) {
      offsets.push_back(static_cast<uint32_t>(features.size()));
    }
  }
  const std::vector<float> want = Narrowed(reference::PlanesToImages(n, channels, pixels, planes));
  const float* device_planes = trial.Input(planes);
  float* images = trial.Poisoned<float>(count);
  trial.Launch(PlanesToImages(n, channels, pixels, device_planes, images, trial.stream()));
  trial.Equal("images", trial.Read(images, count), want);

  const uint32_t* device_offsets = trial.Input(offsets);
  const uint32_t* device_features = trial.Input(features);
  const float* device_values = trial.Input(values);
  float* of_entries = trial.Input(std::vector<float>(count));
  trial.Launch(EntriesToImages(n, channels, pixels, device_offsets, device_features, device_values,
                               of_entries, trial.stream()));
  trial.Equal("images of entries", trial.Read(of_entries, count), want);
}

void RunColumns(Trial& trial, uint64_t n, const WindowShape& shape) {
  const size_t pixels = n * shape.image_values();
  const size_t count = n * shape.out_pixels() * shape.window();
  const std::vector<float> images = trial.Uniform(pixels, -1, 1);
  const std::vector<double> want = reference::ImagesToColumns(n, shape, images);
  const float* device_images = trial.Input(images);
  for (const HalfType half : kHalves) {
    float* columns = half == HalfType::kNone ? trial.Poisoned<float>(count) : nullptr;
    uint16_t* halves = trial.Poisoned<uint16_t>(count);
    trial.Launch(ImagesToColumns(n, shape, device_images, columns, {half, halves}, trial.stream()));
    if (columns != nullptr) trial.Equal("columns", trial.Read(columns, count), Narrowed(want));
    CheckRounding(trial, half, halves, Narrowed(want));
    CheckHalves(trial, half, trial.Read(halves, count), want);
  }

  const std::vector<float> columns = trial.Summands(count, uint64_t{shape.kernel} * shape.kernel);
  const float* device_columns = trial.Input(columns);
  float* sums = trial.Poisoned<float>(pixels);
  trial.Launch(ColumnsToImages(n, shape, device_columns, sums, trial.stream()));
  trial.Near("images", trial.Read(sums, pixels), reference::ColumnsToImages(n, shape, columns));
}

void RunStatistics(Trial& trial, const Shape& shape) {
  // A mean far from 0: a variance of squares alone would lose digits.
  const std::vector<float> x = trial.Uniform(shape.n * shape.m, 9, 11);
  const reference::Statistics want = reference::ColumnStatistics(shape.n, shape.m, x);
  const float* device_x = trial.Input(x);
  float* mean = trial.Poisoned<float>(shape.m);
  float* variance = trial.Poisoned<float>(shape.m);
  trial.Launch(ColumnStatistics(shape.n, shape.m, device_x, mean, variance, trial.stream()));
  trial.Near("mean", trial.Read(mean, shape.m), want.mean);
  trial.Near("variance", trial.Read(variance, shape.m), want.variance);
}

void RunNorm(Trial& trial, const Shape& shape) {
  const size_t count = shape.n * shape.m;
  const std::vector<float> x = trial.Uniform(count, 1, 3);
  const std::vector<float> mean = trial.Uniform(shape.m, -1, 0);
  std::vector<float> variance = trial.Uniform(shape.m, 0.1f, 2);
  // Late pushes may leave such a one behind; it counts as 0.
  variance.back() = -0.5f;
  const std::vector<float> scale = trial.Uniform(shape.m, 0.5f, 1.5f);
  const reference::BatchNormed want =
      reference::BatchNorm(shape.n, shape.m, mean, variance, scale, x);
  const float* device_mean = trial.Input(mean);
  const float* device_variance = trial.Input(variance);
  const float* device_scale = trial.Input(scale);
  float* normalised = trial.Input(x);
  float* y = trial.Poisoned<float>(count);
  trial.Launch(BatchNorm(shape.n, shape.m, device_mean, device_variance, device_scale, normalised,
                         y, trial.stream()));
  trial.Near("normalised", trial.Read(normalised, count), want.normalised);
  trial.Near("y", trial.Read(y, count), want.y);
}

void RunNormGradient(Trial& trial, const Shape& shape, HalfType half) {
  const size_t count = shape.n * shape.m;
  const float factor = 0x1p-6f;
  const std::vector<float> normalised = trial.Uniform(count, 1, 2);
  const std::vector<float> gradient = trial.Uniform(count, 0.25f, 1.5f);
  const std::vector<float> variance = trial.Uniform(shape.m, 0.1f, 2);
  const std::vector<float> scale = trial.Uniform(shape.m, 0.5f, 1.5f);
  const reference::BatchNormGradients want =
      reference::BatchNormGradient(shape.n, shape.m, normalised, variance, scale, factor, gradient);
  const float* device_normalised = trial.Input(normalised);
  const float* device_variance = trial.Input(variance);
  const float* device_scale = trial.Input(scale);
  float* device_gradient = trial.Input(gradient);
  float* shifts = trial.Poisoned<float>(shape.m);
  float* scales = trial.Poisoned<float>(shape.m);
  uint16_t* halves = trial.Poisoned<uint16_t>(count);
  trial.Launch(BatchNormSums(shape.n, shape.m, device_normalised, device_gradient, factor, shifts,
                             scales, trial.stream()));
  trial.Near("shift", trial.Read(shifts, shape.m), want.shift);
  trial.Near("scale", trial.Read(scales, shape.m), want.scale);
  trial.Launch(BatchNormGradient(shape.n, shape.m, device_normalised, device_variance, device_scale,
                                 shifts, scales, factor, device_gradient, {half, halves},
                                 trial.stream()));
  const std::vector<float> got = trial.Read(device_gradient, count);
  trial.Near("gradient", got, want.x);
  CheckRounding(trial, half, halves, got);
}

void RunPool(Trial& trial, uint64_t n, const PoolShape& shape) {
  const size_t count = n * shape.in_values();
  const size_t out_count = n * shape.out_values();
  // Few values: equal ones are in many windows, and a NaN is in some.
  std::vector<float> in;
  for (size_t i = 0; i < count; ++i) {
    const float value = static_cast<float>(trial.Below(9)) - 4;
    in.push_back(value == 4 ? NAN : value);
  }
  const reference::Pooled want = reference::MaxPool(n, shape, in);
  const float* device_in = trial.Input(in);
  float* out = trial.Poisoned<float>(out_count);
  uint32_t* chosen = trial.Poisoned<uint32_t>(out_count);
  trial.Launch(MaxPool(n, shape, device_in, out, chosen, trial.stream()));
  trial.Near("out", trial.Read(out, out_count), want.out, 0);
  trial.Equal("chosen", trial.Read(chosen, out_count), want.chosen);

  const std::vector<float> out_gradient = trial.Uniform(out_count, 1, 2);
  const float* device_gradient = trial.Input(out_gradient);
  float* in_gradient = trial.Poisoned<float>(count);
  trial.Launch(MaxPoolGradient(n, shape, device_gradient, chosen, in_gradient, trial.stream()));
  trial.Equal("in_gradient", trial.Read(in_gradient, count),
              Narrowed(reference::MaxPoolGradient(n, shape, out_gradient, want.chosen)));
}

void RunDifference(Trial& trial, uint64_t count) {
  const std::vector<float> a = trial.Uniform(count, 1, 2);
  const std::vector<float> b = trial.Uniform(count, -1, 0);
  std::vector<double> want;
  for (uint64_t i = 0; i < count; ++i) want.push_back(0.25 * (double{a[i]} - b[i]));
  const float* device_a = trial.Input(a);
  const float* device_b = trial.Input(b);
  float* out = trial.Poisoned<float>(count);
  trial.Launch(ScaledDifference(count, 0.25f, device_a, device_b, out, trial.stream()));
  trial.Near("out", trial.Read(out, count), want);
}

void RunNothing(Trial& trial) {
  const StreamHandle s = trial.stream();
  trial.Launch(PlanesToImages(0, 3, 4, nullptr, nullptr, s));
  trial.Launch(EntriesToImages(0, 3, 4, nullptr, nullptr, nullptr, nullptr, s));
  trial.Launch(ImagesToColumns(0, {}, nullptr, nullptr, HalfOut(), s));
  trial.Launch(ColumnsToImages(0, {}, nullptr, nullptr, s));
  trial.Launch(ColumnStatistics(5, 0, nullptr, nullptr, nullptr, s));
  trial.Launch(BatchNorm(0, 5, nullptr, nullptr, nullptr, nullptr, nullptr, s));
  trial.Launch(BatchNormSums(5, 0, nullptr, nullptr, 1, nullptr, nullptr, s));
  trial.Launch(BatchNormGradient(0, 5, nullptr, nullptr, nullptr, nullptr, nullptr, 1, nullptr,
                                 HalfOut(), s));
  trial.Launch(MaxPool(0, {}, nullptr, nullptr, nullptr, s));
  trial.Launch(MaxPoolGradient(0, {}, nullptr, nullptr, nullptr, s));
  trial.Launch(ScaledDifference(0, 1, nullptr, nullptr, nullptr, s));
}

std::string Text(const WindowShape& s) {
  return std::to_string(s.height) + "x" + std::to_string(s.width) + "x" +
         std::to_string(s.channels) + " by " + std::to_string(s.kernel) + " step " +
         std::to_string(s.stride);
}

}  // namespace

std::vector<Case> ImageCases(bool large) {
  std::vector<Case> cases = {{"nothing of images", RunNothing}};
  for (const uint64_t n : {1, 3, 70}) {
    const std::string text = std::to_string(n);
    cases.push_back({"PlanesToImages " + text + " of one channel",
                     [=](Trial& trial) { RunPlanes(trial, n, 1, 9); }});
    cases.push_back({"PlanesToImages " + text + " of three channels",
                     [=](Trial& trial) { RunPlanes(trial, n, 3, 33); }});
  }
  std::vector<WindowShape> windows = {{1, 1, 1, 1, 1}, {1, 1, 2, 5, 1}, {5, 4, 1, 3, 1},
                                      {7, 6, 2, 5, 2}, {3, 3, 4, 1, 3}, {9, 8, 3, 3, 3},
                                      {4, 33, 2, 7, 1}};
  if (large) windows.push_back({64, 64, 16, 5, 1});
  for (const WindowShape& shape : windows) {
    for (const uint64_t n : {1, 5}) {
      cases.push_back({"ImagesToColumns " + std::to_string(n) + " of " + Text(shape),
                       [=](Trial& trial) { RunColumns(trial, n, shape); }});
    }
  }
  for (const Shape& shape : Shapes(large)) {
    cases.push_back(
        {"ColumnStatistics " + shape.Text(), [=](Trial& trial) { RunStatistics(trial, shape); }});
    cases.push_back({"BatchNorm " + shape.Text(), [=](Trial& trial) { RunNorm(trial, shape); }});
    for (const HalfType half : kHalves) {
      cases.push_back({"BatchNormGradient " + shape.Text() + " " + HalfName(half),
                       [=](Trial& trial) { RunNormGradient(trial, shape, half); }});
    }
  }
  cases.push_back({"ColumnStatistics without rows", [](Trial& trial) {
                     RunStatistics(trial, {0, 7});
                   }});
  std::vector<PoolShape> pools = {
      {1, 1, 1, 1}, {2, 2, 1, 2}, {5, 7, 3, 2}, {9, 4, 2, 3}, {4, 4, 33, 4}};
  if (large) pools.push_back({256, 256, 16, 2});
  for (const PoolShape& shape : pools) {
    for (const uint64_t n : {1, 5}) {
      cases.push_back({"MaxPool " + std::to_string(n) + " of " + std::to_string(shape.height) +
                           "x" + std::to_string(shape.width) + "x" +
                           std::to_string(shape.channels) + " by " + std::to_string(shape.pool),
                       [=](Trial& trial) { RunPool(trial, n, shape); }});
    }
  }
  for (const uint64_t count : {1, 33, 1025}) {
    cases.push_back({"ScaledDifference " + std::to_string(count),
                     [=](Trial& trial) { RunDifference(trial, count); }});
  }
  return cases;
}

}  // namespace paceline::gpu::testing
