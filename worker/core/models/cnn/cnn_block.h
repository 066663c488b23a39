// One block: convolution, bias or batch norm, activation, maximum over windows.
#ifndef PACELINE_WORKER_CORE_MODELS_CNN_CNN_BLOCK_H_
#define PACELINE_WORKER_CORE_MODELS_CNN_CNN_BLOCK_H_

#include <cstdint>
#include <vector>

#include "absl/types/span.h"
#include "common/tables/cnn_tables.h"
#include "worker/core/math/activations.h"
#include "worker/core/model.h"
#include "worker/core/models/cnn/batch_norm.h"
#include "worker/core/models/cnn/conv_layer.h"
#include "worker/core/models/cnn/max_pool.h"

namespace paceline::worker {

// Remembers the last Forward. Owned by one thread: the runner's.
class CnnBlock {
 public:
  // Its tables are bias and weight, or with batch norm mean, scale, shift, variance and
  // weight, from first_table on.
  CnnBlock(const ConvBlock& block, bool batch_norm, ActivationFunction activation, int first_table);

  // Floats that one sample takes between Forward and Backward.
  static uint64_t ValuesPerSample(const ConvBlock& block, bool batch_norm);

  // Returns out [n, block.out] of in [n, block.in]; it is there until the next call.
  // `training`: batch norm by the batch, else by running statistics.
  absl::Span<const float> Forward(uint64_t n, absl::Span<const float> in,
                                  const Parameters& parameters, bool training);

  // Adds the gradients of its tables, and to the running statistics what they lack times
  // `statistics_step`, and calls done(table) behind each. Takes the gradient of out in
  // `gradient` and, if `descend`, leaves that of in there.
  void Backward(uint64_t n, absl::Span<const float> in, const Parameters& parameters,
                float statistics_step, bool descend, std::vector<float>* gradient,
                Gradients* gradients, const GradientReady& done);

 private:
  int weight() const { return batch_norm_ ? first_table_ + 4 : first_table_ + 1; }

  const bool batch_norm_;
  const ActivationFunction activation_;
  const int first_table_;
  ConvLayer conv_;
  BatchNorm norm_;
  MaxPool pool_;
  // What goes into the activation, and what comes out of it, [n, block.convolved].
  std::vector<float> z_;
  std::vector<float> a_;
  std::vector<float> out_;
  std::vector<float> z_gradient_;
};

}  // namespace paceline::worker

#endif  // PACELINE_WORKER_CORE_MODELS_CNN_CNN_BLOCK_H_
