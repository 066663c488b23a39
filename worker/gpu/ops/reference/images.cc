#include "worker/gpu/ops/reference/images.h"

#include <cmath>

namespace paceline::gpu::reference {
namespace {

// Calls work(column, pixel) for each place of columns that is a pixel of an image.
template <typename Work>
void ForEachPlace(uint64_t n, const WindowShape& s, const Work& work) {
  const int64_t reach = s.kernel / 2;
  uint64_t column = 0;
  for (uint64_t i = 0; i < n; ++i) {
    for (int64_t y = 0; y < s.height; y += s.stride) {
      for (int64_t x = 0; x < s.width; x += s.stride) {
        for (int64_t at_y = y - reach; at_y <= y + reach; ++at_y) {
          for (int64_t at_x = x - reach; at_x <= x + reach; ++at_x) {
            const bool inside = at_y >= 0 && at_x >= 0 && at_y < s.height && at_x < s.width;
            for (uint64_t c = 0; c < s.channels; ++c, ++column) {
              if (!inside) continue;
              const uint64_t row = i * s.height + static_cast<uint64_t>(at_y);
              work(column, (row * s.width + static_cast<uint64_t>(at_x)) * s.channels + c);
            }
          }
        }
      }
    }
  }
}

}  // namespace

Doubles PlanesToImages(uint64_t n, uint32_t channels, uint64_t pixels, const Floats& planes) {
  Doubles images(planes.size());
  for (uint64_t i = 0; i < n; ++i) {
    for (uint64_t c = 0; c < channels; ++c) {
      for (uint64_t p = 0; p < pixels; ++p) {
        images[(i * pixels + p) * channels + c] = planes[(i * channels + c) * pixels + p];
      }
    }
  }
  return images;
}

Doubles ImagesToColumns(uint64_t n, const WindowShape& shape, const Floats& images) {
  Doubles columns(n * shape.out_pixels() * shape.window());
  ForEachPlace(n, shape, [&](uint64_t column, uint64_t pixel) { columns[column] = images[pixel]; });
  return columns;
}

Doubles ColumnsToImages(uint64_t n, const WindowShape& shape, const Floats& columns) {
  Doubles images(n * shape.image_values());
  ForEachPlace(n, shape,
               [&](uint64_t column, uint64_t pixel) { images[pixel] += columns[column]; });
  return images;
}

Statistics ColumnStatistics(uint64_t n, uint64_t m, const Floats& x) {
  Statistics of{Doubles(m), Doubles(m)};
  if (n == 0) return of;
  for (uint64_t j = 0; j < m; ++j) {
    for (uint64_t i = 0; i < n; ++i) of.mean[j] += x[i * m + j];
    of.mean[j] /= static_cast<double>(n);
    for (uint64_t i = 0; i < n; ++i) of.variance[j] += std::pow(x[i * m + j] - of.mean[j], 2);
    of.variance[j] /= static_cast<double>(n);
  }
  return of;
}

BatchNormed BatchNorm(uint64_t n, uint64_t m, const Floats& mean, const Floats& variance,
                      const Floats& scale, const Floats& x) {
  BatchNormed normed;
  for (uint64_t i = 0; i < n * m; ++i) {
    const uint64_t j = i % m;
    const double above = variance[j] < 0 ? 0 : variance[j];
    normed.normalised.push_back((x[i] - double{mean[j]}) / std::sqrt(above + 1e-5));
    normed.y.push_back(scale[j] * normed.normalised.back());
  }
  return normed;
}

BatchNormGradients BatchNormGradient(uint64_t n, uint64_t m, const Floats& normalised,
                                     const Floats& variance, const Floats& scale, float factor,
                                     const Floats& gradient) {
  BatchNormGradients of{Doubles(m), Doubles(m), Doubles(n * m)};
  for (uint64_t j = 0; j < m; ++j) {
    double shift = 0;
    double turned = 0;
    for (uint64_t i = 0; i < n; ++i) {
      shift += gradient[i * m + j];
      turned += double{gradient[i * m + j]} * normalised[i * m + j];
    }
    of.shift[j] = factor * shift;
    of.scale[j] = factor * turned;
    for (uint64_t i = 0; i < n; ++i) {
      const double means = (shift + normalised[i * m + j] * turned) / static_cast<double>(n);
      of.x[i * m + j] = scale[j] / std::sqrt(variance[j] + 1e-5) * (gradient[i * m + j] - means);
    }
  }
  return of;
}

Pooled MaxPool(uint64_t n, const PoolShape& s, const Floats& in) {
  Pooled pooled;
  for (uint64_t i = 0; i < n; ++i) {
    for (uint64_t y = 0; y < s.height / s.pool; ++y) {
      for (uint64_t x = 0; x < s.width / s.pool; ++x) {
        for (uint64_t c = 0; c < s.channels; ++c) {
          double best = 0;
          uint32_t chosen = 0;
          for (uint32_t k = 0; k < s.pool * s.pool; ++k) {
            const uint64_t row = i * s.height + y * s.pool + k / s.pool;
            const uint64_t column = x * s.pool + k % s.pool;
            const double value = in[(row * s.width + column) * s.channels + c];
            if (k > 0 && !(value > best) && !std::isnan(value)) continue;
            best = value;
            chosen = k;
          }
          pooled.out.push_back(best);
          pooled.chosen.push_back(chosen);
        }
      }
    }
  }
  return pooled;
}

Doubles MaxPoolGradient(uint64_t n, const PoolShape& s, const Floats& out_gradient,
                        const std::vector<uint32_t>& chosen) {
  Doubles in(n * s.in_values());
  uint64_t at = 0;
  for (uint64_t i = 0; i < n; ++i) {
    for (uint64_t y = 0; y < s.height / s.pool; ++y) {
      for (uint64_t x = 0; x < s.width / s.pool; ++x) {
        for (uint64_t c = 0; c < s.channels; ++c, ++at) {
          const uint64_t row = i * s.height + y * s.pool + chosen[at] / s.pool;
          const uint64_t column = x * s.pool + chosen[at] % s.pool;
          in[(row * s.width + column) * s.channels + c] = out_gradient[at];
        }
      }
    }
  }
  return in;
}

}  // namespace paceline::gpu::reference
