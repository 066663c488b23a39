// The linear map that meets the data: outputs = x * weight + bias, for dense and
// CSR batches and for dense and sparse weight tables.
#ifndef PACELINE_WORKER_CORE_MODELS_INPUT_LAYER_H_
#define PACELINE_WORKER_CORE_MODELS_INPUT_LAYER_H_

#include <cstdint>
#include <vector>

#include "absl/status/status.h"
#include "absl/types/span.h"
#include "worker/core/model.h"

namespace paceline::worker {

// Sums run in the order of records, then of features, so the result is a function
// of the values alone. Owned by one thread: the runner's.
class InputLayer {
 public:
  // The weight table is [features, outputs].
  InputLayer(v1::TableSpec table, uint64_t features);

  uint32_t outputs() const { return table_.dim(); }

  // Finds the row of `weight` for each entry of a CSR batch: the feature itself for
  // a dense table, the place of the key for a sparse one. Forward and Backward are
  // for that batch. It has passed CheckBatch, the rows CheckParameters.
  // Errors:  InvalidArgument  a feature of the batch is not among the keys, or a
  //                           dense batch meets a sparse table that lacks one.
  absl::Status Bind(const Batch& batch, const TableRows& weight);

  // The rows found, one per entry; empty for a dense batch, where row i is feature i.
  absl::Span<const uint64_t> rows() const { return rows_; }

  // out [n, outputs] = x * weight + bias.
  void Forward(const Batch& batch, const TableRows& weight, absl::Span<const float> bias,
               std::vector<float>* out) const;

  // gradient = transpose(x) * out_gradient, with the keys and shape of `weight`.
  void Backward(const Batch& batch, const TableRows& weight, absl::Span<const float> out_gradient,
                TableRows* gradient) const;

 private:
  const v1::TableSpec table_;
  const uint64_t features_;
  std::vector<uint64_t> rows_;
};

}  // namespace paceline::worker

#endif  // PACELINE_WORKER_CORE_MODELS_INPUT_LAYER_H_
