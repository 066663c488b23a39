#include <cmath>
#include <cstddef>

#include "worker/gpu/ops/kmeans_centroids.h"
#include "worker/gpu/ops/kmeans_entry_sums.h"
#include "worker/gpu/ops/kmeans_nearest.h"
#include "worker/gpu/ops/kmeans_sums.h"
#include "worker/gpu/ops/reference/reference.h"
#include "worker/gpu/ops/testing/cases.h"
#include "worker/gpu/ops/testing/sparse_cases.h"

namespace paceline::gpu::testing {
namespace {

struct KMeansCase {
  uint64_t n = 0;
  uint32_t clusters = 0;
  uint64_t features = 0;
  // As entries, about half of them zeros; else dense.
  bool entries = false;

  std::string Text() const {
    return std::to_string(n) + "x" + std::to_string(features) + " in " + std::to_string(clusters) +
           (entries ? ", entries" : "");
  }
};

// Small whole numbers, among which there are ties.
std::vector<float> Pixels(Trial& trial, size_t count) {
  std::vector<float> pixels;
  for (size_t i = 0; i < count; ++i) {
    pixels.push_back(trial.Below(2) == 0 ? 0 : static_cast<float>(trial.Below(4)));
  }
  return pixels;
}

// The values that are not 0.
reference::Records EntriesOf(const std::vector<float>& x, uint64_t n, uint64_t features) {
  reference::Records records;
  records.offsets.push_back(0);
  for (uint64_t i = 0; i < n; ++i) {
    for (uint64_t f = 0; f < features; ++f) {
      if (x[i * features + f] == 0) continue;
      records.rows.push_back(static_cast<uint32_t>(f));
      records.values.push_back(x[i * features + f]);
    }
    records.offsets.push_back(static_cast<uint32_t>(records.rows.size()));
  }
  return records;
}

std::vector<float> Draw(Trial& trial, size_t count, bool whole) {
  return whole ? Pixels(trial, count) : trial.Uniform(count, -3, 3);
}

// Exactly: a rounding more or less, and a tie falls to another cluster.
void CheckSame(Trial& trial, const std::string& what, const std::vector<float>& got,
               const std::vector<double>& want) {
  std::vector<float> rounded;
  for (const double value : want) rounded.push_back(static_cast<float>(value));
  trial.Equal(what, got, rounded);
}

void RunCentroids(Trial& trial, const KMeansCase& c, bool seeded) {
  std::vector<float> sums = trial.Uniform(c.clusters * (c.features + 1), -9, 9);
  for (uint64_t cluster = 0; cluster < c.clusters; ++cluster) {
    sums[cluster * (c.features + 1) + c.features] = static_cast<float>(trial.Below(4));
  }
  std::vector<float> seeds;
  if (seeded) seeds = trial.Uniform(c.clusters * c.features, -1, 1);
  const float* device_sums = trial.Input(sums);
  const float* device_seeds = seeded ? trial.Input(seeds) : nullptr;
  double* centroids = trial.Output<double>(c.features * c.clusters);
  trial.Launch(KMeansCentroids(c.clusters, c.features, device_sums, device_seeds, centroids,
                               trial.stream()));
  const std::vector<double> want = reference::KMeansCentroids(c.clusters, c.features, sums, seeds);
  std::vector<double> transposed;
  for (uint64_t f = 0; f < c.features; ++f) {
    for (uint64_t k = 0; k < c.clusters; ++k) transposed.push_back(want[k * c.features + f]);
  }
  trial.Equal("centroids", trial.Read(centroids, transposed.size()), transposed);
}

void RunNearest(Trial& trial, const KMeansCase& c, bool whole) {
  const std::vector<float> x = Draw(trial, c.n * c.features, whole);
  // Half of the clusters lie where others do.
  std::vector<double> centroids;
  std::vector<double> transposed(c.features * c.clusters);
  for (uint32_t k = 0; k < c.clusters; ++k) {
    for (uint64_t f = 0; f < c.features; ++f) {
      const double value = whole ? static_cast<double>(trial.Below(3)) : trial.Uniform(-3, 3);
      const bool again = k % 2 == 1;
      centroids.push_back(again ? centroids[(k - 1) * c.features + f] : value);
      transposed[f * c.clusters + k] = centroids.back();
    }
  }
  const reference::Assigned want =
      reference::KMeansNearest(c.n, c.clusters, c.features, x, centroids);
  const reference::Records entries = EntriesOf(x, c.n, c.features);
  KMeansRecords records = {trial.Input(x), nullptr, nullptr};
  if (c.entries) {
    const DeviceRecords device = Upload(trial, entries);
    records = {device.values, device.offsets, device.rows};
  }
  const double* device_centroids = trial.Input(transposed);
  uint32_t* nearest = trial.Output<uint32_t>(c.n);
  float* scores = trial.Output<float>(c.n);
  float* losses = trial.Output<float>(c.n);
  trial.Launch(KMeansNearest(c.n, c.clusters, c.features, records, device_centroids, nearest,
                             scores, losses, trial.stream()));
  trial.Equal("nearest", trial.Read(nearest, c.n), want.nearest);
  trial.Equal("scores", trial.Read(scores, c.n),
              std::vector<float>(want.nearest.begin(), want.nearest.end()));
  CheckSame(trial, "losses", trial.Read(losses, c.n), want.losses);
}

// A record that is no number, and clusters that are infinitely far away.
void RunSpecial(Trial& trial) {
  const float* x = trial.Input(std::vector<float>{NAN, 1, 5, 5});
  const double far = INFINITY;
  const double* centroids = trial.Input(std::vector<double>{far, far, 4, far, far, 4});
  uint32_t* nearest = trial.Output<uint32_t>(2);
  float* scores = trial.Output<float>(2);
  float* losses = trial.Output<float>(2);
  trial.Launch(KMeansNearest(2, 3, 2, {x, nullptr, nullptr}, centroids, nearest, scores, losses,
                             trial.stream()));
  trial.Equal("nearest", trial.Read(nearest, 2), std::vector<uint32_t>{0, 2});
  trial.Equal("scores", trial.Read(scores, 2), std::vector<float>{0, 2});
  trial.Near("losses", trial.Read(losses, 2), {NAN, 2});
}

void RunSums(Trial& trial, const KMeansCase& c, bool whole) {
  const std::vector<float> x = Draw(trial, c.n * c.features, whole);
  std::vector<uint32_t> nearest;
  for (uint64_t i = 0; i < c.n; ++i) {
    nearest.push_back(static_cast<uint32_t>(trial.Below(c.clusters)));
  }
  const std::vector<double> want = reference::KMeansSums(c.clusters, c.features, x, nearest);
  const uint32_t* device_nearest = trial.Input(nearest);
  if (!c.entries) {
    const float* device_x = trial.Input(x);
    float* out = trial.Output<float>(want.size());
    trial.Launch(
        KMeansSums(c.n, c.clusters, c.features, device_x, device_nearest, out, trial.stream()));
    CheckSame(trial, "sums", trial.Read(out, want.size()), want);
    return;
  }
  const DeviceSegments groups = Upload(trial, SegmentsOf(EntriesOf(x, c.n, c.features)));
  const uint64_t count = SegmentsOf(EntriesOf(x, c.n, c.features)).size();
  float* out = trial.Input(std::vector<float>(want.size()));
  trial.Launch(KMeansEntrySums(count, c.clusters, c.features, groups.rows, groups.offsets,
                               groups.records, groups.values, device_nearest, out, trial.stream()));
  trial.Launch(
      KMeansSums(c.n, c.clusters, c.features, nullptr, device_nearest, out, trial.stream()));
  CheckSame(trial, "sums", trial.Read(out, want.size()), want);
}

std::vector<KMeansCase> KMeansShapes(bool large) {
  std::vector<KMeansCase> cases;
  for (const bool entries : {false, true}) {
    for (const uint32_t clusters : {1, 2, 5, 32, 33, 70}) {
      cases.push_back({50, clusters, 7, entries});
    }
    cases.push_back({1, 3, 1, entries});
    cases.push_back({900, 10, 3, entries});
    // More columns than a launch of the emulator has threads, at two clusters a time.
    cases.push_back({5, 9, 6200, entries});
    if (large) cases.push_back({20000, 100, 784, entries});
  }
  return cases;
}

}  // namespace

std::vector<Case> KMeansCases(bool large) {
  std::vector<Case> cases;
  for (const KMeansCase& c : KMeansShapes(large)) {
    for (const bool whole : {true, false}) {
      const std::string text = c.Text() + (whole ? ", whole numbers" : "");
      cases.push_back({"KMeansNearest " + text, [=](Trial& t) { RunNearest(t, c, whole); }});
      cases.push_back({"KMeansSums " + text, [=](Trial& t) { RunSums(t, c, whole); }});
    }
    if (c.entries) continue;
    for (const bool seeded : {true, false}) {
      cases.push_back({"KMeansCentroids " + c.Text() + (seeded ? ", seeded" : ""),
                       [=](Trial& t) { RunCentroids(t, c, seeded); }});
    }
  }
  cases.push_back({"KMeansNearest special values", RunSpecial});
  return cases;
}

}  // namespace paceline::gpu::testing
