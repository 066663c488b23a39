// Where a value of a flat array is in its matrix.
#ifndef PACELINE_WORKER_GPU_OPS_ROW_COLUMN_CUH_
#define PACELINE_WORKER_GPU_OPS_ROW_COLUMN_CUH_

#include <cstdint>

#include "worker/gpu/ops/device.cuh"

namespace paceline::gpu {

struct RowColumn {
  uint64_t row;
  uint64_t column;
};

// Of rows of `width` values. A division of 64 bits takes longer than the memory: numbers
// that fit are divided in 32.
__device__ inline RowColumn Locate(uint64_t index, uint64_t width) {
  if (index <= UINT32_MAX) {
    const uint32_t row = static_cast<uint32_t>(index) / static_cast<uint32_t>(width);
    return {row, static_cast<uint32_t>(index) - row * static_cast<uint32_t>(width)};
  }
  return {index / width, index % width};
}

}  // namespace paceline::gpu

#endif  // PACELINE_WORKER_GPU_OPS_ROW_COLUMN_CUH_
