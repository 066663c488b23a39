// Batch normalisation by channel (Ioffe and Szegedy, ICML 2015) of x [rows, channels].
//
//   training    mean_c, variance_c over the rows of the batch (variance: mean square
//               distance from the mean, by rows)
//               n = (x - mean) / sqrt(variance + 1e-5);  y = scale * n + shift
//   evaluation  the same by running statistics
//
// Sums run in float64 in the order of rows.
#ifndef PACELINE_WORKER_CORE_MODELS_CNN_BATCH_NORM_H_
#define PACELINE_WORKER_CORE_MODELS_CNN_BATCH_NORM_H_

#include <cstdint>
#include <vector>

#include "absl/types/span.h"
#include "proto/job.pb.h"

namespace paceline::worker {

// What a round moves running statistics by, as a part of what they lack: 0.1, or less where
// ranks use a copy of them for long (ssp: staleness + 1 iterations). Each of these adds what
// the copy lacked; together they go half of the way at most, or the statistics would swing.
float StatisticsMomentum(const v1::ConsistencySpec& consistency);

// Remembers the last Forward. Owned by one thread: the runner's.
class BatchNorm {
 public:
  explicit BatchNorm(uint32_t channels) : channels_(channels) {}

  // Replaces x by y.
  void Forward(absl::Span<const float> scale, absl::Span<const float> shift, absl::Span<float> x);

  // Of the rows of the last Forward; [channels].
  absl::Span<const float> mean() const { return mean_; }
  absl::Span<const float> variance() const { return variance_; }

  // Replaces the gradient of y by that of x, and adds those of scale and shift to theirs.
  void Backward(absl::Span<const float> scale, absl::Span<float> gradient,
                absl::Span<float> scale_gradient, absl::Span<float> shift_gradient) const;

 private:
  const uint32_t channels_;
  std::vector<float> mean_;
  std::vector<float> variance_;
  std::vector<float> deviation_;
  // n, [rows, channels]
  std::vector<float> normalised_;
};

// Replaces x by y with running statistics. A variance below 0, which late pushes may leave
// behind, counts as 0.
void NormaliseByRunning(absl::Span<const float> scale, absl::Span<const float> shift,
                        absl::Span<const float> mean, absl::Span<const float> variance,
                        absl::Span<float> x);

}  // namespace paceline::worker

#endif  // PACELINE_WORKER_CORE_MODELS_CNN_BATCH_NORM_H_
