#include <cstddef>
#include <numeric>

#include "worker/gpu/ops/mf_rating.h"
#include "worker/gpu/ops/mf_scatter_gradient.h"
#include "worker/gpu/ops/mf_segment_gradient.h"
#include "worker/gpu/ops/reference/reference.h"
#include "worker/gpu/ops/testing/cases.h"
#include "worker/gpu/ops/testing/sparse_cases.h"

namespace paceline::gpu::testing {
namespace {

struct MfCase {
  uint64_t n = 0;
  uint64_t users = 0;
  uint64_t items = 0;
  uint32_t k = 0;
  // Where tables start, behind a multiple of 256 bytes.
  size_t shift = 0;

  std::string Text() const {
    return std::to_string(n) + " ratings of " + std::to_string(items) + " by " +
           std::to_string(users) + ", " + std::to_string(k) + " factors" +
           (shift > 0 ? ", shifted" : "");
  }
};

std::vector<uint32_t> DrawRows(Trial& trial, uint64_t n, uint64_t row_count) {
  std::vector<uint32_t> rows;
  for (uint64_t i = 0; i < n; ++i) rows.push_back(static_cast<uint32_t>(trial.Below(row_count)));
  return rows;
}

void RunRating(Trial& trial, const MfCase& c) {
  const reference::Ratings ratings = {DrawRows(trial, c.n, c.users), DrawRows(trial, c.n, c.items)};
  const float bias = trial.Uniform(1, 2);
  const std::vector<float> user_bias = trial.Summands(c.users, 1);
  const std::vector<float> user = trial.Summands(c.users * c.k, c.k);
  const std::vector<float> item_bias = trial.Summands(c.items, 1);
  const std::vector<float> item = trial.Summands(c.items * c.k, c.k);
  const uint32_t* user_rows = trial.Input(ratings.users);
  const uint32_t* item_rows = trial.Input(ratings.items);
  const float* device_bias = trial.Input(std::vector<float>{bias});
  const MfTables tables = {device_bias, trial.Input(user_bias, c.shift), trial.Input(user, c.shift),
                           trial.Input(item_bias, c.shift), trial.Input(item, c.shift)};
  float* z = trial.Output<float>(c.n);
  trial.Launch(MfRating(c.n, c.k, user_rows, item_rows, tables, z, trial.stream()));
  trial.Near("z", trial.Read(z, c.n),
             reference::MfRating(ratings, c.k, bias, user_bias, user, item_bias, item));
}

// What both gradients take; that of the users.
struct GradientInputs {
  std::vector<uint32_t> rows;
  std::vector<uint32_t> other_rows;
  std::vector<float> z_gradient;
  std::vector<float> other;
  std::vector<double> want;
};

GradientInputs DrawGradient(Trial& trial, const MfCase& c) {
  GradientInputs inputs;
  inputs.rows = DrawRows(trial, c.n, c.users);
  inputs.other_rows = DrawRows(trial, c.n, c.items);
  inputs.z_gradient = trial.Summands(c.n, c.n);
  inputs.other = trial.Summands(c.items * c.k, c.n);
  inputs.want = reference::MfGradient(inputs.rows, inputs.other_rows, c.k, c.users,
                                      inputs.z_gradient, inputs.other);
  return inputs;
}

// The ratings by user.
reference::Segments Grouped(const std::vector<uint32_t>& rows) {
  reference::Records records = {std::vector<uint32_t>(rows.size() + 1), rows,
                                std::vector<float>(rows.size(), 1)};
  std::iota(records.offsets.begin(), records.offsets.end(), 0);
  return SegmentsOf(records);
}

void RunSegmentGradient(Trial& trial, const MfCase& c) {
  const GradientInputs inputs = DrawGradient(trial, c);
  const reference::Segments segments = Grouped(inputs.rows);
  const DeviceSegments device = Upload(trial, segments);
  const float* z_gradient = trial.Input(inputs.z_gradient);
  const uint32_t* other_rows = trial.Input(inputs.other_rows);
  const float* other = trial.Input(inputs.other, c.shift);
  float* out = trial.Poisoned<float>(inputs.want.size(), c.shift);
  trial.Launch(MfSegmentGradient(segments.size(), c.k, device.rows, device.offsets, device.records,
                                 z_gradient, other_rows, other, out, trial.stream()));
  CheckRows(trial, segments, c.k, trial.Read(out, inputs.want.size()), inputs.want);
}

void RunScatterGradient(Trial& trial, const MfCase& c) {
  const GradientInputs inputs = DrawGradient(trial, c);
  const uint32_t* rows = trial.Input(inputs.rows);
  const float* z_gradient = trial.Input(inputs.z_gradient);
  const uint32_t* other_rows = trial.Input(inputs.other_rows);
  const float* other = trial.Input(inputs.other, c.shift);
  float* out = trial.Input(std::vector<float>(inputs.want.size()), c.shift);
  trial.Launch(
      MfScatterGradient(c.n, c.k, rows, z_gradient, other_rows, other, out, trial.stream()));
  trial.Near("out", trial.Read(out, inputs.want.size()), inputs.want);
}

std::vector<MfCase> MfShapes(bool large) {
  std::vector<MfCase> cases;
  for (const uint32_t k : {1, 2, 3, 4, 8, 16, 31, 33, 64, 132, 1024}) {
    for (const size_t shift : {0, 1}) cases.push_back({70, 20, 9, k, shift});
  }
  cases.push_back({1, 1, 1, 3, 0});
  // A user of very many ratings: long for each width of a team.
  for (const uint32_t k : {1, 8, 31, 132}) cases.push_back({5000, 2, 300, k, 0});
  // More ratings than the emulator has threads.
  cases.push_back({20000, 5000, 5000, 1, 0});
  if (large) {
    cases.push_back({1 << 20, 100000, 5000, 8, 0});
    cases.push_back({1 << 18, 3, 50000, 64, 0});
  }
  return cases;
}

}  // namespace

std::vector<Case> MfCases(bool large) {
  std::vector<Case> cases;
  for (const MfCase& c : MfShapes(large)) {
    cases.push_back({"MfRating " + c.Text(), [=](Trial& t) { RunRating(t, c); }});
    cases.push_back({"MfSegmentGradient " + c.Text(), [=](Trial& t) { RunSegmentGradient(t, c); }});
    cases.push_back({"MfScatterGradient " + c.Text(), [=](Trial& t) { RunScatterGradient(t, c); },
                     /*deterministic=*/false});
  }
  return cases;
}

}  // namespace paceline::gpu::testing
