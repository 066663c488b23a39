#include <cstddef>

#include "worker/gpu/ops/fm_interaction.h"
#include "worker/gpu/ops/fm_scatter_gradient.h"
#include "worker/gpu/ops/fm_segment_gradient.h"
#include "worker/gpu/ops/reference/reference.h"
#include "worker/gpu/ops/testing/cases.h"
#include "worker/gpu/ops/testing/sparse_cases.h"

namespace paceline::gpu::testing {
namespace {

void RunInteraction(Trial& trial, const SparseCase& c) {
  const reference::Records records = DrawRecords(trial, c.shape);
  const std::vector<float> factors = trial.Summands(c.shape.row_count * c.dim, c.shape.terms());
  const std::vector<float> z = trial.Summands(c.shape.n, c.shape.terms());
  const reference::Interaction want = reference::FmInteraction(records, c.dim, factors, z);
  const DeviceRecords device = Upload(trial, records);
  const float* device_factors = trial.Input(factors, c.shift);
  float* sums = trial.Output<float>(c.shape.n * c.dim, c.shift);
  float* device_z = trial.Input(z);
  trial.Launch(FmInteraction(c.shape.n, c.dim, device.offsets, device.rows, device.values,
                             device_factors, sums, device_z, trial.stream()));
  trial.Near("sums", trial.Read(sums, want.sums.size()), want.sums);
  trial.Near("z", trial.Read(device_z, z.size()), want.z);
}

// What both gradients take.
struct GradientInputs {
  reference::Records records;
  std::vector<float> factors;
  std::vector<float> z_gradient;
  std::vector<float> sums;
  std::vector<double> want;
};

GradientInputs DrawGradient(Trial& trial, const SparseCase& c) {
  GradientInputs inputs;
  inputs.records = DrawRecords(trial, c.shape);
  inputs.factors = trial.Summands(c.shape.row_count * c.dim, c.shape.terms());
  inputs.z_gradient = trial.Summands(c.shape.n, c.shape.terms());
  // Like sums over records: of the size of their entries.
  inputs.sums = trial.Uniform(c.shape.n * c.dim, 3, 6);
  inputs.want = reference::FmGradient(inputs.records, c.dim, c.shape.row_count, inputs.z_gradient,
                                      inputs.sums, inputs.factors);
  return inputs;
}

void RunSegmentGradient(Trial& trial, const SparseCase& c) {
  const GradientInputs inputs = DrawGradient(trial, c);
  const reference::Segments segments = SegmentsOf(inputs.records);
  const DeviceSegments device = Upload(trial, segments);
  const float* factors = trial.Input(inputs.factors, c.shift);
  const float* z_gradient = trial.Input(inputs.z_gradient);
  const float* sums = trial.Input(inputs.sums, c.shift);
  float* out = trial.Poisoned<float>(inputs.want.size(), c.shift);
  trial.Launch(FmSegmentGradient(segments.size(), c.dim, device.rows, device.offsets,
                                 device.records, device.values, z_gradient, sums, factors, out,
                                 trial.stream()));
  CheckRows(trial, segments, c.dim, trial.Read(out, inputs.want.size()), inputs.want);
}

void RunScatterGradient(Trial& trial, const SparseCase& c) {
  const GradientInputs inputs = DrawGradient(trial, c);
  const DeviceRecords device = Upload(trial, inputs.records);
  const float* factors = trial.Input(inputs.factors, c.shift);
  const float* z_gradient = trial.Input(inputs.z_gradient);
  const float* sums = trial.Input(inputs.sums, c.shift);
  float* out = trial.Input(std::vector<float>(inputs.want.size()), c.shift);
  trial.Launch(FmScatterGradient(c.shape.n, c.dim, device.offsets, device.rows, device.values,
                                 z_gradient, sums, factors, out, trial.stream()));
  trial.Near("out", trial.Read(out, inputs.want.size()), inputs.want);
}

}  // namespace

std::vector<Case> FmCases(bool large) {
  std::vector<Case> cases;
  for (const SparseCase& c : SparseShapes(large)) {
    cases.push_back({"FmInteraction " + c.Text(), [=](Trial& t) { RunInteraction(t, c); }});
    cases.push_back({"FmSegmentGradient " + c.Text(), [=](Trial& t) { RunSegmentGradient(t, c); }});
    cases.push_back({"FmScatterGradient " + c.Text(), [=](Trial& t) { RunScatterGradient(t, c); },
                     /*deterministic=*/false});
  }
  return cases;
}

}  // namespace paceline::gpu::testing
