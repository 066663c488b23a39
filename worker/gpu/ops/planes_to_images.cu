#include "worker/gpu/ops/for_each_value.cuh"
#include "worker/gpu/ops/planes_to_images.h"

namespace paceline::gpu {
namespace {

struct PlanesToImagesOp {
  uint32_t channels;
  uint64_t pixels;
  const float* planes;
  float* images;

  template <class Index>
  __device__ void At(Index index) const {
    const Index c = index % channels;
    const Index pixel = index / channels;
    const Index plane = static_cast<Index>(pixels);
    images[index] = planes[(pixel / plane * channels + c) * plane + pixel % plane];
  }
};

// A block for each record.
__global__ void __launch_bounds__(kThreads)
    EntriesToImagesKernel(uint64_t n, uint32_t channels, uint32_t pixels, const uint32_t* offsets,
                          const uint32_t* features, const float* values, float* images) {
  for (uint64_t i = blockIdx.x; i < n; i += gridDim.x) {
    float* const image = images + i * pixels * channels;
    for (uint64_t k = offsets[i] + threadIdx.x; k < offsets[i + 1]; k += blockDim.x) {
      const uint32_t feature = features[k];
      image[uint64_t{feature % pixels} * channels + feature / pixels] = values[k];
    }
  }
}

}  // namespace

Launched PlanesToImages(uint64_t n, uint32_t channels, uint64_t pixels, const float* planes,
                        float* images, StreamHandle stream) {
  const uint64_t values = n * channels * pixels;
  return ForEachValue("PlanesToImages: cudaLaunchKernel",
                      PlanesToImagesOp{channels, pixels, planes, images}, values, values, stream);
}

Launched EntriesToImages(uint64_t n, uint32_t channels, uint64_t pixels, const uint32_t* offsets,
                         const uint32_t* features, const float* values, float* images,
                         StreamHandle stream) {
  if (n == 0 || pixels == 0) return {};
  return Launch("EntriesToImages: cudaLaunchKernel", EntriesToImagesKernel, BlocksFor(n, 1),
                kThreads, stream, n, channels, static_cast<uint32_t>(pixels), offsets, features,
                values, images);
}

}  // namespace paceline::gpu
