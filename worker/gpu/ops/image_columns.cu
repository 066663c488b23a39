#include "worker/gpu/ops/for_each_value.cuh"
#include "worker/gpu/ops/image_columns.h"
#include "worker/gpu/ops/pack.cuh"

namespace paceline::gpu {
namespace {

// A shape, and what the host makes of it once.
struct Windows {
  explicit Windows(const WindowShape& shape)
      : shape(shape),
        out_height(shape.out_height()),
        out_width(shape.out_width()),
        window(shape.window()) {}

  WindowShape shape;
  uint32_t out_height;
  uint32_t out_width;
  uint32_t window;
};

// By values of columns: neighbouring threads have neighbouring channels. A place above or left
// of the image is, unsigned, far beyond its other end.
struct ImagesToColumnsOp {
  Windows w;
  const float* images;
  float* columns;
  HalfOut half;

  template <class Index>
  __device__ void At(Index index) const {
    const WindowShape& s = w.shape;
    const Index column = index % w.window;
    const Index pixel = index / w.window;
    const Index c = column % s.channels;
    const Index place = column / s.channels;
    const Index row = pixel / w.out_width;
    const Index x = pixel % w.out_width * s.stride + place % s.kernel - s.kernel / 2;
    const Index y = row % w.out_height * s.stride + place / s.kernel - s.kernel / 2;
    const Index image = row / w.out_height;
    const bool inside = x < s.width && y < s.height;
    const float value =
        inside ? images[((image * s.height + y) * s.width + x) * s.channels + c] : 0.0f;
    if (columns != nullptr) columns[index] = value;
    StoreHalf(half, index, Pack<1>{{value}});
  }
};

// By values of images: each adds up the windows that it is in.
struct ColumnsToImagesOp {
  Windows w;
  const float* columns;
  float* images;

  template <class Index>
  __device__ void At(Index index) const {
    const WindowShape& s = w.shape;
    const Index c = index % s.channels;
    const Index pixel = index / s.channels;
    // Where the image's pixel is, seen from the first pixel of the window around (0, 0).
    const Index x = pixel % s.width + s.kernel / 2;
    const Index row = pixel / s.width;
    const Index y = row % s.height + s.kernel / 2;
    const Index image = row / s.height;
    float sum = 0;
    for (uint32_t ky = s.kernel; ky-- > 0;) {
      const Index out_y = (y - ky) / s.stride;
      if (y < ky || (y - ky) % s.stride != 0 || out_y >= w.out_height) continue;
      for (uint32_t kx = s.kernel; kx-- > 0;) {
        const Index out_x = (x - kx) / s.stride;
        if (x < kx || (x - kx) % s.stride != 0 || out_x >= w.out_width) continue;
        const Index window = (image * w.out_height + out_y) * w.out_width + out_x;
        sum += columns[window * w.window + (ky * s.kernel + kx) * s.channels + c];
      }
    }
    images[index] = sum;
  }
};

uint64_t Larger(uint64_t a, uint64_t b) { return a < b ? b : a; }

}  // namespace

Launched ImagesToColumns(uint64_t n, const WindowShape& shape, const float* images, float* columns,
                         HalfOut half, StreamHandle stream) {
  const uint64_t values = n * shape.out_pixels() * shape.window();
  return ForEachValue("ImagesToColumns: cudaLaunchKernel",
                      ImagesToColumnsOp{Windows(shape), images, columns, half}, values,
                      Larger(values, n * shape.image_values()), stream);
}

Launched ColumnsToImages(uint64_t n, const WindowShape& shape, const float* columns, float* images,
                         StreamHandle stream) {
  const uint64_t values = n * shape.image_values();
  return ForEachValue("ColumnsToImages: cudaLaunchKernel",
                      ColumnsToImagesOp{Windows(shape), columns, images}, values,
                      Larger(values, n * shape.out_pixels() * shape.window()), stream);
}

}  // namespace paceline::gpu
