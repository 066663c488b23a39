#include "worker/gpu/ops/testing/sparse_cases.h"

#include <cstddef>

#include "worker/gpu/ops/reference/reference.h"
#include "worker/gpu/ops/scatter_gradient.h"
#include "worker/gpu/ops/segment_gradient.h"
#include "worker/gpu/ops/testing/cases.h"
#include "worker/gpu/ops/weighted_rows.h"

namespace paceline::gpu::testing {
namespace {

void RunWeightedRows(Trial& trial, const SparseCase& c) {
  const reference::Records records = DrawRecords(trial, c.shape);
  const std::vector<float> table = trial.Summands(c.shape.row_count * c.dim, c.shape.terms());
  const std::vector<float> before = trial.Summands(c.shape.n * c.dim, c.shape.terms());
  const DeviceRecords device = Upload(trial, records);
  const float* device_table = trial.Input(table, c.shift);
  float* out = trial.Input(before, c.shift);
  trial.Launch(WeightedRows(c.shape.n, c.dim, device.offsets, device.rows, device.values,
                            device_table, out, trial.stream()));
  trial.Near("out", trial.Read(out, before.size()),
             reference::WeightedRows(records, c.dim, table, before));
}

void RunSegmentGradient(Trial& trial, const SparseCase& c) {
  const reference::Records records = DrawRecords(trial, c.shape);
  const reference::Segments segments = SegmentsOf(records);
  const std::vector<float> gradient = trial.Summands(c.shape.n * c.dim, c.shape.terms());
  const DeviceSegments device = Upload(trial, segments);
  const float* device_gradient = trial.Input(gradient, c.shift);
  float* out = trial.Poisoned<float>(c.shape.row_count * c.dim, c.shift);
  trial.Launch(SegmentGradient(segments.size(), c.dim, device.rows, device.offsets, device.records,
                               device.values, device_gradient, out, trial.stream()));
  CheckRows(trial, segments, c.dim, trial.Read(out, c.shape.row_count * c.dim),
            reference::TableGradient(records, c.dim, c.shape.row_count, gradient));
}

void RunScatterGradient(Trial& trial, const SparseCase& c) {
  const reference::Records records = DrawRecords(trial, c.shape);
  const std::vector<float> gradient = trial.Summands(c.shape.n * c.dim, c.shape.terms());
  const DeviceRecords device = Upload(trial, records);
  const float* device_gradient = trial.Input(gradient, c.shift);
  const std::vector<float> zeros(c.shape.row_count * c.dim);
  float* out = trial.Input(zeros, c.shift);
  trial.Launch(ScatterGradient(c.shape.n, c.dim, device.offsets, device.rows, device.values,
                               device_gradient, out, trial.stream()));
  trial.Near("out", trial.Read(out, zeros.size()),
             reference::TableGradient(records, c.dim, c.shape.row_count, gradient));
}

}  // namespace

std::vector<Case> SparseCases(bool large) {
  std::vector<Case> cases;
  for (const SparseCase& c : SparseShapes(large)) {
    cases.push_back({"WeightedRows " + c.Text(), [=](Trial& t) { RunWeightedRows(t, c); }});
    cases.push_back({"SegmentGradient " + c.Text(), [=](Trial& t) { RunSegmentGradient(t, c); }});
    cases.push_back({"ScatterGradient " + c.Text(), [=](Trial& t) { RunScatterGradient(t, c); },
                     /*deterministic=*/false});
  }
  return cases;
}

}  // namespace paceline::gpu::testing
