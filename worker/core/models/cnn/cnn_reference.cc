#include "worker/core/models/cnn/cnn_reference.h"

#include <algorithm>
#include <cmath>

namespace paceline::worker::testing {
namespace {

double Act(v1::Activation f, double z) {
  switch (f) {
    case v1::ACTIVATION_TANH:
      return std::tanh(z);
    case v1::ACTIVATION_GELU:
      return 0.5 * z * (1 + std::tanh(std::sqrt(2 / M_PI) * (z + 0.044715 * z * z * z)));
    default:
      return std::max(z, 0.0);
  }
}

uint64_t Place(const ImageShape& shape, uint64_t y, uint64_t x, uint64_t c) {
  return (y * shape.width + x) * shape.channels + c;
}

}  // namespace

CnnReference::CnnReference(const v1::ModelSpec& spec, const std::vector<ConvBlock>& blocks,
                           const Batch& batch, const Parameters& parameters)
    : spec_(spec),
      blocks_(blocks),
      tables_of_block_(spec.cnn().batch_norm() ? 5 : 2),
      labels_(batch.labels),
      means_(blocks.size()),
      variances_(blocks.size()) {
  const ImageShape& shape = blocks.front().in;
  for (uint64_t i = 0; i < batch.size(); ++i) {
    std::vector<double> record(shape.values(), 0);
    for (uint64_t f = 0; batch.dense && f < shape.values(); ++f) {
      record[f] = batch.dense_values[i * shape.values() + f];
    }
    if (!batch.dense) {
      for (uint64_t k = batch.offsets[i]; k < batch.offsets[i + 1]; ++k) {
        record[batch.indices[k]] = batch.values[k];
      }
    }
    images_.emplace_back(shape.values());
    for (uint64_t c = 0; c < shape.channels; ++c) {
      for (uint64_t y = 0; y < shape.height; ++y) {
        for (uint64_t x = 0; x < shape.width; ++x) {
          images_[i][Place(shape, y, x, c)] = record[(c * shape.height + y) * shape.width + x];
        }
      }
    }
  }
  for (const TableRows& table : parameters) {
    values_.emplace_back(table.rows.begin(), table.rows.end());
  }
}

void CnnReference::Normalise(const Values& values, size_t block, bool training, Images* images) {
  const size_t first = block * tables_of_block_;
  const uint64_t channels = blocks_[block].convolved.channels;
  const double count =
      static_cast<double>(images->size()) * static_cast<double>(blocks_[block].convolved.pixels());
  means_[block].assign(channels, 0);
  variances_[block].assign(channels, 0);
  for (uint64_t c = 0; c < channels; ++c) {
    double mean = values[first][c];
    double variance = values[first + 3][c];
    if (training) {
      mean = 0;
      variance = 0;
      for (const auto& image : *images) {
        for (uint64_t at = c; at < image.size(); at += channels) mean += image[at] / count;
      }
      for (const auto& image : *images) {
        for (uint64_t at = c; at < image.size(); at += channels) {
          variance += (image[at] - mean) * (image[at] - mean) / count;
        }
      }
      means_[block][c] = mean;
      variances_[block][c] = variance;
    }
    for (auto& image : *images) {
      for (uint64_t at = c; at < image.size(); at += channels) {
        image[at] = (image[at] - mean) / std::sqrt(variance + 1e-5) * values[first + 1][c] +
                    values[first + 2][c];
      }
    }
  }
}

CnnReference::Images CnnReference::Block(const Values& values, size_t block, const Images& in,
                                         bool training) {
  const ConvBlock& b = blocks_[block];
  const bool norm = spec_.cnn().batch_norm();
  const std::vector<double>& weight = values[(block + 1) * tables_of_block_ - 1];
  Images convolved;
  for (const std::vector<double>& image : in) {
    convolved.emplace_back(b.convolved.values());
    for (int64_t y = 0; y < b.convolved.height; ++y) {
      for (int64_t x = 0; x < b.convolved.width; ++x) {
        for (uint64_t made = 0; made < b.convolved.channels; ++made) {
          double sum = norm ? 0 : values[block * tables_of_block_][made];
          for (int64_t ky = 0; ky < b.kernel; ++ky) {
            for (int64_t kx = 0; kx < b.kernel; ++kx) {
              const int64_t iy = y * b.stride + ky - b.kernel / 2;
              const int64_t ix = x * b.stride + kx - b.kernel / 2;
              if (iy < 0 || ix < 0 || iy >= b.in.height || ix >= b.in.width) continue;
              for (uint64_t c = 0; c < b.in.channels; ++c) {
                const uint64_t row = (ky * b.kernel + kx) * b.in.channels + c;
                sum += image[Place(b.in, iy, ix, c)] * weight[row * b.convolved.channels + made];
              }
            }
          }
          convolved.back()[Place(b.convolved, y, x, made)] = sum;
        }
      }
    }
  }
  if (norm) Normalise(values, block, training, &convolved);
  Images out;
  for (const std::vector<double>& image : convolved) {
    out.emplace_back(b.out.values());
    for (uint64_t y = 0; y < b.out.height; ++y) {
      for (uint64_t x = 0; x < b.out.width; ++x) {
        for (uint64_t c = 0; c < b.out.channels; ++c) {
          double largest = -INFINITY;
          for (uint64_t at = 0; at < uint64_t{b.pool} * b.pool; ++at) {
            const double z =
                image[Place(b.convolved, y * b.pool + at / b.pool, x * b.pool + at % b.pool, c)];
            largest = std::max(largest, Act(spec_.activation(), z));
          }
          out.back()[Place(b.out, y, x, c)] = largest;
        }
      }
    }
  }
  return out;
}

double CnnReference::Loss(const Values& values, bool training, std::vector<double>* scores) {
  Images at = images_;
  for (size_t block = 0; block < blocks_.size(); ++block) at = Block(values, block, at, training);
  double loss = 0;
  for (size_t i = 0; i < at.size(); ++i) {
    std::vector<double> a = at[i];
    for (size_t t = blocks_.size() * tables_of_block_; t < values.size(); t += 2) {
      std::vector<double> z = values[t];
      for (size_t j = 0; j < z.size(); ++j) {
        for (size_t k = 0; k < a.size(); ++k) z[j] += a[k] * values[t + 1][k * z.size() + j];
        if (t + 2 < values.size()) z[j] = Act(spec_.activation(), z[j]);
      }
      a = z;
    }
    double sum = 0;
    for (const double z : a) sum += std::exp(z);
    loss += std::log(sum) - a[static_cast<size_t>(labels_[i])];
    for (const double z : a) {
      if (scores != nullptr) scores->push_back(std::exp(z) / sum);
    }
  }
  return loss;
}

Values CnnReference::NumericalGradient() {
  return testing::NumericalGradient([this](const Values& at) { return Loss(at, true); }, values_,
                                    1e-6);
}

}  // namespace paceline::worker::testing
