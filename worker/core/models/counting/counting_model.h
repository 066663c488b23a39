// The counting model as a Model: its keys are those that the push will touch.
#ifndef PACELINE_WORKER_CORE_MODELS_COUNTING_COUNTING_MODEL_H_
#define PACELINE_WORKER_CORE_MODELS_COUNTING_COUNTING_MODEL_H_

#include <cstdint>
#include <vector>

#include "worker/core/model.h"

namespace paceline::worker {

// Immutable.
class CountingModel final : public Model {
 public:
  // `table` is the one table, dense or sparse, and `rows` the number of its rows or
  // of the keys [0, rows) that it may get.
  CountingModel(v1::TableSpec table, uint64_t rows);

  const std::vector<v1::TableSpec>& tables() const override { return tables_; }
  // CountingRows(rows, batch.rank, batch.iteration), if the table is sparse.
  void Keys(const Batch& batch, std::vector<std::vector<uint64_t>>* keys) const override;

 private:
  const std::vector<v1::TableSpec> tables_;
  const uint64_t rows_;
};

}  // namespace paceline::worker

#endif  // PACELINE_WORKER_CORE_MODELS_COUNTING_COUNTING_MODEL_H_
