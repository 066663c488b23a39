#include "worker/core/models/lm/lm_reference.h"

#include <cmath>
#include <complex>

namespace paceline::worker::testing {
namespace {

double Gelu(double z) {
  return 0.5 * z * (1 + std::tanh(std::sqrt(2 / M_PI) * (z + 0.044715 * z * z * z)));
}

// A pair of values as a complex number, turned.
void Rotate(uint64_t t, double* head, uint64_t width) {
  for (uint64_t i = 0; i < width / 2; ++i) {
    const double frequency = std::exp(-std::log(10000.0) * 2 * i / width);
    const std::complex<double> turned =
        std::complex<double>(head[i], head[i + width / 2]) * std::polar(1.0, t * frequency);
    head[i] = turned.real();
    head[i + width / 2] = turned.imag();
  }
}

}  // namespace

LmReference::Row LmReference::Linear(const Values& values, int weight, int bias,
                                     const Row& x) const {
  Row y = values[bias];
  for (size_t i = 0; i < x.size(); ++i) {
    for (size_t j = 0; j < y.size(); ++j) y[j] += x[i] * values[weight][i * y.size() + j];
  }
  return y;
}

LmReference::Row LmReference::Norm(const Values& values, int gain, int bias, const Row& x) const {
  double mean = 0;
  for (const double value : x) mean += value / x.size();
  double variance = 0;
  for (const double value : x) variance += (value - mean) * (value - mean) / x.size();
  Row y = x;
  for (size_t i = 0; i < x.size(); ++i) {
    y[i] = (x[i] - mean) / std::sqrt(variance + 1e-5) * values[gain][i] + values[bias][i];
  }
  return y;
}

void LmReference::Attend(const Values& values, uint64_t layer, const std::vector<Row>& x,
                         std::vector<Row>* out) const {
  const uint64_t width = shape_.head_width();
  std::vector<Row> qkv;
  for (uint64_t t = 0; t < x.size(); ++t) {
    qkv.push_back(Linear(values, shape_.Of(layer, BlockTable::kQkvWeight),
                         shape_.Of(layer, BlockTable::kQkvBias), x[t]));
    for (uint64_t head = 0; head < 2 * shape_.heads && !shape_.learned_positions; ++head) {
      Rotate(t, &qkv[t][head * width], width);
    }
  }
  out->assign(x.size(), Row(shape_.width, 0));
  for (uint64_t head = 0; head < shape_.heads; ++head) {
    for (uint64_t i = 0; i < x.size(); ++i) {
      std::vector<double> p;
      double sum = 0;
      for (uint64_t j = 0; j <= i; ++j) {
        double product = 0;
        for (uint64_t c = head * width; c < (head + 1) * width; ++c) {
          product += qkv[i][c] * qkv[j][shape_.width + c];
        }
        p.push_back(std::exp(product / std::sqrt(static_cast<double>(width))));
        sum += p.back();
      }
      for (uint64_t j = 0; j <= i; ++j) {
        for (uint64_t c = head * width; c < (head + 1) * width; ++c) {
          (*out)[i][c] += p[j] / sum * qkv[j][2 * shape_.width + c];
        }
      }
    }
  }
}

std::vector<double> LmReference::Probabilities(const Values& values,
                                               const std::vector<uint8_t>& bytes, const Mask& mask,
                                               uint64_t first_row) const {
  const std::vector<double>& embedding = values[shape_.Embedding()];
  std::vector<Row> x;
  for (uint64_t t = 0; t < bytes.size(); ++t) {
    const auto row = embedding.begin() + bytes[t] * shape_.width;
    x.emplace_back(row, row + shape_.width);
    for (uint64_t c = 0; c < shape_.width && shape_.learned_positions; ++c) {
      x[t][c] += values[shape_.Positions()][t * shape_.width + c];
    }
  }
  const auto add = [&](uint64_t site, uint64_t t, const Row& y) {
    for (uint64_t c = 0; c < shape_.width; ++c) {
      x[t][c] += y[c] * (mask == nullptr ? 1 : mask(site, first_row + t, c));
    }
  };
  const auto of = [&](uint64_t layer, BlockTable table) { return shape_.Of(layer, table); };
  for (uint64_t layer = 0; layer < shape_.layers; ++layer) {
    std::vector<Row> normal;
    for (const Row& row : x) {
      normal.push_back(Norm(values, of(layer, BlockTable::kAttentionNormGain),
                            of(layer, BlockTable::kAttentionNormBias), row));
    }
    std::vector<Row> attended;
    Attend(values, layer, normal, &attended);
    for (uint64_t t = 0; t < x.size(); ++t) {
      add(2 * layer, t,
          Linear(values, of(layer, BlockTable::kOutWeight), of(layer, BlockTable::kOutBias),
                 attended[t]));
      Row z = Linear(values, of(layer, BlockTable::kUpWeight), of(layer, BlockTable::kUpBias),
                     Norm(values, of(layer, BlockTable::kFeedNormGain),
                          of(layer, BlockTable::kFeedNormBias), x[t]));
      for (double& value : z) value = Gelu(value);
      add(2 * layer + 1, t,
          Linear(values, of(layer, BlockTable::kDownWeight), of(layer, BlockTable::kDownBias), z));
    }
  }
  std::vector<double> probabilities;
  for (const Row& row : x) {
    const Row normal = Norm(values, shape_.NormGain(), shape_.NormBias(), row);
    double sum = 0;
    Row p(kByteValues, 0);
    for (uint64_t byte = 0; byte < kByteValues; ++byte) {
      for (uint64_t c = 0; c < shape_.width; ++c) {
        p[byte] += normal[c] * embedding[byte * shape_.width + c];
      }
      p[byte] = std::exp(p[byte]);
      sum += p[byte];
    }
    for (const double value : p) probabilities.push_back(value / sum);
  }
  return probabilities;
}

double LmReference::Loss(const Values& values, const std::vector<uint8_t>& window, const Mask& mask,
                         uint64_t first_row) const {
  const std::vector<double> p =
      Probabilities(values, {window.begin(), window.end() - 1}, mask, first_row);
  double sum = 0;
  for (uint64_t t = 0; t + 1 < window.size(); ++t) {
    sum -= std::log(p[t * kByteValues + window[t + 1]]);
  }
  return sum / static_cast<double>(window.size() - 1);
}

}  // namespace paceline::worker::testing
