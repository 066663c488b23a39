// Between a matrix whose rows hold the values of all heads of an attention, and each head's
// rows one after the other, which is what products of matrices want; queries and keys turn
// on the way by their rotary positions (Su et al., "RoFormer", 2021).
//
//   RotaryTable:  angle(t, i) = t * 10000^(-2 i / head_width);  its cosine and sine
//   SplitHeads:   out[s, h, t, :]  = turn_t(rows[s * length + t, first + h * head_width ...])
//   MergeHeads:   the way back, turned back by the same angles
//
// Turning takes the pair of values i and i + head_width / 2 by angle(t, i):
//   (a, b) -> (a cos - b sin, a sin + b cos)
//
// Shapes:   rows [sequences * length, columns], of which columns first to first + heads *
//           head_width are read or written; the heads' side [sequences, heads, length,
//           head_width]; cosines, sines [length, head_width / 2]. head_width is even where
//           anything turns. half has the shape of what is written, and gets it.
// Numerics: float32; angles and their cosines in float64, rounded once.
// Deterministic.
#ifndef PACELINE_WORKER_GPU_OPS_HEADS_H_
#define PACELINE_WORKER_GPU_OPS_HEADS_H_

#include <cstdint>

#include "worker/gpu/ops/launch.h"

namespace paceline::gpu {

struct HeadsShape {
  uint64_t sequences = 0;
  uint64_t length = 0;
  uint64_t heads = 0;
  uint64_t head_width = 0;

  uint64_t values() const { return sequences * length * heads * head_width; }
};

// Columns of the matrix.
struct HeadsColumns {
  uint64_t columns = 0;
  uint64_t first = 0;
};

// Both null: nothing turns.
struct Rotation {
  const float* cosines = nullptr;
  const float* sines = nullptr;
};

Launched RotaryTable(uint64_t length, uint64_t head_width, float* cosines, float* sines,
                     StreamHandle stream);

Launched SplitHeads(const HeadsShape& shape, const HeadsColumns& columns, const Rotation& rotation,
                    const float* rows, float* out, HalfOut half, StreamHandle stream);

Launched MergeHeads(const HeadsShape& shape, const HeadsColumns& columns, const Rotation& rotation,
                    const float* heads, float* rows, HalfOut half, StreamHandle stream);

}  // namespace paceline::gpu

#endif  // PACELINE_WORKER_GPU_OPS_HEADS_H_
