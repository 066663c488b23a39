// Where the clusters of kmeans start: records of a sample, by k-means++ (Arthur and
// Vassilvitskii, SODA 2007).
//
//   sample   max(4096, 2 * clusters) records, or all if there are fewer: one at random of
//            each of as many equal parts of the data
//   seeds    the first is a random record of the sample; each further one is a record
//            chosen with a probability in proportion to its squared distance from the
//            nearest seed so far. Where all records are seeds already (the sample has
//            fewer distinct ones than clusters), it is the first record once more.
//
// All of it is a function of the data and of the seed, so that every rank, and every task
// that takes a rank over, has the same.
//
// Cost: one look at the sample, and the distances of the sample to each seed, which is
// less than one pass over the data.
//
// Pure functions.
#ifndef PACELINE_WORKER_CORE_MODELS_KMEANS_KMEANS_SEEDS_H_
#define PACELINE_WORKER_CORE_MODELS_KMEANS_KMEANS_SEEDS_H_

#include <cstdint>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "worker/core/dataset.h"

namespace paceline::worker {

// Record numbers, ascending and distinct.
std::vector<uint64_t> KMeansSample(uint64_t records, uint32_t clusters, uint64_t seed);

// Seeds among `points`, [n, dim]: their places. n > 0.
std::vector<uint64_t> KMeansPlusPlus(absl::Span<const float> points, uint64_t dim,
                                     uint32_t clusters, uint64_t seed);

// The first centroids, [clusters, features].
// Errors:  InvalidArgument  fewer records than clusters that can be read, or those of
//                           Dataset::Read; naming what was expected and what came.
absl::StatusOr<std::vector<float>> KMeansSeeds(Dataset* data, uint64_t features, uint32_t clusters,
                                               uint64_t seed);

// Record i of a batch that has passed CheckBatch, as [features] values: those of the batch
// itself if it is dense, else written to `scratch`.
absl::Span<const float> DenseRecord(const Batch& batch, uint64_t i, uint64_t features,
                                    std::vector<float>* scratch);

}  // namespace paceline::worker

#endif  // PACELINE_WORKER_CORE_MODELS_KMEANS_KMEANS_SEEDS_H_
