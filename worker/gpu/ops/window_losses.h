// Of the losses of a window's positions, the loss and the score of the window:
//
//   losses[w] = sum_t position_losses[w, t] / length;   scores[w] = exp(-losses[w])
//
// Shapes:   position_losses [n, length], losses [n], scores [n]. length >= 1.
// Numerics: float64, rounded once: 256 sums of every 256th loss, added as a tree.
// Deterministic.
#ifndef PACELINE_WORKER_GPU_OPS_WINDOW_LOSSES_H_
#define PACELINE_WORKER_GPU_OPS_WINDOW_LOSSES_H_

#include <cstdint>

#include "worker/gpu/ops/launch.h"

namespace paceline::gpu {

Launched WindowLosses(uint64_t n, uint64_t length, const float* position_losses, float* losses,
                      float* scores, StreamHandle stream);

}  // namespace paceline::gpu

#endif  // PACELINE_WORKER_GPU_OPS_WINDOW_LOSSES_H_
