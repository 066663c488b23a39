// The memory that one batch may take.
#ifndef PACELINE_WORKER_IO_DATA_BATCH_LIMIT_H_
#define PACELINE_WORKER_IO_DATA_BATCH_LIMIT_H_

#include <cstdint>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "worker/core/batch.h"

namespace paceline::worker {

inline constexpr uint64_t kMaxBatchBytes = uint64_t{4} << 30;

// Empties `batch` for `nominal` records.
// Errors:  ResourceExhausted  dense rows that would take more than kMaxBatchBytes.
inline absl::Status StartBatch(bool dense, uint64_t features, uint64_t nominal, Batch* batch) {
  batch->dense = dense;
  batch->fields = 0;
  batch->features = features;
  batch->nominal = nominal;
  batch->labels.clear();
  batch->offsets.assign(dense ? 0 : 1, 0);
  batch->indices.clear();
  batch->values.clear();
  batch->dense_values.clear();
  if (dense && nominal > kMaxBatchBytes / sizeof(float) / features) {
    return absl::ResourceExhaustedError(
        absl::StrCat("a batch of ", nominal, " records of ", features, " values takes more than ",
                     kMaxBatchBytes, " bytes; a smaller train.global_batch is needed"));
  }
  return absl::OkStatus();
}

// Empties `batch` for `nominal` records by fields, each with `columns` dense values.
// Errors:  ResourceExhausted  rows that would take more than kMaxBatchBytes.
inline absl::Status StartFieldsBatch(uint32_t fields, uint64_t columns, uint64_t nominal,
                                     Batch* batch) {
  if (absl::Status status = StartBatch(false, columns, nominal, batch); !status.ok()) return status;
  batch->fields = fields;
  batch->offsets.clear();
  const uint64_t row_bytes = fields * sizeof(uint64_t) + columns * sizeof(float);
  if (nominal <= kMaxBatchBytes / row_bytes) return absl::OkStatus();
  return absl::ResourceExhaustedError(
      absl::StrCat("a batch of ", nominal, " records of ", fields, " keys and ", columns,
                   " values takes more than ", kMaxBatchBytes,
                   " bytes; a smaller train.global_batch is needed"));
}

// Errors:  ResourceExhausted  the CSR rows take more than kMaxBatchBytes.
inline absl::Status CheckBatchSize(const Batch& batch) {
  const uint64_t bytes = batch.indices.size() * (sizeof(uint64_t) + sizeof(float));
  if (bytes <= kMaxBatchBytes) return absl::OkStatus();
  return absl::ResourceExhaustedError(
      absl::StrCat("a batch of ", batch.nominal, " records takes more than ", kMaxBatchBytes,
                   " bytes; a smaller train.global_batch is needed"));
}

}  // namespace paceline::worker

#endif  // PACELINE_WORKER_IO_DATA_BATCH_LIMIT_H_
