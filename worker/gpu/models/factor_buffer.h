// A matrix on the device that becomes a factor of products: float32, and rounded, too, where
// the job's precision rounds factors.
//
//   PL_RETURN_IF_ERROR(a.Reserve(products, rows * width));
//   BiasActivation(..., a.values(), a.half(), ...)
//   products.Multiply(shape, a.factor(), ...)
#ifndef PACELINE_WORKER_GPU_MODELS_FACTOR_BUFFER_H_
#define PACELINE_WORKER_GPU_MODELS_FACTOR_BUFFER_H_

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "common/status/status_macros.h"
#include "worker/gpu/models/products.h"
#include "worker/gpu/runtime/handles.h"

namespace paceline::worker {

// Thread-compatible.
class FactorBuffer {
 public:
  // `what` is for the error when memory is short.
  FactorBuffer(gpu::Gpu* gpu, const std::string& what)
      : values_(gpu, what), rounded_(gpu, "rounded " + what) {}

  // Room for so many values; what was there is lost.
  absl::Status Reserve(const Products& products, uint64_t count) {
    PL_RETURN_IF_ERROR(values_.Reserve(count * sizeof(float)));
    PL_ASSIGN_OR_RETURN(half_, products.RoundTo(&rounded_, count));
    return absl::OkStatus();
  }

  float* values() const { return values_.as<float>(); }
  // Where those who write the values write them rounded.
  gpu::HalfOut half() const { return half_; }
  Factor factor() const { return {values(), half_.data}; }

 private:
  gpu::DeviceBuffer values_;
  gpu::DeviceBuffer rounded_;
  gpu::HalfOut half_;
};

}  // namespace paceline::worker

#endif  // PACELINE_WORKER_GPU_MODELS_FACTOR_BUFFER_H_
