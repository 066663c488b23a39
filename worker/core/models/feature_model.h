// A model whose sparse tables are all keyed by feature: linear, logistic, softmax,
// mlp and fm, and, having none, kmeans and layers.
#ifndef PACELINE_WORKER_CORE_MODELS_FEATURE_MODEL_H_
#define PACELINE_WORKER_CORE_MODELS_FEATURE_MODEL_H_

#include <cstdint>
#include <utility>
#include <vector>

#include "worker/core/model.h"

namespace paceline::worker {

// A CSR batch needs the keys that occur in it; a dense batch needs every feature,
// zero or not. Immutable.
class FeatureModel final : public Model {
 public:
  // `tables` in name order; `features` as in the data.
  FeatureModel(std::vector<v1::TableSpec> tables, uint64_t features)
      : tables_(std::move(tables)), features_(features) {}

  const std::vector<v1::TableSpec>& tables() const override { return tables_; }
  void Keys(const Batch& batch, std::vector<std::vector<uint64_t>>* keys) const override;

 private:
  const std::vector<v1::TableSpec> tables_;
  const uint64_t features_;
};

}  // namespace paceline::worker

#endif  // PACELINE_WORKER_CORE_MODELS_FEATURE_MODEL_H_
