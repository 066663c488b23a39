#include "worker/core/models/cnn/image_input.h"

#include <algorithm>

namespace paceline::worker {

void ToImages(const Batch& batch, const ImageShape& shape, uint64_t first, uint64_t count,
              std::vector<float>* images) {
  const uint64_t features = shape.values();
  const uint64_t pixels = shape.pixels();
  images->assign(count * features, 0.0f);
  for (uint64_t i = 0; i < count; ++i) {
    float* const image = images->data() + i * features;
    if (!batch.dense) {
      for (uint64_t k = batch.offsets[first + i]; k < batch.offsets[first + i + 1]; ++k) {
        const uint64_t feature = batch.indices[k];
        image[feature % pixels * shape.channels + feature / pixels] = batch.values[k];
      }
      continue;
    }
    const float* const record = batch.dense_values.data() + (first + i) * features;
    if (shape.channels == 1) {
      std::copy_n(record, features, image);
      continue;
    }
    for (uint64_t c = 0; c < shape.channels; ++c) {
      for (uint64_t p = 0; p < pixels; ++p) image[p * shape.channels + c] = record[c * pixels + p];
    }
  }
}

}  // namespace paceline::worker
