// The element-wise functions of a network, as worker/core/math/activations.h has them:
//
//   none  z
//   relu  z < 0 ? 0 : z
//   tanh  tanh(z)
//   gelu  z/2 * (1 + tanh(sqrt(2/pi) * (z + 0.044715 z^3))), the tanh form
//
// A NaN goes in, a NaN comes out; the derivative of relu at 0 is 0.
#ifndef PACELINE_WORKER_GPU_OPS_ACTIVATION_H_
#define PACELINE_WORKER_GPU_OPS_ACTIVATION_H_

namespace paceline::gpu {

enum class ActivationKind { kNone, kRelu, kTanh, kGelu };

}  // namespace paceline::gpu

#endif  // PACELINE_WORKER_GPU_OPS_ACTIVATION_H_
