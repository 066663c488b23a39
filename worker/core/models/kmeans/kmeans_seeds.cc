#include "worker/core/models/kmeans/kmeans_seeds.h"

#include <algorithm>
#include <limits>

#include "absl/strings/str_format.h"
#include "common/check.h"
#include "common/partition/shares.h"
#include "common/random.h"
#include "common/status/status_macros.h"
#include "worker/core/math/point_table.h"
#include "worker/core/models/checks.h"

namespace paceline::worker {
namespace {

constexpr uint64_t kLeastSample = 4096;
// Records that are read at a time.
constexpr uint64_t kChunk = 512;
// Streams of random numbers that belong to these choices alone.
constexpr uint64_t kSampleStream = 0x6b6d65616e73;  // "kmeans"
constexpr uint64_t kSeedStream = kSampleStream + 1;

}  // namespace

std::vector<uint64_t> KMeansSample(uint64_t records, uint32_t clusters, uint64_t seed) {
  const uint64_t wanted = std::max(kLeastSample, uint64_t{2} * clusters);
  const uint32_t count = static_cast<uint32_t>(std::min(records, wanted));
  std::vector<uint64_t> sample(count);
  for (uint32_t i = 0; i < count; ++i) {
    const PositionRange part = ShareOf(records, i, count);
    sample[i] = part.begin + RandomBelow(part.size(), seed, kSampleStream, i);
  }
  return sample;
}

std::vector<uint64_t> KMeansPlusPlus(absl::Span<const float> points, uint64_t dim,
                                     uint32_t clusters, uint64_t seed) {
  const uint64_t n = points.size() / dim;
  PL_CHECK_GT(n, 0u);
  PointTable table(n, dim);
  for (uint64_t i = 0; i < n; ++i) {
    for (uint64_t f = 0; f < dim; ++f) table.Set(i, f, points[i * dim + f]);
  }
  std::vector<uint64_t> seeds = {RandomBelow(n, seed, kSeedStream, 0)};
  std::vector<double> nearest(n, std::numeric_limits<double>::infinity());
  std::vector<double> distances(n);
  while (seeds.size() < clusters) {
    table.Distances(points.subspan(seeds.back() * dim, dim), absl::MakeSpan(distances));
    double total = 0;
    for (uint64_t i = 0; i < n; ++i) {
      nearest[i] = std::min(nearest[i], distances[i]);
      total += nearest[i];
    }
    const double target = RandomUniformDouble(seed, kSeedStream, seeds.size()) * total;
    double sum = 0;
    // Rounding may leave the target at the sum of all: then it is the last that can be.
    uint64_t chosen = 0;
    for (uint64_t i = 0; i < n && sum <= target; ++i) {
      if (nearest[i] == 0) continue;
      sum += nearest[i];
      chosen = i;
    }
    seeds.push_back(chosen);
  }
  return seeds;
}

absl::Span<const float> DenseRecord(const Batch& batch, uint64_t i, uint64_t features,
                                    std::vector<float>* scratch) {
  if (batch.dense) return absl::MakeConstSpan(batch.dense_values).subspan(i * features, features);
  scratch->assign(features, 0.0f);
  for (uint64_t e = batch.offsets[i]; e < batch.offsets[i + 1]; ++e) {
    (*scratch)[batch.indices[e]] = batch.values[e];
  }
  return *scratch;
}

absl::StatusOr<std::vector<float>> KMeansSeeds(Dataset* data, uint64_t features, uint32_t clusters,
                                               uint64_t seed) {
  const std::vector<uint64_t> sample = KMeansSample(data->records(), clusters, seed);
  const absl::Span<const uint64_t> numbers(sample);
  std::vector<float> points;
  points.reserve(sample.size() * features);
  std::vector<float> scratch;
  Batch batch;
  for (uint64_t at = 0; at < numbers.size(); at += kChunk) {
    PL_RETURN_IF_ERROR(data->Read(numbers.subspan(at, kChunk), &batch));
    PL_RETURN_IF_ERROR(CheckBatch(batch, features));
    for (uint64_t i = 0; i < batch.size(); ++i) {
      const absl::Span<const float> record = DenseRecord(batch, i, features, &scratch);
      points.insert(points.end(), record.begin(), record.end());
    }
  }
  if (points.size() < uint64_t{clusters} * features) {
    return absl::InvalidArgumentError(
        absl::StrFormat("model.clusters: at most one for each record that can be read expected, "
                        "got %d clusters of %d records",
                        clusters, points.size() / features));
  }
  std::vector<float> seeds;
  for (const uint64_t place : KMeansPlusPlus(points, features, clusters, seed)) {
    const absl::Span<const float> point =
        absl::MakeConstSpan(points).subspan(place * features, features);
    seeds.insert(seeds.end(), point.begin(), point.end());
  }
  return seeds;
}

}  // namespace paceline::worker
