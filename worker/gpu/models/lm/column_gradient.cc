#include "worker/gpu/models/lm/column_gradient.h"

#include "common/status/status_macros.h"
#include "worker/gpu/ops/column_sums.h"
#include "worker/gpu/ops/dropped.h"
#include "worker/gpu/runtime/handles.h"

namespace paceline::worker {

absl::Status ColumnGradient(const GpuLmPass& pass, const GpuLmGradients& gradients, int table,
                            uint64_t rows, uint64_t columns, const float* terms,
                            GpuLmScratch* scratch) {
  const gpu::StreamHandle stream = pass.stream().get();
  const float factor = 1 / pass.step->loss_scale;
  float* const gradient = gradients.table(table);
  if (!gradients.add) {
    return gpu::ToStatus(gpu::ColumnSums(rows, columns, terms, factor, gradient, stream));
  }
  PL_RETURN_IF_ERROR(scratch->sums.Reserve(columns * sizeof(float)));
  float* const sums = scratch->sums.as<float>();
  PL_RETURN_IF_ERROR(gpu::ToStatus(gpu::ColumnSums(rows, columns, terms, factor, sums, stream)));
  return gpu::ToStatus(gpu::AddDropped(columns, gpu::DropoutMask{}, sums, gradient, stream));
}

}  // namespace paceline::worker
