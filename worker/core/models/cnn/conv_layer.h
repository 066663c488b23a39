// A convolution as products of matrices: columns of the images (im2col.h) times the weight.
//
// Columns are made and used in pieces of at most about 1 MiB, whatever the batch. Sums run
// in the order of pixels within a piece, as BLAS takes them, and of pieces.
#ifndef PACELINE_WORKER_CORE_MODELS_CNN_CONV_LAYER_H_
#define PACELINE_WORKER_CORE_MODELS_CNN_CONV_LAYER_H_

#include <cstdint>
#include <vector>

#include "absl/types/span.h"
#include "common/tables/cnn_tables.h"
#include "worker/core/math/im2col.h"

namespace paceline::worker {

// Owned by one thread: the runner's.
class ConvLayer {
 public:
  explicit ConvLayer(const ConvBlock& block);

  // out [n, block.convolved] = convolution of in [n, block.in] with weight
  // [window, channels].
  void Forward(uint64_t n, absl::Span<const float> in, absl::Span<const float> weight,
               std::vector<float>* out);

  // gradient [window, channels] += that of the weight, from out_gradient [n, convolved].
  void AddWeightGradient(uint64_t n, absl::Span<const float> in,
                         absl::Span<const float> out_gradient, absl::Span<float> gradient);

  // in_gradient [n, block.in].
  void InputGradient(uint64_t n, absl::Span<const float> out_gradient,
                     absl::Span<const float> weight, std::vector<float>* in_gradient);

 private:
  // Calls work(first, count) for pieces of the n * pixels rows of columns.
  template <typename Work>
  void ForEachPiece(uint64_t n, const Work& work);

  const ConvGeometry geometry_;
  const uint32_t channels_;
  const uint64_t pixels_;
  const uint64_t piece_rows_;
  std::vector<float> columns_;
};

}  // namespace paceline::worker

#endif  // PACELINE_WORKER_CORE_MODELS_CNN_CONV_LAYER_H_
