// The maximum over windows of pool x pool pixels, channel by channel; rows and columns that
// fill no window are left out. Of equal values the first one counts, by row and column; a
// NaN is the greatest.
#ifndef PACELINE_WORKER_CORE_MODELS_CNN_MAX_POOL_H_
#define PACELINE_WORKER_CORE_MODELS_CNN_MAX_POOL_H_

#include <cstdint>
#include <vector>

#include "absl/types/span.h"
#include "common/tables/cnn_tables.h"

namespace paceline::worker {

// Remembers where the maxima of the last Forward were. Owned by one thread: the runner's.
class MaxPool {
 public:
  explicit MaxPool(const ConvBlock& block) : block_(block) {}

  // out [n, block.out] of in [n, block.convolved].
  void Forward(uint64_t n, absl::Span<const float> in, std::vector<float>* out);

  // in_gradient [n, block.convolved] from out_gradient [n, block.out]: that of a maximum
  // goes to the pixel that it was, all others are 0. n is that of Forward.
  void Backward(uint64_t n, absl::Span<const float> out_gradient,
                std::vector<float>* in_gradient) const;

 private:
  const ConvBlock block_;
  // [n, out]: which pixel of its window, by row and column.
  std::vector<uint32_t> chosen_;
};

}  // namespace paceline::worker

#endif  // PACELINE_WORKER_CORE_MODELS_CNN_MAX_POOL_H_
