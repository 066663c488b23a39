// Windows of images as rows of a matrix, so that a convolution is one product, and back.
//
//   images   [n, height, width, channels] float32
//   columns  [n * out_height * out_width, kernel * kernel * channels]: row
//            (i, y, x) is the window of image i around pixel (y * stride, x * stride), by
//            row, column and channel; what lies outside the image is 0
//
//   convolution = columns * weight, with weight [kernel * kernel * channels, made channels]
//
// `first` and `count` name rows of columns, so that a caller can do with little memory.
//
// Pure functions. Thread-safe.
#ifndef PACELINE_WORKER_CORE_MATH_IM2COL_H_
#define PACELINE_WORKER_CORE_MATH_IM2COL_H_

#include <cstdint>

namespace paceline::worker {

// kernel is odd, all are at least 1.
struct ConvGeometry {
  uint32_t height = 1;
  uint32_t width = 1;
  uint32_t channels = 1;
  uint32_t kernel = 1;
  uint32_t stride = 1;

  uint64_t out_height() const { return (height - 1) / stride + 1; }
  uint64_t out_width() const { return (width - 1) / stride + 1; }
  uint64_t window() const { return uint64_t{kernel} * kernel * channels; }
};

// columns [count, window] = rows [first, first + count) of the columns of `images`.
void ImagesToColumns(const ConvGeometry& geometry, const float* images, uint64_t first,
                     uint64_t count, float* columns);

// The transpose: adds each value of columns [count, window], rows [first, first + count), to
// the pixel of `images` that it comes from, in the order of rows.
void AddColumnsToImages(const ConvGeometry& geometry, const float* columns, uint64_t first,
                        uint64_t count, float* images);

}  // namespace paceline::worker

#endif  // PACELINE_WORKER_CORE_MATH_IM2COL_H_
