#include "worker/core/models/counting/counting_model.h"

#include <utility>

#include "worker/core/models/counting/counting.h"

namespace paceline::worker {

CountingModel::CountingModel(v1::TableSpec table, uint64_t rows)
    : tables_({std::move(table)}), rows_(rows) {}

void CountingModel::Keys(const Batch& batch, std::vector<std::vector<uint64_t>>* keys) const {
  keys->resize(1);
  keys->front().clear();
  if (tables_.front().kind() != v1::TABLE_KIND_SPARSE) return;
  keys->front() = CountingRows(rows_, batch.rank, batch.iteration);
}

}  // namespace paceline::worker
