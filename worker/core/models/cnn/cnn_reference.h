// Convolutional networks once more, straight from their formulas in float64, sharing no code
// with the runner: every pixel of every window.
#ifndef PACELINE_WORKER_CORE_MODELS_CNN_CNN_REFERENCE_H_
#define PACELINE_WORKER_CORE_MODELS_CNN_CNN_REFERENCE_H_

#include <cstdint>
#include <vector>

#include "common/tables/cnn_tables.h"
#include "proto/job.pb.h"
#include "worker/core/batch.h"
#include "worker/core/model.h"
#include "worker/core/models/numerical_gradient.h"

namespace paceline::worker::testing {

class CnnReference {
 public:
  // Keeps copies. `spec` has its defaults; images are one plane or more, as in `blocks`.
  CnnReference(const v1::ModelSpec& spec, const std::vector<ConvBlock>& blocks, const Batch& batch,
               const Parameters& parameters);

  const Values& values() const { return values_; }

  // Sum of the losses at `values`; `training`: batch norm by the batch. Scores [n, classes]
  // if asked for.
  double Loss(const Values& values, bool training, std::vector<double>* scores = nullptr);

  // Gradient of the training loss by central differences; 0 for running statistics.
  Values NumericalGradient();

  // Of block `block` at the last Loss(training), by channel.
  const std::vector<double>& mean(size_t block) const { return means_[block]; }
  const std::vector<double>& variance(size_t block) const { return variances_[block]; }

 private:
  // An image is [height][width][channels], flat.
  using Images = std::vector<std::vector<double>>;

  Images Block(const Values& values, size_t block, const Images& in, bool training);
  void Normalise(const Values& values, size_t block, bool training, Images* images);

  const v1::ModelSpec spec_;
  const std::vector<ConvBlock> blocks_;
  const size_t tables_of_block_;
  Images images_;
  std::vector<float> labels_;
  Values values_;
  std::vector<std::vector<double>> means_;
  std::vector<std::vector<double>> variances_;
};

}  // namespace paceline::worker::testing

#endif  // PACELINE_WORKER_CORE_MODELS_CNN_CNN_REFERENCE_H_
