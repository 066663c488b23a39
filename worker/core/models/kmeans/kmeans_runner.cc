#include "worker/core/models/kmeans/kmeans_runner.h"

#include <algorithm>
#include <limits>
#include <vector>

#include "absl/strings/str_format.h"
#include "common/status/status_macros.h"
#include "worker/core/dataset.h"
#include "worker/core/math/point_table.h"
#include "worker/core/models/checks.h"
#include "worker/core/models/kmeans/kmeans_seeds.h"
#include "worker/core/models/losses.h"

namespace paceline::worker {
namespace {

class KMeansRunner final : public Runner {
 public:
  KMeansRunner(const v1::TableSpec& table, uint64_t seed, const Trace& trace)
      : tables_({table}),
        clusters_(static_cast<uint32_t>(table.rows())),
        features_(table.dim() - 1),
        seed_(seed),
        trace_(trace),
        centroids_(clusters_, features_),
        distances_(clusters_) {}

  absl::Status Start(Dataset* train) override {
    PL_ASSIGN_OR_RETURN(seeds_, KMeansSeeds(train, features_, clusters_, seed_));
    return absl::OkStatus();
  }

  absl::Status Gradient(const Batch& batch, const Parameters& parameters, float /*scale*/,
                        Gradients* gradients, LossSum* loss, const GradientReady& ready) override {
    if (seeds_.empty()) {
      return absl::FailedPreconditionError("kmeans: learns only after it has seen the data");
    }
    TraceScope scope(trace_, TraceTrack::kCompute, "forward", batch.iteration);
    PL_RETURN_IF_ERROR(Predict(batch, parameters, &predictions_));
    *loss = SumOf(predictions_);
    scope.Next("backward");
    const uint64_t dim = features_ + 1;
    sums_.assign(clusters_ * dim, 0.0);
    for (uint64_t i = 0; i < batch.size(); ++i) {
      AddRecord(batch, i, sums_.data() + nearest_[i] * dim);
    }
    gradients->resize(1);
    gradients->front().keys.clear();
    gradients->front().rows.assign(sums_.begin(), sums_.end());
    ready(0);
    return absl::OkStatus();
  }

  absl::Status Predict(const Batch& batch, const Parameters& parameters,
                       Predictions* predictions) override {
    PL_RETURN_IF_ERROR(CheckBatch(batch, features_));
    PL_RETURN_IF_ERROR(CheckParameters(tables_, parameters));
    if (!SetCentroids(parameters.front().rows)) {
      return absl::FailedPreconditionError("kmeans: no cluster has points yet");
    }
    nearest_.resize(batch.size());
    predictions->width = 1;
    predictions->scores.resize(batch.size());
    predictions->losses.resize(batch.size());
    for (uint64_t i = 0; i < batch.size(); ++i) {
      centroids_.Distances(DenseRecord(batch, i, features_, &record_), absl::MakeSpan(distances_));
      const auto nearest = std::min_element(distances_.begin(), distances_.end());
      nearest_[i] = static_cast<uint64_t>(nearest - distances_.begin());
      predictions->scores[i] = static_cast<float>(nearest_[i]);
      predictions->losses[i] = static_cast<float>(*nearest);
    }
    return absl::OkStatus();
  }

 private:
  // False: there are none.
  bool SetCentroids(absl::Span<const float> rows) {
    bool any = !seeds_.empty();
    for (uint64_t cluster = 0; cluster < clusters_; ++cluster) {
      const float* sum = rows.data() + cluster * (features_ + 1);
      const double count = sum[features_];
      any = any || count > 0;
      for (uint64_t f = 0; f < features_; ++f) {
        centroids_.Set(cluster, f, count > 0 ? sum[f] / count : Seed(cluster, f));
      }
    }
    return any;
  }

  // Infinitely far away, before Start.
  double Seed(uint64_t cluster, uint64_t feature) const {
    return seeds_.empty() ? std::numeric_limits<double>::infinity()
                          : double{seeds_[cluster * features_ + feature]};
  }

  void AddRecord(const Batch& batch, uint64_t i, double* sum) const {
    if (batch.dense) {
      const float* record = batch.dense_values.data() + i * features_;
      for (uint64_t f = 0; f < features_; ++f) sum[f] += record[f];
    } else {
      for (uint64_t e = batch.offsets[i]; e < batch.offsets[i + 1]; ++e) {
        sum[batch.indices[e]] += batch.values[e];
      }
    }
    sum[features_] += 1;
  }

  const std::vector<v1::TableSpec> tables_;
  const uint64_t clusters_;
  const uint64_t features_;
  const uint64_t seed_;
  const Trace trace_;
  // [clusters, features]; empty before Start.
  std::vector<float> seeds_;
  // Of the last parameters.
  PointTable centroids_;
  // Of the last batch: the nearest cluster of each record, and sums [clusters, features + 1].
  std::vector<uint64_t> nearest_;
  std::vector<double> sums_;
  std::vector<double> distances_;
  std::vector<float> record_;
  Predictions predictions_;
};

}  // namespace

std::unique_ptr<Runner> CreateKMeansRunner(const v1::TableSpec& table, uint64_t seed,
                                           const Trace& trace) {
  return std::make_unique<KMeansRunner>(table, seed, trace);
}

}  // namespace paceline::worker
