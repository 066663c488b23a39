#include "worker/core/models/ctr/ctr_batch.h"

#include "absl/strings/str_format.h"

namespace paceline::worker {

absl::Status CheckCtrBatch(const CtrShape& shape, const Batch& batch) {
  if (batch.size() == 0) return absl::OkStatus();
  if (batch.fields != shape.fields || batch.features != shape.numbers) {
    return absl::InvalidArgumentError(
        absl::StrFormat("batch: %d fields and %d numbers expected, got %d and %d", shape.fields,
                        shape.numbers, batch.fields, batch.features));
  }
  if (batch.indices.size() != batch.size() * shape.fields ||
      batch.dense_values.size() != batch.size() * shape.numbers) {
    return absl::InvalidArgumentError(
        absl::StrFormat("batch: %d keys and %d numbers expected for %d records, got %d and %d",
                        batch.size() * shape.fields, batch.size() * shape.numbers, batch.size(),
                        batch.indices.size(), batch.dense_values.size()));
  }
  return absl::OkStatus();
}

absl::Status CheckKeysBelow(uint64_t rows, const Batch& batch) {
  for (uint64_t i = 0; i < batch.size(); ++i) {
    for (uint64_t field = 0; field < batch.fields; ++field) {
      const uint64_t key = batch.indices[i * batch.fields + field];
      if (key < rows) continue;
      return absl::InvalidArgumentError(absl::StrFormat(
          "batch record %d, field %d: a key below %d expected, got %d", i, field, rows, key));
    }
  }
  return absl::OkStatus();
}

}  // namespace paceline::worker
