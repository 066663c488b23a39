// Records as images whose channels lie side by side.
//
// A record is planes: feature (c * height + y) * width + x. An image is pixels:
// value (y * width + x) * channels + c. A dense and a CSR batch give the same images.
//
// Pure functions. Thread-safe.
#ifndef PACELINE_WORKER_CORE_MODELS_CNN_IMAGE_INPUT_H_
#define PACELINE_WORKER_CORE_MODELS_CNN_IMAGE_INPUT_H_

#include <cstdint>
#include <vector>

#include "common/tables/cnn_tables.h"
#include "worker/core/batch.h"

namespace paceline::worker {

// images [count, height, width, channels] = records [first, first + count) of `batch`, which
// has passed CheckBatch with shape.values() features.
void ToImages(const Batch& batch, const ImageShape& shape, uint64_t first, uint64_t count,
              std::vector<float>* images);

}  // namespace paceline::worker

#endif  // PACELINE_WORKER_CORE_MODELS_CNN_IMAGE_INPUT_H_
