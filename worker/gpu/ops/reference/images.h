// The operators of convolutional networks in float64, as reference.h has the others: slow,
// obvious, and without a line in common with the kernels.
//
// Pure functions. Thread-safe.
#ifndef PACELINE_WORKER_GPU_OPS_REFERENCE_IMAGES_H_
#define PACELINE_WORKER_GPU_OPS_REFERENCE_IMAGES_H_

#include <cstdint>
#include <vector>

#include "worker/gpu/ops/image_columns.h"
#include "worker/gpu/ops/max_pool.h"
#include "worker/gpu/ops/reference/reference.h"

namespace paceline::gpu::reference {

Doubles PlanesToImages(uint64_t n, uint32_t channels, uint64_t pixels, const Floats& planes);

Doubles ImagesToColumns(uint64_t n, const WindowShape& shape, const Floats& images);
Doubles ColumnsToImages(uint64_t n, const WindowShape& shape, const Floats& columns);

struct Statistics {
  Doubles mean;
  Doubles variance;
};
Statistics ColumnStatistics(uint64_t n, uint64_t m, const Floats& x);

struct BatchNormed {
  Doubles normalised;
  Doubles y;
};
BatchNormed BatchNorm(uint64_t n, uint64_t m, const Floats& mean, const Floats& variance,
                      const Floats& scale, const Floats& x);

struct BatchNormGradients {
  Doubles shift;
  Doubles scale;
  Doubles x;
};
// Sums are times `factor`.
BatchNormGradients BatchNormGradient(uint64_t n, uint64_t m, const Floats& normalised,
                                     const Floats& variance, const Floats& scale, float factor,
                                     const Floats& gradient);

struct Pooled {
  Doubles out;
  std::vector<uint32_t> chosen;
};
Pooled MaxPool(uint64_t n, const PoolShape& shape, const Floats& in);
Doubles MaxPoolGradient(uint64_t n, const PoolShape& shape, const Floats& out_gradient,
                        const std::vector<uint32_t>& chosen);

}  // namespace paceline::gpu::reference

#endif  // PACELINE_WORKER_GPU_OPS_REFERENCE_IMAGES_H_
