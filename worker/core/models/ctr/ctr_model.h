// A click model as a Model: the keys of its fields are those of its tables by key.
#ifndef PACELINE_WORKER_CORE_MODELS_CTR_CTR_MODEL_H_
#define PACELINE_WORKER_CORE_MODELS_CTR_CTR_MODEL_H_

#include <cstdint>
#include <vector>

#include "common/tables/ctr_tables.h"
#include "worker/core/model.h"
#include "worker/core/models/ctr/ctr_places.h"

namespace paceline::worker {

// A batch needs the vectors of the embedded fields' keys, and the weights of all fields'.
// Immutable.
class CtrModel final : public Model {
 public:
  // `tables` as CtrTables made them.
  CtrModel(std::vector<v1::TableSpec> tables, const CtrShape& shape);

  const std::vector<v1::TableSpec>& tables() const override { return tables_; }
  void Keys(const Batch& batch, std::vector<std::vector<uint64_t>>* keys) const override;

 private:
  const std::vector<v1::TableSpec> tables_;
  const CtrShape shape_;
  const CtrPlaces places_;
};

}  // namespace paceline::worker

#endif  // PACELINE_WORKER_CORE_MODELS_CTR_CTR_MODEL_H_
