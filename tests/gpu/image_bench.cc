#include "tests/gpu/operator_bench.h"
#include "worker/gpu/ops/batch_norm.h"
#include "worker/gpu/ops/batch_norm_gradient.h"
#include "worker/gpu/ops/column_statistics.h"
#include "worker/gpu/ops/image_columns.h"
#include "worker/gpu/ops/max_pool.h"
#include "worker/gpu/ops/planes_to_images.h"

namespace paceline::gpu::testing {
namespace {

// A block of `n` images: windows of 3 x 3 pixels, maxima over 2 x 2.
void MeasureBlock(OperatorBench& bench, Trial& trial, uint64_t n, uint32_t side,
                  uint32_t channels) {
  const WindowShape windows{
      .height = side, .width = side, .channels = channels, .kernel = 3, .stride = 1};
  const PoolShape pool{.height = side, .width = side, .channels = channels, .pool = 2};
  const uint64_t rows = n * windows.out_pixels();
  const uint64_t values = rows * channels;
  const uint64_t out_values = n * pool.out_values();
  const double floats = 4.0 * static_cast<double>(values);
  const double out_floats = 4.0 * static_cast<double>(out_values);
  const double column_floats = 4.0 * static_cast<double>(rows * windows.window());
  float* x = trial.Input(trial.Uniform(values, -1, 1));
  float* y = trial.Input(trial.Uniform(values, -1, 1));
  float* columns = trial.Input(std::vector<float>(rows * windows.window()));
  float* out = trial.Input(std::vector<float>(out_values));
  uint32_t* chosen = trial.Input(std::vector<uint32_t>(out_values));
  float* mean = trial.Output<float>(channels);
  const float* variance = trial.Input(std::vector<float>(channels, 1.0f));
  float* sums = trial.Output<float>(channels);
  const float* scale = trial.Input(std::vector<float>(channels, 1.0f));
  const StreamHandle s = trial.stream();
  const std::string size = std::to_string(n) + "x" + std::to_string(side) + "x" +
                           std::to_string(side) + "x" + std::to_string(channels);

  bench.Measure("PlanesToImages", size, 2 * floats,
                [&] { return PlanesToImages(n, channels, windows.out_pixels(), x, y, s); });
  bench.Measure("ImagesToColumns", size, floats + column_floats,
                [&] { return ImagesToColumns(n, windows, x, columns, HalfOut(), s); });
  bench.Measure("ColumnsToImages", size, floats + column_floats,
                [&] { return ColumnsToImages(n, windows, columns, y, s); });
  bench.Measure("MaxPool", size, floats + 2 * out_floats,
                [&] { return MaxPool(n, pool, x, out, chosen, s); });
  bench.Measure("MaxPoolGradient", size, floats + 2 * out_floats,
                [&] { return MaxPoolGradient(n, pool, out, chosen, y, s); });
  // Its two sums read the values twice.
  bench.Measure("ColumnStatistics", size, 2 * floats,
                [&] { return ColumnStatistics(rows, channels, x, mean, sums, s); });
  bench.Measure("BatchNormSums", size, 2 * floats,
                [&] { return BatchNormSums(rows, channels, x, y, 1, mean, sums, s); });
  bench.Measure("BatchNormGradient", size, 3 * floats, [&] {
    return BatchNormGradient(rows, channels, x, variance, scale, mean, sums, 1, y, HalfOut(), s);
  });
  bench.Measure("BatchNorm", size, 3 * floats,
                [&] { return BatchNorm(rows, channels, mean, variance, scale, x, y, s); });
}

}  // namespace

void MeasureImages(OperatorBench& bench, bool quick) {
  bench.Group([&](Trial& trial) { MeasureBlock(bench, trial, 256, 14, 32); });
  if (quick) return;
  bench.Group([&](Trial& trial) { MeasureBlock(bench, trial, 64, 64, 16); });
  bench.Group([&](Trial& trial) { MeasureBlock(bench, trial, 256, 8, 256); });
}

}  // namespace paceline::gpu::testing
