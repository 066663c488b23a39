// From windows of a text to what goes into a language model and what is to come out: each
// byte but the last of a window predicts the byte behind it.
//
//   inputs[w, t] = windows[w, t];   targets[w, t] = windows[w, t + 1]
//
// Shapes:   windows [n, length + 1], whole numbers from 0 to 255; inputs [n, length] uint32,
//           targets [n, length] float32.
// Deterministic.
#ifndef PACELINE_WORKER_GPU_OPS_SPLIT_WINDOWS_H_
#define PACELINE_WORKER_GPU_OPS_SPLIT_WINDOWS_H_

#include <cstdint>

#include "worker/gpu/ops/launch.h"

namespace paceline::gpu {

Launched SplitWindows(uint64_t n, uint64_t length, const float* windows, uint32_t* inputs,
                      float* targets, StreamHandle stream);

}  // namespace paceline::gpu

#endif  // PACELINE_WORKER_GPU_OPS_SPLIT_WINDOWS_H_
