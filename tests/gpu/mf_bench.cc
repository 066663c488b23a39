#include <numeric>

#include "tests/gpu/operator_bench.h"
#include "worker/gpu/ops/mf_rating.h"
#include "worker/gpu/ops/mf_scatter_gradient.h"
#include "worker/gpu/ops/mf_segment_gradient.h"
#include "worker/gpu/ops/testing/sparse_cases.h"

namespace paceline::gpu::testing {
namespace {

constexpr uint64_t kUsers = 100000;
constexpr uint64_t kItems = 20000;

std::vector<uint32_t> DrawRows(Trial& trial, uint64_t n, uint64_t row_count) {
  std::vector<uint32_t> rows;
  for (uint64_t i = 0; i < n; ++i) rows.push_back(static_cast<uint32_t>(trial.Below(row_count)));
  return rows;
}

void MeasureRatings(OperatorBench& bench, Trial& trial, uint64_t n, uint32_t k) {
  const std::vector<uint32_t> users = DrawRows(trial, n, kUsers);
  reference::Records records = {std::vector<uint32_t>(n + 1), users, std::vector<float>(n, 1)};
  std::iota(records.offsets.begin(), records.offsets.end(), 0);
  const reference::Segments segments = SegmentsOf(records);
  const DeviceSegments g = Upload(trial, segments);
  const uint32_t* user_rows = trial.Input(users);
  const uint32_t* item_rows = trial.Input(DrawRows(trial, n, kItems));
  const MfTables tables = {
      trial.Input(std::vector<float>{1}), trial.Input(trial.Uniform(kUsers, -1, 1)),
      trial.Input(trial.Uniform(kUsers * k, -1, 1)), trial.Input(trial.Uniform(kItems, -1, 1)),
      trial.Input(trial.Uniform(kItems * k, -1, 1))};
  float* z = trial.Input(trial.Uniform(n, -1, 1));
  float* out = trial.Input(std::vector<float>(kUsers * k));
  const StreamHandle s = trial.stream();

  const double ratings = static_cast<double>(n);
  const double row = 4.0 * k;
  const std::string size = std::to_string(n) + " ratings, " + std::to_string(k) + " factors";
  // Two row numbers, biases and rows of each rating.
  bench.Measure("MfRating", size, ratings * (20 + 2 * row),
                [&] { return MfRating(n, k, user_rows, item_rows, tables, z, s); });
  bench.Measure("MfSegmentGradient", size,
                ratings * (12 + row) + static_cast<double>(segments.size()) * row, [&] {
                  return MfSegmentGradient(segments.size(), k, g.rows, g.offsets, g.records, z,
                                           item_rows, tables.item, out, s);
                });
  bench.Measure("MfScatterGradient", size, ratings * (12 + 2 * row), [&] {
    return MfScatterGradient(n, k, user_rows, z, item_rows, tables.item, out, s);
  });
}

}  // namespace

void MeasureMf(OperatorBench& bench, bool quick) {
  for (const uint32_t k : {8, 64}) {
    bench.Group([&](Trial& trial) { MeasureRatings(bench, trial, 8192, k); });
    if (quick) continue;
    bench.Group([&](Trial& trial) { MeasureRatings(bench, trial, 1 << 20, k); });
  }
}

}  // namespace paceline::gpu::testing
