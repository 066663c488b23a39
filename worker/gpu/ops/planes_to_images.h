// Records as images whose channels lie side by side.
//
//   images[i, p, c] = planes[i, c, p]
//
// Entries are the values of planes that are not 0: feature c * pixels + p of a record.
//
// Shapes:   planes [n, channels, pixels]; images [n, pixels, channels]; offsets [n + 1] uint32,
//           features [entries] uint32, below channels * pixels, distinct within a record;
//           values [entries].
// Numerics: exact.
// Deterministic.
#ifndef PACELINE_WORKER_GPU_OPS_PLANES_TO_IMAGES_H_
#define PACELINE_WORKER_GPU_OPS_PLANES_TO_IMAGES_H_

#include <cstdint>

#include "worker/gpu/ops/launch.h"

namespace paceline::gpu {

Launched PlanesToImages(uint64_t n, uint32_t channels, uint64_t pixels, const float* planes,
                        float* images, StreamHandle stream);

// Images are zeros before. Entries of record i are [offsets[i], offsets[i + 1]).
Launched EntriesToImages(uint64_t n, uint32_t channels, uint64_t pixels, const uint32_t* offsets,
                         const uint32_t* features, const float* values, float* images,
                         StreamHandle stream);

}  // namespace paceline::gpu

#endif  // PACELINE_WORKER_GPU_OPS_PLANES_TO_IMAGES_H_
