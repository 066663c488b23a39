#include "tests/gpu/operator_bench.h"
#include "worker/gpu/ops/kmeans_centroids.h"
#include "worker/gpu/ops/kmeans_nearest.h"
#include "worker/gpu/ops/kmeans_sums.h"

namespace paceline::gpu::testing {
namespace {

// Dense records. Distances are bound by float64, not by bytes: the share of the ceiling of a
// copy says how far.
void MeasureClusters(OperatorBench& bench, Trial& trial, uint64_t n, uint32_t clusters,
                     uint64_t features) {
  const uint64_t row = features + 1;
  const float* sums = trial.Input(trial.Uniform(clusters * row, 1, 2));
  const float* seeds = trial.Input(trial.Uniform(clusters * features, 0, 1));
  double* centroids = trial.Output<double>(clusters * features);
  const float* x = trial.Input(trial.Uniform(n * features, 0, 1));
  uint32_t* nearest = trial.Output<uint32_t>(n);
  float* scores = trial.Output<float>(n);
  float* losses = trial.Output<float>(n);
  float* out = trial.Output<float>(clusters * row);
  const StreamHandle s = trial.stream();

  const double x_bytes = 4.0 * static_cast<double>(n * features);
  const double table_bytes = 4.0 * static_cast<double>(clusters * row);
  const std::string size =
      std::to_string(n) + "x" + std::to_string(features) + " in " + std::to_string(clusters);
  bench.Measure("KMeansCentroids", size, 3 * table_bytes,
                [&] { return KMeansCentroids(clusters, features, sums, seeds, centroids, s); });
  bench.Measure("KMeansNearest", size, x_bytes + 2 * table_bytes, [&] {
    return KMeansNearest(n, clusters, features, {x, nullptr, nullptr}, centroids, nearest, scores,
                         losses, s);
  });
  bench.Measure("KMeansSums", size, x_bytes + table_bytes,
                [&] { return KMeansSums(n, clusters, features, x, nearest, out, s); });
}

}  // namespace

void MeasureKMeans(OperatorBench& bench, bool quick) {
  bench.Group([&](Trial& trial) { MeasureClusters(bench, trial, 8192, 10, 784); });
  if (quick) return;
  bench.Group([&](Trial& trial) { MeasureClusters(bench, trial, 8192, 256, 784); });
  bench.Group([&](Trial& trial) { MeasureClusters(bench, trial, 1 << 20, 10, 16); });
}

}  // namespace paceline::gpu::testing
