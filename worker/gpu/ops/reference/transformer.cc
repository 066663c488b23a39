#include "worker/gpu/ops/reference/transformer.h"

#include <algorithm>
#include <cmath>

namespace paceline::gpu::reference {
namespace {

// Philox4x32-10 (Salmon et al., SC 2011), its first two words.
uint64_t Philox(uint64_t key, uint64_t high, uint64_t low) {
  constexpr uint64_t kWord = 0xffffffff;
  uint64_t counter[4] = {low & kWord, low >> 32, high & kWord, high >> 32};
  uint64_t keys[2] = {key & kWord, key >> 32};
  for (int round = 0; round < 10; ++round) {
    const uint64_t first = 0xd2511f53 * counter[0];
    const uint64_t second = 0xcd9e8d57 * counter[2];
    const uint64_t next[4] = {(second >> 32) ^ counter[1] ^ keys[0], second & kWord,
                              (first >> 32) ^ counter[3] ^ keys[1], first & kWord};
    std::copy(next, next + 4, counter);
    keys[0] = (keys[0] + 0x9e3779b9) & kWord;
    keys[1] = (keys[1] + 0xbb67ae85) & kWord;
  }
  return counter[1] << 32 | counter[0];
}

// What the rows and the heads have in common: f(index of the heads' side, of the rows' side,
// and of its partner on each, cosine, sine) for each value; of one that does not turn, 1, 0.
template <class F>
void ForEachOfHeads(const HeadsShape& s, const HeadsColumns& c, bool turn, const F& f) {
  uint64_t index = 0;
  for (uint64_t sequence = 0; sequence < s.sequences; ++sequence) {
    for (uint64_t head = 0; head < s.heads; ++head) {
      for (uint64_t t = 0; t < s.length; ++t) {
        for (uint64_t d = 0; d < s.head_width; ++d, ++index) {
          const uint64_t row = (sequence * s.length + t) * c.columns + c.first;
          const uint64_t at = row + head * s.head_width + d;
          if (!turn) {
            f(index, at, index, at, 1.0, 0.0);
            continue;
          }
          const uint64_t pairs = s.head_width / 2;
          const uint64_t i = d % pairs;
          const double angle = t * std::pow(10000.0, -2.0 * static_cast<double>(i) / (2.0 * pairs));
          const int64_t apart =
              d < pairs ? static_cast<int64_t>(pairs) : -static_cast<int64_t>(pairs);
          f(index, at, index + apart, at + apart, std::cos(angle),
            d < pairs ? -std::sin(angle) : std::sin(angle));
        }
      }
    }
  }
}

}  // namespace

Doubles Dropped(const DropoutMask& mask, const Floats& x) {
  Doubles out;
  for (size_t i = 0; i < x.size(); ++i) {
    const uint64_t place = mask.first + i;
    const uint64_t bits = Philox(mask.seed, mask.stream, place / 4) >> (16 * (place % 4));
    const bool kept = bits % 65536 >= mask.dropped_of_65536;
    out.push_back(kept ? x[i] * (65536.0 / (65536.0 - mask.dropped_of_65536)) : 0);
  }
  return out;
}

Doubles EmbedRows(uint64_t dim, uint64_t length, const std::vector<uint32_t>& indices,
                  const Floats& table, const Floats& positions) {
  Doubles out;
  for (size_t i = 0; i < indices.size(); ++i) {
    for (uint64_t d = 0; d < dim; ++d) {
      const double position = positions.empty() ? 0 : positions[i % length * dim + d];
      out.push_back(table[indices[i] * dim + d] + position);
    }
  }
  return out;
}

Normed LayerNorm(uint64_t rows, uint64_t width, const Floats& x, const Floats& gain,
                 const Floats& bias) {
  Normed out;
  for (uint64_t row = 0; row < rows; ++row) {
    const float* const at = x.data() + row * width;
    double mean = 0;
    for (uint64_t i = 0; i < width; ++i) mean += at[i] / static_cast<double>(width);
    double variance = 0;
    for (uint64_t i = 0; i < width; ++i) {
      variance += (at[i] - mean) * (at[i] - mean) / static_cast<double>(width);
    }
    out.inverse.push_back(1 / std::sqrt(variance + 1e-5));
    for (uint64_t i = 0; i < width; ++i) {
      out.normal.push_back((at[i] - mean) * out.inverse.back());
      out.y.push_back(out.normal.back() * gain[i] + bias[i]);
    }
  }
  return out;
}

NormGradient LayerNormGradient(uint64_t rows, uint64_t width, const Floats& normal,
                               const Floats& inverse, const Floats& gain, const Floats& dy,
                               const Floats& dx) {
  NormGradient out;
  for (uint64_t row = 0; row < rows; ++row) {
    double shift = 0;
    double stretch = 0;
    for (uint64_t i = 0; i < width; ++i) {
      const double dn = double{dy[row * width + i]} * gain[i] / static_cast<double>(width);
      shift += dn;
      stretch += dn * normal[row * width + i];
    }
    for (uint64_t i = 0; i < width; ++i) {
      const uint64_t at = row * width + i;
      const double off = double{dy[at]} * gain[i] - shift - normal[at] * stretch;
      out.dx.push_back(dx[at] + off * inverse[row]);
      out.dy.push_back(double{dy[at]} * normal[at]);
    }
  }
  return out;
}

Doubles SplitHeads(const HeadsShape& shape, const HeadsColumns& columns, bool turn,
                   const Floats& rows) {
  Doubles out(shape.values());
  ForEachOfHeads(shape, columns, turn,
                 [&](uint64_t index, uint64_t at, uint64_t, uint64_t other_at, double cosine,
                     double sine) { out[index] = rows[at] * cosine + rows[other_at] * sine; });
  return out;
}

Doubles MergeHeads(const HeadsShape& shape, const HeadsColumns& columns, bool turn,
                   const Floats& heads, const Floats& rows) {
  Doubles out(rows.begin(), rows.end());
  ForEachOfHeads(shape, columns, turn,
                 [&](uint64_t index, uint64_t at, uint64_t other, uint64_t, double cosine,
                     double sine) { out[at] = heads[index] * cosine - heads[other] * sine; });
  return out;
}

Doubles CausalSoftmax(uint64_t matrices, uint64_t length, float scale, const Floats& s) {
  Doubles p(s.size());
  for (uint64_t row = 0; row < matrices * length; ++row) {
    const uint64_t seen = row % length + 1;
    const float* const at = s.data() + row * length;
    const double largest = *std::max_element(at, at + seen);
    double sum = 0;
    for (uint64_t j = 0; j < seen; ++j) sum += std::exp(scale * (at[j] - largest));
    for (uint64_t j = 0; j < seen; ++j) {
      p[row * length + j] = std::exp(scale * (at[j] - largest)) / sum;
    }
  }
  return p;
}

Doubles CausalSoftmaxGradient(uint64_t matrices, uint64_t length, float scale, const Floats& p,
                              const Floats& dp) {
  Doubles ds(p.size());
  for (uint64_t row = 0; row < matrices * length; ++row) {
    double mean = 0;
    for (uint64_t j = 0; j <= row % length; ++j) {
      mean += double{p[row * length + j]} * dp[row * length + j];
    }
    for (uint64_t j = 0; j <= row % length; ++j) {
      ds[row * length + j] = scale * p[row * length + j] * (dp[row * length + j] - mean);
    }
  }
  return ds;
}

Doubles WindowLosses(uint64_t n, uint64_t length, const Floats& position_losses) {
  Doubles losses(n);
  for (uint64_t i = 0; i < n * length; ++i) {
    losses[i / length] += position_losses[i] / static_cast<double>(length);
  }
  return losses;
}

}  // namespace paceline::gpu::reference
