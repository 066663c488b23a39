// Adds a term of each entry of a record to the table's row of the entry, atomically:
// the loop of the operators that do not keep an order.
//
// `lanes` neighbouring threads share a row, a column each; a warp has a record.
//
// An Op is a struct of pointers with
//   uint32_t Begin(record), End(record)   its entries
//   float Term(record, entry, column)
//   float* At(entry, column)              where it is added
#ifndef PACELINE_WORKER_GPU_OPS_SCATTER_CUH_
#define PACELINE_WORKER_GPU_OPS_SCATTER_CUH_

#include <cstdint>

#include "worker/gpu/ops/device.cuh"

namespace paceline::gpu {

template <class Op>
__global__ void __launch_bounds__(kThreads)
    ScatterKernel(Op op, uint64_t n, uint32_t dim, uint32_t lanes) {
  const uint32_t lane = threadIdx.x % lanes;
  const uint32_t slot = threadIdx.x % kWarp / lanes;
  const uint32_t slots = kWarp / lanes;
  const uint32_t warps = kThreads / kWarp;
  for (uint64_t record = uint64_t{blockIdx.x} * warps + threadIdx.x / kWarp; record < n;
       record += uint64_t{gridDim.x} * warps) {
    const uint64_t end = op.End(record);
    for (uint64_t e = uint64_t{op.Begin(record)} + slot; e < end; e += slots) {
      for (uint64_t column = uint64_t{blockIdx.y} * lanes + lane; column < dim;
           column += uint64_t{gridDim.y} * lanes) {
        atomicAdd(op.At(e, column), op.Term(record, e, column));
      }
    }
  }
}

template <class Op>
Launched Scatter(const char* call, const Op& op, uint64_t n, uint32_t dim, StreamHandle stream) {
  if (n == 0 || dim == 0) return {};
  const uint32_t lanes = PowerOfTwo(dim, kWarp);
  // A few columns per thread: what an entry needs is read once for them.
  const uint32_t chunks = (dim - 1) / (4 * lanes) + 1;
  const dim3 grid(BlocksFor(n, kThreads / kWarp), chunks < kMaxBlocksY ? chunks : kMaxBlocksY);
  return Launch(call, ScatterKernel<Op>, grid, kThreads, stream, op, n, dim, lanes);
}

}  // namespace paceline::gpu

#endif  // PACELINE_WORKER_GPU_OPS_SCATTER_CUH_
