// Softmax of causal attention: position i of a window looks at itself and at those before.
//
//   p[b, i, j] = exp(scale * s[b, i, j]) / sum_{k <= i} exp(scale * s[b, i, k]),   j <= i
//   p[b, i, j] = 0,                                                               j > i
//
// and from dp, the gradient of p, that of s:
//
//   ds[b, i, j] = scale * p[b, i, j] * (dp[b, i, j] - sum_{k <= i} p[b, i, k] * dp[b, i, k])
//
// Shapes:   s, p, dp, ds [matrices, length, length]; half as the result. p comes in the place
//           of s, ds in that of dp; values of s and dp above the diagonal mean nothing.
// Numerics: float32, the largest of a row subtracted first. A warp has a row: each lane adds
//           every 32nd value in turn, lanes are added as a tree. A NaN or +infinity that a
//           row looks at makes NaN of all that it looks at.
// Deterministic.
#ifndef PACELINE_WORKER_GPU_OPS_CAUSAL_SOFTMAX_H_
#define PACELINE_WORKER_GPU_OPS_CAUSAL_SOFTMAX_H_

#include <cstdint>

#include "worker/gpu/ops/launch.h"

namespace paceline::gpu {

// `half` gets p.
Launched CausalSoftmax(uint64_t matrices, uint64_t length, float scale, float* s, HalfOut half,
                       StreamHandle stream);

// `half` gets ds.
Launched CausalSoftmaxGradient(uint64_t matrices, uint64_t length, float scale, const float* p,
                               float* dp, HalfOut half, StreamHandle stream);

}  // namespace paceline::gpu

#endif  // PACELINE_WORKER_GPU_OPS_CAUSAL_SOFTMAX_H_
