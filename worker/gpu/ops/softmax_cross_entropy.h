// Softmax, its cross entropy with a class and the gradient, in two passes over a row:
//
//   p[i, c]        = exp(s[i, c] - max_i) / sum_c exp(s[i, c] - max_i)
//   losses[i]      = log(sum_c exp(s[i, c])) - s[i, label_i]      (>= 0)
//   gradient[i, c] = scale * (p[i, c] - [c == label_i])
//
// Shapes:   labels [n], whole numbers in [0, classes); scores [n, classes], logits in,
//           probabilities out; losses [n]; gradient [n, classes] or null; half
//           [n, classes]. classes >= 1, of any size.
// Numerics: float32; the sum of a row as a tree over the threads that share it, without
//           its largest term, which is 1: losses (in float64, rounded once) and gradients
//           stay exact for samples that the model is sure of, and nothing overflows. A NaN
//           or +infinity makes its whole row NaN.
// Deterministic.
#ifndef PACELINE_WORKER_GPU_OPS_SOFTMAX_CROSS_ENTROPY_H_
#define PACELINE_WORKER_GPU_OPS_SOFTMAX_CROSS_ENTROPY_H_

#include <cstdint>

#include "worker/gpu/ops/launch.h"

namespace paceline::gpu {

// `half` gets the gradient, also when `gradient` is null. A label that is no class is
// none of the columns, and its loss is NaN.
Launched SoftmaxCrossEntropy(uint64_t n, uint32_t classes, const float* labels, float scale,
                             float* scores, float* losses, float* gradient, HalfOut half,
                             StreamHandle stream);

}  // namespace paceline::gpu

#endif  // PACELINE_WORKER_GPU_OPS_SOFTMAX_CROSS_ENTROPY_H_
