// Windows of images as rows of a matrix, so that a convolution is one product, and back.
//
//   columns[(i, y, x), (ky, kx, c)] = images[i, y * stride + ky - kernel / 2,
//                                            x * stride + kx - kernel / 2, c], 0 outside
//
//   ImagesToColumns:  columns of images
//   ColumnsToImages:  images[p] = sum of the columns that come from p, by y, then by x
//
// Shapes:   images [n, height, width, channels]; columns, half [n * out_height * out_width,
//           kernel * kernel * channels], out_height = ceil(height / stride), out_width alike.
// Numerics: columns exact; images float32, sums of up to kernel * kernel.
// Deterministic.
#ifndef PACELINE_WORKER_GPU_OPS_IMAGE_COLUMNS_H_
#define PACELINE_WORKER_GPU_OPS_IMAGE_COLUMNS_H_

#include <cstdint>

#include "worker/gpu/ops/launch.h"

namespace paceline::gpu {

// kernel is odd, all are at least 1.
struct WindowShape {
  uint32_t height = 1;
  uint32_t width = 1;
  uint32_t channels = 1;
  uint32_t kernel = 1;
  uint32_t stride = 1;

  uint32_t out_height() const { return (height - 1) / stride + 1; }
  uint32_t out_width() const { return (width - 1) / stride + 1; }
  uint32_t window() const { return kernel * kernel * channels; }
  uint64_t image_values() const { return uint64_t{height} * width * channels; }
  uint64_t out_pixels() const { return uint64_t{out_height()} * out_width(); }
};

// Where `columns` is null only `half` is written.
Launched ImagesToColumns(uint64_t n, const WindowShape& shape, const float* images, float* columns,
                         HalfOut half, StreamHandle stream);

Launched ColumnsToImages(uint64_t n, const WindowShape& shape, const float* columns, float* images,
                         StreamHandle stream);

}  // namespace paceline::gpu

#endif  // PACELINE_WORKER_GPU_OPS_IMAGE_COLUMNS_H_
