#include "worker/core/math/im2col.h"

#include <algorithm>
#include <cstring>

namespace paceline::worker {
namespace {

// Calls work(at, column, skipped, length) for each row of each window in [first, first + count):
// its part within the image has `length` values, which begin at `at` of the images; in
// columns the row begins at `column`, and that part `skipped` values behind it.
template <typename Work>
void ForEachRow(const ConvGeometry& g, uint64_t first, uint64_t count, const Work& work) {
  const uint64_t out_width = g.out_width();
  const uint64_t out_pixels = g.out_height() * out_width;
  const uint64_t row_values = uint64_t{g.kernel} * g.channels;
  const int64_t reach = g.kernel / 2;
  const uint64_t image_values = uint64_t{g.height} * g.width * g.channels;
  uint64_t image = first / out_pixels;
  uint64_t y = first % out_pixels / out_width;
  uint64_t x = first % out_width;
  uint64_t column = 0;
  for (uint64_t i = 0; i < count; ++i) {
    const int64_t left = static_cast<int64_t>(x * g.stride) - reach;
    const int64_t from = std::max<int64_t>(left, 0);
    const int64_t to = std::min<int64_t>(left + g.kernel, g.width);
    const uint64_t skipped = static_cast<uint64_t>(from - left) * g.channels;
    const uint64_t length = static_cast<uint64_t>(to - from) * g.channels;
    for (int64_t ky = 0; ky < g.kernel; ++ky) {
      const int64_t row = static_cast<int64_t>(y * g.stride) - reach + ky;
      const bool inside = row >= 0 && row < g.height;
      const uint64_t at = inside ? image * image_values + (static_cast<uint64_t>(row) * g.width +
                                                           static_cast<uint64_t>(from)) *
                                                              g.channels
                                 : 0;
      work(at, column, inside ? skipped : row_values, inside ? length : 0);
      column += row_values;
    }
    if (++x < out_width) continue;
    x = 0;
    if (++y < g.out_height()) continue;
    y = 0;
    ++image;
  }
}

}  // namespace

void ImagesToColumns(const ConvGeometry& geometry, const float* images, uint64_t first,
                     uint64_t count, float* columns) {
  const uint64_t row_values = uint64_t{geometry.kernel} * geometry.channels;
  ForEachRow(geometry, first, count,
             [&](uint64_t at, uint64_t column, uint64_t skipped, uint64_t length) {
               float* const out = columns + column;
               if (length == row_values) {
                 std::memcpy(out, images + at, row_values * sizeof(float));
                 return;
               }
               std::fill_n(out, skipped, 0.0f);
               std::copy_n(images + at, length, out + skipped);
               std::fill(out + skipped + length, out + row_values, 0.0f);
             });
}

void AddColumnsToImages(const ConvGeometry& geometry, const float* columns, uint64_t first,
                        uint64_t count, float* images) {
  ForEachRow(geometry, first, count,
             [&](uint64_t at, uint64_t column, uint64_t skipped, uint64_t length) {
               const float* const in = columns + column + skipped;
               float* const out = images + at;
               for (uint64_t i = 0; i < length; ++i) out[i] += in[i];
             });
}

}  // namespace paceline::worker
