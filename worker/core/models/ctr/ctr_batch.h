// What a click model verifies of a batch before it computes.
//
// Pure functions. Thread-safe.
#ifndef PACELINE_WORKER_CORE_MODELS_CTR_CTR_BATCH_H_
#define PACELINE_WORKER_CORE_MODELS_CTR_CTR_BATCH_H_

#include <cstdint>

#include "absl/status/status.h"
#include "common/tables/ctr_tables.h"
#include "worker/core/batch.h"

namespace paceline::worker {

// The batch is by fields, with as many keys and numbers as the shape has. One without records
// always is.
// Errors:  InvalidArgument  naming what was expected and what came.
absl::Status CheckCtrBatch(const CtrShape& shape, const Batch& batch);

// The batch, which has passed CheckCtrBatch, has no key beyond a dense table of so many rows.
// Errors:  InvalidArgument  naming record, field and key.
absl::Status CheckKeysBelow(uint64_t rows, const Batch& batch);

}  // namespace paceline::worker

#endif  // PACELINE_WORKER_CORE_MODELS_CTR_CTR_BATCH_H_
