#include <cmath>
#include <cstddef>

#include "worker/gpu/ops/column_sums.h"
#include "worker/gpu/ops/flag_non_finite.h"
#include "worker/gpu/ops/lookup_rows.h"
#include "worker/gpu/ops/reference/reference.h"
#include "worker/gpu/ops/sum_losses.h"
#include "worker/gpu/ops/testing/cases.h"
#include "worker/gpu/ops/testing/shapes.h"

namespace paceline::gpu::testing {
namespace {

void RunColumnSums(Trial& trial, const Shape& shape, size_t shift) {
  const std::vector<float> x = trial.Summands(shape.n * shape.m, shape.n);
  const float factor = 0.3f;
  const float* device_x = trial.Input(x, shift);
  float* sums = trial.Output<float>(shape.m, shift);
  trial.Launch(ColumnSums(shape.n, shape.m, device_x, factor, sums, trial.stream()));
  trial.Near("sums", trial.Read(sums, shape.m), reference::ColumnSums(shape.n, shape.m, x, factor));
}

void RunSumLosses(Trial& trial, uint64_t n) {
  const std::vector<float> losses = trial.Summands(n, n);
  const float* device_losses = trial.Input(losses);
  double* sum = trial.Output<double>(1);
  trial.Launch(SumLosses(n, device_losses, sum, trial.stream()));
  // Compared in float64: it is one.
  const double got = trial.Read(sum, 1)[0];
  const double want = reference::SumLosses(losses);
  if (!(got >= want - 1e-11 * n && got <= want + 1e-11 * n)) {
    trial.Fail("expected a sum of " + std::to_string(want) + ", got " + std::to_string(got));
  }
}

// One feature of `every` is none of the keys; 0: all are.
void RunLookup(Trial& trial, uint64_t count, uint64_t key_count, uint64_t every) {
  std::vector<uint64_t> keys;
  for (uint64_t i = 0, key = trial.Below(5); i < key_count; ++i) {
    keys.push_back(key);
    // Also keys that need more than 32 bits.
    key += 2 + trial.Below(uint64_t{1} << (i % 48));
  }
  std::vector<uint64_t> features;
  for (uint64_t i = 0; i < count; ++i) {
    const bool missing = key_count == 0 || (every > 0 && trial.Below(every) == 0);
    const uint64_t key = key_count == 0 ? i : keys[trial.Below(key_count)];
    // Keys are at least 2 apart.
    features.push_back(missing ? key + 1 : key);
  }
  const uint64_t* device_features = trial.Input(features);
  const uint64_t* device_keys = trial.Input(keys);
  uint32_t* rows = trial.Output<uint32_t>(count);
  uint32_t* first_missing = trial.Input(std::vector<uint32_t>{UINT32_MAX});
  trial.Launch(LookupRows(count, device_features, key_count, device_keys, rows, first_missing,
                          trial.stream()));
  const reference::Found want = reference::LookupRows(features, keys);
  trial.Equal("rows", trial.Read(rows, count), want.rows);
  trial.Equal("first_missing", trial.Read(first_missing, 1),
              std::vector<uint32_t>{want.first_missing});
}

void RunFlag(Trial& trial, uint64_t count, size_t shift, float special) {
  std::vector<float> x = trial.Uniform(count, -1e30f, 1e30f);
  x[trial.Below(count)] = special;
  const float* device_x = trial.Input(x, shift);
  uint32_t* flag = trial.Input(std::vector<uint32_t>{0});
  trial.Launch(FlagNonFinite(count, device_x, flag, trial.stream()));
  trial.Equal("flag", trial.Read(flag, 1), std::vector<uint32_t>{reference::AnyNonFinite(x)});
}

}  // namespace

std::vector<Case> ReductionCases(bool large) {
  std::vector<Case> cases;
  std::vector<Shape> shapes = Shapes(large);
  // The wide tiles, too.
  shapes.insert(shapes.end(), {{0, 7}, {5, 4099}, {131, 4096}});
  for (const Shape& shape : shapes) {
    for (const size_t shift : {0, 1}) {
      cases.push_back({"ColumnSums " + shape.Text() + (shift > 0 ? " shifted" : ""),
                       [=](Trial& trial) { RunColumnSums(trial, shape, shift); }});
    }
  }
  for (const uint64_t n : {0, 1, 3, 31, 33, 1025, 5000}) {
    cases.push_back(
        {"SumLosses " + std::to_string(n), [=](Trial& trial) { RunSumLosses(trial, n); }});
  }
  for (const uint64_t count : {1, 3, 31, 33, 1025}) {
    for (const uint64_t keys : {0, 1, 2, 33, 1025}) {
      for (const uint64_t every : {0, 1, 40}) {
        cases.push_back({"LookupRows " + std::to_string(count) + " in " + std::to_string(keys) +
                             ", one of " + std::to_string(every) + " missing",
                         [=](Trial& trial) { RunLookup(trial, count, keys, every); }});
      }
    }
  }
  for (const uint64_t count : {1, 3, 31, 1025, 4099}) {
    for (const float special : {0.0f, 3e38f, INFINITY, -INFINITY, NAN}) {
      for (const size_t shift : {0, 1}) {
        cases.push_back({"FlagNonFinite " + std::to_string(count) + " with " +
                             std::to_string(special) + (shift > 0 ? " shifted" : ""),
                         [=](Trial& trial) { RunFlag(trial, count, shift, special); }});
      }
    }
  }
  return cases;
}

}  // namespace paceline::gpu::testing
