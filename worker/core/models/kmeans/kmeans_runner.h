// Lloyd's k-means on the CPU, as sums that servers keep (Lloyd 1982; mini-batches that
// forget: Sculley, WWW 2010).
//
//   row of a cluster     the sum of its points, [features], then their number
//   centroid             sum / number in float64; of a cluster without points, its seed
//                        (kmeans_seeds.h): one that lost all its points starts over there
//   gradient             for each record, itself and 1 are added to the row of the cluster
//                        whose centroid is nearest; of equally near ones, the first
//   loss                 the squared distance from that centroid
//
// Distances are plain sums in float64 (worker/core/math/point_table.h), and so are the sums
// of a batch, which are rounded once. Sums of whole numbers below 2^24 are exact: with
// optimizer sum, rho 0 and all records in a round, this is Lloyd's algorithm to the bit.
#ifndef PACELINE_WORKER_CORE_MODELS_KMEANS_KMEANS_RUNNER_H_
#define PACELINE_WORKER_CORE_MODELS_KMEANS_KMEANS_RUNNER_H_

#include <cstdint>
#include <memory>

#include "worker/core/model.h"
#include "worker/core/trace/trace_scope.h"

namespace paceline::worker {

// `table` is kmeans/sums as ModelTables made it. Labels are ignored. Scores are numbers of
// clusters, losses the squared distances. The runner has to be started before it computes
// gradients; a cluster without points is nobody's nearest in one that was not.
std::unique_ptr<Runner> CreateKMeansRunner(const v1::TableSpec& table, uint64_t seed,
                                           const Trace& trace = {});

}  // namespace paceline::worker

#endif  // PACELINE_WORKER_CORE_MODELS_KMEANS_KMEANS_RUNNER_H_
