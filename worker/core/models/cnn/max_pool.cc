#include "worker/core/models/cnn/max_pool.h"

#include <algorithm>

namespace paceline::worker {
namespace {

// Calls work(out, in) for each window: where the channels of its maximum lie in out, and
// those of its first pixel in in.
template <typename Work>
void ForEachWindow(const ConvBlock& block, uint64_t n, const Work& work) {
  const uint64_t channels = block.out.channels;
  uint64_t out = 0;
  for (uint64_t i = 0; i < n; ++i) {
    for (uint64_t y = 0; y < block.out.height; ++y) {
      const uint64_t row = (i * block.convolved.height + y * block.pool) * block.convolved.width;
      for (uint64_t x = 0; x < block.out.width; ++x) {
        work(out, (row + x * block.pool) * channels);
        out += channels;
      }
    }
  }
}

}  // namespace

void MaxPool::Forward(uint64_t n, absl::Span<const float> in, std::vector<float>* out) {
  out->resize(n * block_.out.values());
  if (block_.pool == 1) {
    std::copy(in.begin(), in.end(), out->begin());
    return;
  }
  chosen_.resize(out->size());
  const uint64_t channels = block_.out.channels;
  const uint64_t row = uint64_t{block_.convolved.width} * channels;
  ForEachWindow(block_, n, [&](uint64_t to, uint64_t from) {
    float* const best = out->data() + to;
    uint32_t* const chosen = chosen_.data() + to;
    std::copy_n(in.data() + from, channels, best);
    std::fill_n(chosen, channels, 0u);
    for (uint32_t at = 1; at < block_.pool * block_.pool; ++at) {
      const float* const pixel =
          in.data() + from + at / block_.pool * row + at % block_.pool * channels;
      for (uint64_t c = 0; c < channels; ++c) {
        const bool greater = pixel[c] > best[c] || pixel[c] != pixel[c];
        best[c] = greater ? pixel[c] : best[c];
        chosen[c] = greater ? at : chosen[c];
      }
    }
  });
}

void MaxPool::Backward(uint64_t n, absl::Span<const float> out_gradient,
                       std::vector<float>* in_gradient) const {
  if (block_.pool == 1) {
    in_gradient->assign(out_gradient.begin(), out_gradient.end());
    return;
  }
  in_gradient->assign(n * block_.convolved.values(), 0.0f);
  const uint64_t channels = block_.out.channels;
  const uint64_t row = uint64_t{block_.convolved.width} * channels;
  ForEachWindow(block_, n, [&](uint64_t from, uint64_t to) {
    for (uint64_t c = 0; c < channels; ++c) {
      const uint64_t at = chosen_[from + c];
      (*in_gradient)[to + at / block_.pool * row + at % block_.pool * channels + c] =
          out_gradient[from + c];
    }
  });
}

}  // namespace paceline::worker
