// The operators of click models in float64 on the CPU, as reference.h has the others.
//
// Pure functions. Thread-safe.
#ifndef PACELINE_WORKER_GPU_OPS_REFERENCE_FIELDS_H_
#define PACELINE_WORKER_GPU_OPS_REFERENCE_FIELDS_H_

#include <cstdint>
#include <vector>

#include "worker/gpu/ops/reference/reference.h"

namespace paceline::gpu::reference {

// Records by the rows of their fields.
struct Fields {
  uint64_t n = 0;
  uint32_t fields = 0;
  // [n, fields]
  std::vector<uint32_t> rows;
};

Doubles EmbedFields(const Fields& records, uint32_t k, uint32_t number_count, const Floats& factors,
                    const Floats& numbers);

Doubles FieldSums(const Fields& records, const Floats& weights, const Floats& z);

// FieldSegmentGradient and FieldScatterGradient: [row_count, k], zeros where no field is.
Doubles FieldGradient(const Fields& records, uint32_t k, uint32_t stride, uint32_t step,
                      uint64_t row_count, const Floats& gradient, float factor);

// Pair by pair.
Interaction FieldProducts(uint64_t n, uint32_t fields, uint32_t k, uint32_t stride, const Floats& x,
                          const Floats& z);

Doubles FieldProductsGradient(uint64_t n, uint32_t fields, uint32_t k, uint32_t stride,
                              const Floats& z_gradient, const Floats& sums, const Floats& x,
                              const Floats& x_gradient);

struct Crossed {
  Doubles u;
  Doubles out;
};
Crossed CrossLayer(uint64_t n, uint64_t width, const Floats& bias, const Floats& x,
                   const Floats& in, const Floats& u);

struct CrossedGradient {
  Doubles u_gradient;
  Doubles x_gradient;
};
CrossedGradient CrossLayerGradient(bool first, const Floats& gradient, const Floats& x,
                                   const Floats& u, const Floats& x_gradient);

}  // namespace paceline::gpu::reference

#endif  // PACELINE_WORKER_GPU_OPS_REFERENCE_FIELDS_H_
