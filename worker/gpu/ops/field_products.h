// The products of all pairs of a record's vectors (Guo et al., "DeepFM", IJCAI 2017), in linear
// time; v_f are the vectors in x, as EmbedFields writes them:
//
//   sums[i, :] = sum_f v_f
//   z[i]      += sum_{f < g} <v_f, v_g> = 1/2 sum_j (sums[i, j]^2 - sum_f v_f[j]^2)
//
// Shapes:   x [n, stride], the first fields * k values of a row are the vectors; sums [n, k];
//           z [n] in and out.
// Numerics: float32. Sums over fields and over columns are trees: the order depends on the
//           number of fields and on k alone. The difference of the squares is taken per
//           column.
// Deterministic.
#ifndef PACELINE_WORKER_GPU_OPS_FIELD_PRODUCTS_H_
#define PACELINE_WORKER_GPU_OPS_FIELD_PRODUCTS_H_

#include <cstdint>

#include "worker/gpu/ops/launch.h"

namespace paceline::gpu {

Launched FieldProducts(uint64_t n, uint32_t fields, uint32_t k, uint32_t stride, const float* x,
                       float* sums, float* z, StreamHandle stream);

}  // namespace paceline::gpu

#endif  // PACELINE_WORKER_GPU_OPS_FIELD_PRODUCTS_H_
