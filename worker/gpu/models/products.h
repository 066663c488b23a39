// Products of matrices in the precision of a job.
//
//   float32  factors as they are
//   tf32     factors rounded to 10 bits of mantissa by the GPU
//   bf16     factors rounded to 8 bits of mantissa, by those who write them
//   fp16     factors rounded to 11 bits, in a range of 6e-8 to 65504
//
// Sums and results are float32 in all of them.
#ifndef PACELINE_WORKER_GPU_MODELS_PRODUCTS_H_
#define PACELINE_WORKER_GPU_MODELS_PRODUCTS_H_

#include <cstdint>

#include "absl/status/status.h"
#include "proto/job.pb.h"
#include "worker/gpu/runtime/handles.h"

namespace paceline::worker {

// A factor, [rows, columns] row-major: float32, and under bf16 and fp16 rounded, too.
struct Factor {
  const float* float32 = nullptr;
  const void* half = nullptr;
};

// Thread-compatible; the GPU outlives it.
class Products {
 public:
  Products(gpu::Gpu* gpu, v1::Precision precision) : gpu_(gpu), precision_(precision) {}

  // What factors are rounded to; kNone: they are taken as they are.
  gpu::HalfType half() const;

  // Where what becomes a factor is also to be written: `count` values in `buffer`, which
  // grows if need be. Nothing if factors are taken as they are.
  absl::StatusOr<gpu::HalfOut> RoundTo(gpu::DeviceBuffer* buffer, uint64_t count) const;
  // Rounds `count` values that are there.
  absl::StatusOr<Factor> Round(const float* values, uint64_t count, gpu::DeviceBuffer* buffer,
                               const gpu::Stream& stream) const;

  // c [m, n] = alpha * op(a) [m, k] * op(b) [k, n], or c += it.
  struct Shape {
    bool transpose_a = false;
    bool transpose_b = false;
    uint64_t m = 0;
    uint64_t n = 0;
    uint64_t k = 0;
    // Products, of as many matrices one behind the other.
    uint64_t batch = 1;
    // To what is there, instead of over it.
    bool add = false;
  };
  absl::Status Multiply(const Shape& shape, const Factor& a, const Factor& b, float alpha, float* c,
                        const gpu::Stream& stream) const;

 private:
  gpu::Gpu* gpu_;
  v1::Precision precision_;
};

}  // namespace paceline::worker

#endif  // PACELINE_WORKER_GPU_MODELS_PRODUCTS_H_
