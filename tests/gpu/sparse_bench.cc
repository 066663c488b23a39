#include <set>

#include "tests/gpu/operator_bench.h"
#include "worker/gpu/ops/fm_interaction.h"
#include "worker/gpu/ops/fm_scatter_gradient.h"
#include "worker/gpu/ops/fm_segment_gradient.h"
#include "worker/gpu/ops/lookup_rows.h"
#include "worker/gpu/ops/scatter_gradient.h"
#include "worker/gpu/ops/segment_gradient.h"
#include "worker/gpu/ops/testing/sparse_cases.h"
#include "worker/gpu/ops/weighted_rows.h"

namespace paceline::gpu::testing {
namespace {

// Rows of a table that a batch of click records has: most are named once or twice.
constexpr uint64_t kRows = 200000;
constexpr uint64_t kEntries = 39;

void MeasureLookup(OperatorBench& bench, Trial& trial, uint64_t count, uint64_t key_count) {
  std::set<uint64_t> drawn;
  while (drawn.size() < key_count) drawn.insert(trial.Below(uint64_t{1} << 40));
  const std::vector<uint64_t> keys(drawn.begin(), drawn.end());
  std::vector<uint64_t> features;
  for (uint64_t i = 0; i < count; ++i) features.push_back(keys[trial.Below(key_count)]);
  const uint64_t* device_features = trial.Input(features);
  const uint64_t* device_keys = trial.Input(keys);
  uint32_t* rows = trial.Output<uint32_t>(count);
  uint32_t* missing = trial.Input(std::vector<uint32_t>{UINT32_MAX});
  // Features in, rows out, and the keys once.
  const double bytes = 12 * static_cast<double>(count) + 8 * static_cast<double>(key_count);
  bench.Measure("LookupRows", std::to_string(count) + " in " + std::to_string(key_count), bytes,
                [&] {
                  return LookupRows(count, device_features, key_count, device_keys, rows, missing,
                                    trial.stream());
                });
}

void MeasureTable(OperatorBench& bench, Trial& trial, const SparseCase& c) {
  const reference::Records records = DrawRecords(trial, c.shape);
  const reference::Segments segments = SegmentsOf(records);
  const DeviceRecords r = Upload(trial, records);
  const DeviceSegments g = Upload(trial, segments);
  const uint64_t n = c.shape.n;
  const float* table = trial.Input(trial.Uniform(c.shape.row_count * c.dim, -1, 1));
  float* out = trial.Input(std::vector<float>(n * c.dim));
  float* sums = trial.Output<float>(n * c.dim);
  float* z = trial.Input(std::vector<float>(n));
  const float* gradient = trial.Input(trial.Uniform(n * c.dim, -1, 1));
  float* table_out = trial.Input(std::vector<float>(c.shape.row_count * c.dim));
  const StreamHandle s = trial.stream();

  const double entries = static_cast<double>(records.rows.size());
  const double row = 4.0 * c.dim;
  const double record_rows = static_cast<double>(n) * row;
  const double segment_rows = static_cast<double>(segments.size()) * row;
  // Row and value of an entry, and the row that is gathered for it.
  const double gathered = entries * (8 + row);
  const std::string size = c.Text();
  const auto d = static_cast<uint32_t>(c.dim);

  bench.Measure("WeightedRows", size, gathered + 2 * record_rows,
                [&] { return WeightedRows(n, d, r.offsets, r.rows, r.values, table, out, s); });
  bench.Measure("SegmentGradient", size, gathered + segment_rows, [&] {
    return SegmentGradient(segments.size(), d, g.rows, g.offsets, g.records, g.values, gradient,
                           table_out, s);
  });
  bench.Measure("ScatterGradient", size, gathered + record_rows, [&] {
    return ScatterGradient(n, d, r.offsets, r.rows, r.values, gradient, table_out, s);
  });
  bench.Measure("FmInteraction", size, gathered + record_rows, [&] {
    return FmInteraction(n, d, r.offsets, r.rows, r.values, table, sums, z, s);
  });
  bench.Measure("FmSegmentGradient", size, gathered + 4 * entries + 2 * segment_rows, [&] {
    return FmSegmentGradient(segments.size(), d, g.rows, g.offsets, g.records, g.values, z, sums,
                             table, table_out, s);
  });
  bench.Measure("FmScatterGradient", size, 2 * gathered + record_rows, [&] {
    return FmScatterGradient(n, d, r.offsets, r.rows, r.values, z, sums, table, table_out, s);
  });
}

}  // namespace

void MeasureSparse(OperatorBench& bench, bool quick) {
  bench.Group([&](Trial& trial) { MeasureLookup(bench, trial, 8192 * kEntries, kRows); });
  std::vector<SparseCase> cases = {{{1024, kRows, kEntries}, 16, 0},
                                   {{8192, kRows, kEntries}, 1, 0},
                                   {{8192, kRows, kEntries}, 16, 0},
                                   {{8192, kRows, kEntries, true}, 16, 0}};
  // A first layer of sparse images.
  if (!quick) cases.push_back({{1024, 784, 150}, 4096, 0});
  for (const SparseCase& c : cases) {
    bench.Group([&](Trial& trial) { MeasureTable(bench, trial, c); });
  }
}

}  // namespace paceline::gpu::testing
