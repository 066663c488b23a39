#include "worker/core/math/im2col.h"

#include <catch2/catch.hpp>
#include <cstdint>
#include <random>
#include <vector>

namespace paceline::worker {
namespace {

using Floats = std::vector<float>;

// Straight from the definition.
float ValueOf(const ConvGeometry& g, const Floats& images, uint64_t row, uint64_t column,
              int64_t* place) {
  const uint64_t pixels = g.out_height() * g.out_width();
  const uint64_t image = row / pixels;
  const uint64_t out_y = row % pixels / g.out_width();
  const uint64_t out_x = row % pixels % g.out_width();
  const uint64_t c = column % g.channels;
  const uint64_t kx = column / g.channels % g.kernel;
  const uint64_t ky = column / g.channels / g.kernel;
  const int64_t y = static_cast<int64_t>(out_y * g.stride + ky) - g.kernel / 2;
  const int64_t x = static_cast<int64_t>(out_x * g.stride + kx) - g.kernel / 2;
  *place = -1;
  if (y < 0 || x < 0 || y >= g.height || x >= g.width) return 0;
  *place = ((static_cast<int64_t>(image) * g.height + y) * g.width + x) * g.channels +
           static_cast<int64_t>(c);
  return images[static_cast<size_t>(*place)];
}

TEST_CASE("windows of images and back, in one piece and in parts") {
  std::mt19937 random(1);
  for (const ConvGeometry& g : {ConvGeometry{1, 1, 1, 1, 1},
                                {5, 4, 1, 3, 1},
                                {4, 5, 3, 3, 2},
                                {7, 7, 2, 5, 3},
                                {2, 3, 4, 7, 1},
                                {6, 1, 2, 3, 8},
                                {8, 6, 1, 1, 2}}) {
    INFO(g.height << "x" << g.width << "x" << g.channels << " kernel " << g.kernel << " stride "
                  << g.stride);
    const uint64_t n = 3;
    Floats images(n * g.height * g.width * g.channels);
    for (float& value : images) value = std::uniform_real_distribution<float>(-1, 1)(random);
    const uint64_t rows = n * g.out_height() * g.out_width();
    Floats wanted;
    std::vector<double> sums(images.size(), 0);
    Floats columns(rows * g.window());
    for (float& value : columns) value = std::uniform_real_distribution<float>(-1, 1)(random);
    for (uint64_t row = 0; row < rows; ++row) {
      for (uint64_t column = 0; column < g.window(); ++column) {
        int64_t place = -1;
        wanted.push_back(ValueOf(g, images, row, column, &place));
        if (place >= 0) sums[static_cast<size_t>(place)] += columns[wanted.size() - 1];
      }
    }
    for (const uint64_t part : {rows, uint64_t{1}, uint64_t{5}}) {
      Floats got(columns.size(), 9);
      Floats added(images.size(), 0);
      for (uint64_t first = 0; first < rows; first += part) {
        const uint64_t count = std::min(part, rows - first);
        ImagesToColumns(g, images.data(), first, count, got.data() + first * g.window());
        AddColumnsToImages(g, columns.data() + first * g.window(), first, count, added.data());
      }
      CHECK(got == wanted);
      for (size_t i = 0; i < sums.size(); ++i) CHECK(added[i] == Approx(sums[i]).margin(1e-5));
    }
  }
}

}  // namespace
}  // namespace paceline::worker
