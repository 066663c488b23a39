#include "worker/gpu/models/lm/gpu_lm_model.h"

#include <algorithm>
#include <vector>

#include "common/status/status_macros.h"
#include "worker/core/models/dropout.h"
#include "worker/core/models/lm/lm_shape.h"
#include "worker/core/models/lm/window_checks.h"
#include "worker/gpu/models/lm/gpu_lm_network.h"
#include "worker/gpu/models/lm/gpu_lm_pass.h"
#include "worker/gpu/models/products.h"
#include "worker/gpu/ops/softmax_cross_entropy.h"
#include "worker/gpu/ops/split_windows.h"
#include "worker/gpu/ops/window_losses.h"
#include "worker/gpu/runtime/handles.h"

namespace paceline::worker {
namespace {

// Heads of all windows of a chunk: what cuBLAS takes as one batch of products.
constexpr uint64_t kMostHeads = 65535;

class GpuLmModel final : public GpuModel {
 public:
  GpuLmModel(const GpuModelOptions& options, const LmShape& shape, uint64_t chunk_bytes)
      : gpu_(options.gpu),
        shape_(shape),
        tables_(options.tables),
        seed_(options.seed),
        products_(options.gpu, options.precision),
        chunk_(ChunkOf(shape, products_, chunk_bytes)),
        network_(options.gpu, shape),
        inputs_(options.gpu, "bytes of windows"),
        targets_(options.gpu, "bytes to come"),
        position_losses_(options.gpu, "losses of positions") {}

  const BatchForm& form() const override { return form_; }
  uint32_t width() const override { return 1; }

  absl::Status Check(const Batch& batch, const Parameters&) const override {
    return CheckWindows(batch, shape_.context);
  }

  absl::Status Forward(const GpuStep& step) override {
    for (uint64_t first = 0; first < step.batch->n(); first += chunk_) {
      PL_RETURN_IF_ERROR(ForwardChunk(step, first));
    }
    return absl::OkStatus();
  }

  absl::Status Backward(const GpuStep& step, DeviceGradients* gradients,
                        const std::function<absl::Status(int table)>& done) override {
    std::vector<float*> places;
    for (size_t t = 0; t < tables_.size(); ++t) {
      const int table = static_cast<int>(t);
      PL_ASSIGN_OR_RETURN(float* const place,
                          gradients->Place(table, step.tables->value_count(table)));
      places.push_back(place);
    }
    const uint64_t n = step.batch->n();
    if (n == 0) return NoGradients(step, places, done);
    // From the last chunk, which Forward left behind, to the first.
    const uint64_t last = (n - 1) / chunk_ * chunk_;
    for (uint64_t first = last;; first -= chunk_) {
      if (first != last) PL_RETURN_IF_ERROR(ForwardChunk(step, first));
      const Dropout dropout = DropoutOf(step);
      PL_RETURN_IF_ERROR(network_.Backward(
          PassOf(step, first, dropout), inputs_.as<uint32_t>(),
          {.tables = &places, .add = first != last, .done = first == 0 ? &done : nullptr}));
      if (first == 0) return absl::OkStatus();
    }
  }

 private:
  // Windows of a chunk.
  static uint64_t ChunkOf(const LmShape& shape, const Products& products, uint64_t bytes) {
    const uint64_t of_window = shape.context * GpuLmNetwork::BytesPerRow(shape, products);
    return std::max(uint64_t{1}, std::min(bytes / of_window, kMostHeads / shape.heads));
  }

  Dropout DropoutOf(const GpuStep& step) const {
    return Dropout(shape_.dropout, seed_, step.rank, step.iteration);
  }

  // `dropout` outlives it.
  GpuLmPass PassOf(const GpuStep& step, uint64_t first, const Dropout& dropout) const {
    return {.step = &step,
            .products = &products_,
            .sequences = std::min(chunk_, step.batch->n() - first),
            .length = shape_.context,
            .dropout = step.training ? &dropout : nullptr,
            .first_row = first * shape_.context};
  }

  // Losses and scores of the windows from `first` on, and the gradient of their logits.
  absl::Status ForwardChunk(const GpuStep& step, uint64_t first) {
    const Dropout dropout = DropoutOf(step);
    const GpuLmPass pass = PassOf(step, first, dropout);
    const gpu::StreamHandle stream = step.stream->get();
    const uint64_t rows = pass.rows();
    PL_RETURN_IF_ERROR(inputs_.Reserve(rows * sizeof(uint32_t)));
    PL_RETURN_IF_ERROR(targets_.Reserve(rows * sizeof(float)));
    PL_RETURN_IF_ERROR(position_losses_.Reserve(rows * sizeof(float)));
    const float* const windows = step.batch->values() + first * (shape_.context + 1);
    PL_RETURN_IF_ERROR(
        gpu::ToStatus(gpu::SplitWindows(pass.sequences, pass.length, windows,
                                        inputs_.as<uint32_t>(), targets_.as<float>(), stream)));
    PL_RETURN_IF_ERROR(network_.Forward(pass, inputs_.as<uint32_t>()));
    const float scale = step.scale / static_cast<float>(pass.length) * step.loss_scale;
    PL_RETURN_IF_ERROR(gpu::ToStatus(
        gpu::SoftmaxCrossEntropy(rows, kByteValues, targets_.as<float>(), scale, network_.logits(),
                                 position_losses_.as<float>(), network_.logits_gradient().values(),
                                 network_.logits_gradient().half(), stream)));
    return gpu::ToStatus(gpu::WindowLosses(pass.sequences, pass.length,
                                           position_losses_.as<float>(), step.losses + first,
                                           step.scores + first, stream));
  }

  absl::Status NoGradients(const GpuStep& step, const std::vector<float*>& places,
                           const std::function<absl::Status(int table)>& done) const {
    for (size_t t = places.size(); t-- > 0;) {
      const int table = static_cast<int>(t);
      PL_RETURN_IF_ERROR(gpu_->Fill(places[t], 0, step.tables->value_count(table) * sizeof(float),
                                    step.stream->get()));
      PL_RETURN_IF_ERROR(done(table));
    }
    return absl::OkStatus();
  }

  gpu::Gpu* const gpu_;
  const BatchForm form_;
  const LmShape shape_;
  const std::vector<v1::TableSpec> tables_;
  const uint64_t seed_;
  const Products products_;
  const uint64_t chunk_;
  GpuLmNetwork network_;
  gpu::DeviceBuffer inputs_;
  gpu::DeviceBuffer targets_;
  gpu::DeviceBuffer position_losses_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<GpuModel>> CreateGpuLmModel(const GpuModelOptions& options,
                                                           const v1::LmSpec& lm,
                                                           uint64_t chunk_bytes) {
  const LmShape shape = LmShape::FromSpec(lm);
  PL_RETURN_IF_ERROR(CheckWindowSize(options.features, shape.context));
  return std::make_unique<GpuLmModel>(options, shape, chunk_bytes);
}

}  // namespace paceline::worker
