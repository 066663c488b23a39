// The gradient of a table of one row that is added to, or multiplies, every row of a matrix.
#ifndef PACELINE_WORKER_GPU_MODELS_LM_COLUMN_GRADIENT_H_
#define PACELINE_WORKER_GPU_MODELS_LM_COLUMN_GRADIENT_H_

#include <cstdint>

#include "absl/status/status.h"
#include "worker/gpu/models/lm/gpu_lm_pass.h"

namespace paceline::worker {

// The sums of the columns of terms [rows, columns], without the loss scale, become the
// gradient of `table`, or are added to it.
absl::Status ColumnGradient(const GpuLmPass& pass, const GpuLmGradients& gradients, int table,
                            uint64_t rows, uint64_t columns, const float* terms,
                            GpuLmScratch* scratch);

}  // namespace paceline::worker

#endif  // PACELINE_WORKER_GPU_MODELS_LM_COLUMN_GRADIENT_H_
