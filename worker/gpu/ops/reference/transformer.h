// The operators of the language model in float64 on the CPU, as reference.h has the others.
//
// Pure functions. Thread-safe.
#ifndef PACELINE_WORKER_GPU_OPS_REFERENCE_TRANSFORMER_H_
#define PACELINE_WORKER_GPU_OPS_REFERENCE_TRANSFORMER_H_

#include <cstdint>
#include <vector>

#include "worker/gpu/ops/dropped.h"
#include "worker/gpu/ops/heads.h"
#include "worker/gpu/ops/reference/reference.h"

namespace paceline::gpu::reference {

Doubles Dropped(const DropoutMask& mask, const Floats& x);

Doubles EmbedRows(uint64_t dim, uint64_t length, const std::vector<uint32_t>& indices,
                  const Floats& table, const Floats& positions);

struct Normed {
  Doubles normal;
  Doubles inverse;
  Doubles y;
};
Normed LayerNorm(uint64_t rows, uint64_t width, const Floats& x, const Floats& gain,
                 const Floats& bias);

struct NormGradient {
  // dy * normal.
  Doubles dy;
  Doubles dx;
};
NormGradient LayerNormGradient(uint64_t rows, uint64_t width, const Floats& normal,
                               const Floats& inverse, const Floats& gain, const Floats& dy,
                               const Floats& dx);

// Of an operator that turns by the angles of RotaryTable, or does not.
Doubles SplitHeads(const HeadsShape& shape, const HeadsColumns& columns, bool turn,
                   const Floats& rows);
// `rows`: what is there before.
Doubles MergeHeads(const HeadsShape& shape, const HeadsColumns& columns, bool turn,
                   const Floats& heads, const Floats& rows);

Doubles CausalSoftmax(uint64_t matrices, uint64_t length, float scale, const Floats& s);
Doubles CausalSoftmaxGradient(uint64_t matrices, uint64_t length, float scale, const Floats& p,
                              const Floats& dp);

Doubles WindowLosses(uint64_t n, uint64_t length, const Floats& position_losses);

}  // namespace paceline::gpu::reference

#endif  // PACELINE_WORKER_GPU_OPS_REFERENCE_TRANSFORMER_H_
