// What the layers of a language model share while a chunk of windows goes through them on a
// GPU; worker/core/models/lm/lm_pass.h is the CPU's. All is put on the step's stream.
#ifndef PACELINE_WORKER_GPU_MODELS_LM_GPU_LM_PASS_H_
#define PACELINE_WORKER_GPU_MODELS_LM_GPU_LM_PASS_H_

#include <cstdint>
#include <functional>
#include <vector>

#include "absl/status/status.h"
#include "worker/core/models/dropout.h"
#include "worker/gpu/models/factor_buffer.h"
#include "worker/gpu/models/gpu_model.h"
#include "worker/gpu/models/products.h"
#include "worker/gpu/ops/dropped.h"
#include "worker/gpu/runtime/handles.h"

namespace paceline::worker {

// `sequences` windows of `length` bytes each, one after the other: a row of a matrix is a
// position of a window.
struct GpuLmPass {
  const GpuStep* step = nullptr;
  const Products* products = nullptr;
  uint64_t sequences = 0;
  uint64_t length = 0;
  // Null: nothing is dropped.
  const Dropout* dropout = nullptr;
  // Number of the first row within the rank's whole batch.
  uint64_t first_row = 0;

  uint64_t rows() const { return sequences * length; }
  const gpu::Stream& stream() const { return *step->stream; }
  const float* table(int index) const { return step->tables->rows(index); }
  // What is dropped of a matrix [rows, width].
  gpu::DropoutMask MaskOf(uint64_t site, uint64_t width) const {
    if (dropout == nullptr) return {};
    return {.seed = dropout->seed(),
            .stream = dropout->StreamOf(site),
            .dropped_of_65536 = dropout->dropped_of_65536(),
            .first = first_row * width};
  }
};

// Where a backward pass leaves its gradients.
struct GpuLmGradients {
  // By table; on the device.
  const std::vector<float*>* tables = nullptr;
  // To what the chunks before have left there.
  bool add = false;
  // Called behind each table that is complete. Null: other chunks of the batch follow.
  const std::function<absl::Status(int table)>* done = nullptr;

  float* table(int index) const { return (*tables)[index]; }
  absl::Status Done(int index) const { return done == nullptr ? absl::OkStatus() : (*done)(index); }
};

// Space for values that no layer keeps. Each layer may overwrite all of it.
struct GpuLmScratch {
  explicit GpuLmScratch(gpu::Gpu* gpu)
      : narrow(gpu, "values between layers"),
        wide(gpu, "values within a layer"),
        q(gpu, "gradients of queries"),
        k(gpu, "gradients of keys"),
        v(gpu, "gradients of values"),
        p(gpu, "probabilities of attention"),
        dp(gpu, "gradients of attention"),
        sums(gpu, "sums of columns") {}

  // [rows, width]
  FactorBuffer narrow;
  // [rows, 4 * width]
  FactorBuffer wide;
  // [sequences, heads, length, head width] each.
  gpu::DeviceBuffer q;
  gpu::DeviceBuffer k;
  gpu::DeviceBuffer v;
  // [sequences, heads, length, length]
  FactorBuffer p;
  FactorBuffer dp;
  // Of one table.
  gpu::DeviceBuffer sums;
};

}  // namespace paceline::worker

#endif  // PACELINE_WORKER_GPU_MODELS_LM_GPU_LM_PASS_H_
