#include "worker/gpu/ops/for_each_pack.cuh"
#include "worker/gpu/ops/row_column.cuh"
#include "worker/gpu/ops/split_windows.h"

namespace paceline::gpu {
namespace {

struct SplitWindowsOp {
  uint64_t length;
  const float* windows;
  uint32_t* inputs;
  float* targets;

  template <int W>
  __device__ void At(uint64_t index) const {
    static_assert(W == 1, "windows have one value more than there are inputs");
    // Of each window before this one, one byte is no input.
    const float* at = windows + index + Locate(index, length).row;
    inputs[index] = static_cast<uint32_t>(at[0]);
    targets[index] = at[1];
  }
};

}  // namespace

Launched SplitWindows(uint64_t n, uint64_t length, const float* windows, uint32_t* inputs,
                      float* targets, StreamHandle stream) {
  const uint64_t count = n * length;
  if (count == 0) return {};
  return Launch("SplitWindows: cudaLaunchKernel", ForEachPackKernel<1, SplitWindowsOp>,
                BlocksFor(count), kThreads, stream,
                SplitWindowsOp{length, windows, inputs, targets}, count);
}

}  // namespace paceline::gpu
