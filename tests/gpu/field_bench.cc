#include "tests/gpu/operator_bench.h"
#include "worker/gpu/ops/cross_layer.h"
#include "worker/gpu/ops/cross_layer_gradient.h"
#include "worker/gpu/ops/embed_fields.h"
#include "worker/gpu/ops/field_products.h"
#include "worker/gpu/ops/field_products_gradient.h"
#include "worker/gpu/ops/field_scatter_gradient.h"
#include "worker/gpu/ops/field_segment_gradient.h"
#include "worker/gpu/ops/field_sums.h"
#include "worker/gpu/ops/testing/field_data.h"
#include "worker/gpu/ops/testing/sparse_cases.h"

namespace paceline::gpu::testing {
namespace {

// Criteo's numbers beside its categories.
constexpr uint32_t kFields = 26;
constexpr uint32_t kNumbers = 13;
constexpr uint64_t kRows = 200000;

void MeasureClicks(OperatorBench& bench, Trial& trial, uint64_t n, uint32_t k) {
  const FieldCase c = {n, kFields, k, kNumbers, kRows};
  const uint32_t width = c.stride();
  const uint64_t values = n * width;
  const reference::Fields fields = DrawFields(trial, c);
  const reference::Segments segments = PlacesByRow(fields);
  const DeviceSegments g = Upload(trial, segments);
  const uint32_t* rows = trial.Input(fields.rows);
  const float* factors = trial.Input(trial.Uniform(kRows * k, -1, 1));
  const float* weights = trial.Input(trial.Uniform(kRows, -1, 1));
  const float* numbers = trial.Input(trial.Uniform(n * kNumbers, -1, 1));
  const float* bias = trial.Input(trial.Uniform(width, -1, 1));
  const float* gradient = trial.Input(trial.Uniform(values, -1, 1));
  float* x = trial.Input(trial.Uniform(values, -1, 1));
  float* u = trial.Input(trial.Uniform(values, -1, 1));
  float* out = trial.Output<float>(values);
  float* x_gradient = trial.Input(trial.Uniform(values, -1, 1));
  float* sums = trial.Input(trial.Uniform(n * k, -1, 1));
  float* z = trial.Input(trial.Uniform(n, -1, 1));
  float* table_out = trial.Input(std::vector<float>(kRows * k));
  const StreamHandle s = trial.stream();

  const double keys = static_cast<double>(n) * kFields;
  const double row = 4.0 * k;
  const double all = 4.0 * static_cast<double>(values);
  const double records = static_cast<double>(n);
  const std::string size = c.Text();

  bench.Measure("EmbedFields", size, keys * (4 + row) + records * 4 * kNumbers + all, [&] {
    return EmbedFields(n, kFields, k, kNumbers, rows, factors, numbers, x, HalfOut(), s);
  });
  bench.Measure("FieldSums", size, keys * 8 + records * 8,
                [&] { return FieldSums(n, kFields, rows, weights, z, s); });
  bench.Measure("FieldProducts", size, keys * row + records * (row + 8),
                [&] { return FieldProducts(n, kFields, k, width, x, sums, z, s); });
  bench.Measure("FieldProductsGradient", size, 3 * keys * row + records * (row + 4), [&] {
    return FieldProductsGradient(n, kFields, k, width, z, sums, x, x_gradient, s);
  });
  bench.Measure("FieldSegmentGradient", size,
                keys * (4 + row) + static_cast<double>(segments.size()) * row, [&] {
                  return FieldSegmentGradient(segments.size(), k, kFields, width, k, g.rows,
                                              g.offsets, g.records, gradient, 1, table_out, s);
                });
  bench.Measure("FieldScatterGradient", size, keys * (4 + 2 * row), [&] {
    return FieldScatterGradient(n, k, kFields, width, k, rows, gradient, 1, table_out, s);
  });
  bench.Measure("CrossLayer", size, 4 * all,
                [&] { return CrossLayer(n, width, bias, x, x, u, out, HalfOut(), s); });
  bench.Measure("CrossLayerGradient", size, 6 * all, [&] {
    return CrossLayerGradient(values, false, gradient, x, u, out, HalfOut(), x_gradient, s);
  });
}

}  // namespace

void MeasureFields(OperatorBench& bench, bool quick) {
  bench.Group([&](Trial& trial) { MeasureClicks(bench, trial, 8192, 16); });
  if (quick) return;
  bench.Group([&](Trial& trial) { MeasureClicks(bench, trial, 1024, 16); });
  bench.Group([&](Trial& trial) { MeasureClicks(bench, trial, 8192, 4); });
}

}  // namespace paceline::gpu::testing
