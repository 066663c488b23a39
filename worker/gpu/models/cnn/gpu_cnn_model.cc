#include "worker/gpu/models/cnn/gpu_cnn_model.h"

#include <algorithm>
#include <functional>
#include <utility>
#include <vector>

#include "common/status/status_macros.h"
#include "common/tables/cnn_tables.h"
#include "worker/core/models/checks.h"
#include "worker/core/models/cnn/batch_norm.h"
#include "worker/gpu/models/cnn/gpu_cnn_block.h"
#include "worker/gpu/models/factor_buffer.h"
#include "worker/gpu/models/gpu_dense_layers.h"
#include "worker/gpu/models/products.h"
#include "worker/gpu/ops/planes_to_images.h"
#include "worker/gpu/ops/softmax_cross_entropy.h"

namespace paceline::worker {
namespace {

class GpuCnnModel final : public GpuModel {
 public:
  GpuCnnModel(const GpuModelOptions& options, const v1::ModelSpec& model,
              const std::vector<ConvBlock>& blocks, gpu::ActivationKind activation,
              uint64_t chunk_bytes)
      : gpu_(options.gpu),
        image_(blocks.front().in),
        classes_(options.tables.back().dim()),
        global_batch_(options.global_batch),
        statistics_momentum_(StatisticsMomentum(options.consistency)),
        dense_inputs_(blocks.back().out.values()),
        products_(options.gpu, options.precision),
        dense_(options.gpu, options.tables,
               static_cast<int>(blocks.size()) * TablesOf(model.cnn().batch_norm()),
               model.hidden_size() + 1, activation, products_, model.cnn().dropout(), options.seed),
        images_(options.gpu, "images"),
        dense_in_half_(options.gpu, "rounded values of the last block"),
        z_gradient_(options.gpu, "gradients of outputs"),
        gradient_(options.gpu, "gradients of a block's values"),
        below_(options.gpu, "gradients of a block's images") {
    const bool batch_norm = model.cnn().batch_norm();
    uint64_t values = image_.values() + dense_.ValuesPerSample();
    for (const ConvBlock& block : blocks) {
      blocks_.emplace_back(gpu_, block, batch_norm, activation,
                           static_cast<int>(blocks_.size()) * TablesOf(batch_norm), products_);
      values += GpuCnnBlock::ValuesPerSample(block, batch_norm);
      most_values_ = std::max(most_values_, block.out.values());
    }
    chunk_ = std::max<uint64_t>(1, chunk_bytes / (values * sizeof(float)));
    ins_.resize(blocks_.size());
  }

  const BatchForm& form() const override { return form_; }
  uint32_t width() const override { return classes_; }

  absl::Status Check(const Batch& batch, const Parameters& /*parameters*/) const override {
    return CheckClassLabels(batch.labels, classes_);
  }

  absl::Status Forward(const GpuStep& step) override {
    const uint64_t n = step.batch->n();
    const uint64_t chunk = step.training ? n : std::min(n, chunk_);
    uint64_t first = 0;
    do {
      const uint64_t count = std::min(chunk, n - first);
      PL_RETURN_IF_ERROR(ForwardPart(step, first, count));
      first += count;
    } while (first < n);
    return absl::OkStatus();
  }

  absl::Status Backward(const GpuStep& step, DeviceGradients* gradients,
                        const std::function<absl::Status(int table)>& done) override {
    const uint64_t n = step.batch->n();
    const float statistics_step =
        statistics_momentum_ * static_cast<float>(step.nominal) / static_cast<float>(global_batch_);
    PL_RETURN_IF_ERROR(gradient_.Reserve(n * most_values_ * sizeof(float)));
    PL_RETURN_IF_ERROR(below_.Reserve(n * most_values_ * sizeof(float)));
    auto* gradient = gradient_.as<float>();
    auto* below = below_.as<float>();
    PL_RETURN_IF_ERROR(dense_.Backward(step, n, z_gradient_.factor(), gradients, done, gradient));
    for (size_t b = blocks_.size(); b-- > 0;) {
      PL_RETURN_IF_ERROR(blocks_[b].Backward(step, n, ins_[b], statistics_step, gradient,
                                             b > 0 ? below : nullptr, gradients, done));
      std::swap(gradient, below);
    }
    return absl::OkStatus();
  }

 private:
  static int TablesOf(bool batch_norm) { return batch_norm ? 5 : 2; }

  // Of samples [first, first + count).
  absl::Status ForwardPart(const GpuStep& step, uint64_t first, uint64_t count) {
    PL_ASSIGN_OR_RETURN(const float* values, Images(step, first, count));
    for (size_t b = 0; b < blocks_.size(); ++b) {
      ins_[b] = values;
      PL_ASSIGN_OR_RETURN(values, blocks_[b].Forward(step, count, values));
    }
    PL_ASSIGN_OR_RETURN(const Factor x, products_.Round(values, count * dense_inputs_,
                                                        &dense_in_half_, *step.stream));
    float* const scores = step.scores + first * classes_;
    PL_RETURN_IF_ERROR(dense_.Forward(step, count, x, scores));
    PL_RETURN_IF_ERROR(z_gradient_.Reserve(products_, count * classes_));
    return gpu::ToStatus(gpu::SoftmaxCrossEntropy(
        count, classes_, step.batch->labels() + first, step.scale * step.loss_scale, scores,
        step.losses + first, z_gradient_.values(), z_gradient_.half(), step.stream->get()));
  }

  // [count, height, width, channels]
  absl::StatusOr<const float*> Images(const GpuStep& step, uint64_t first, uint64_t count) {
    const StagedBatch& batch = *step.batch;
    const gpu::StreamHandle stream = step.stream->get();
    const uint64_t bytes = count * image_.values() * sizeof(float);
    if (batch.layout().dense) {
      const float* const planes = batch.values() + first * image_.values();
      if (image_.channels == 1) return planes;
      PL_RETURN_IF_ERROR(images_.Reserve(bytes));
      PL_RETURN_IF_ERROR(gpu::ToStatus(gpu::PlanesToImages(count, image_.channels, image_.pixels(),
                                                           planes, images_.as<float>(), stream)));
      return images_.as<float>();
    }
    PL_RETURN_IF_ERROR(images_.Reserve(bytes));
    PL_RETURN_IF_ERROR(gpu_->Fill(images_.data(), 0, bytes, stream));
    PL_RETURN_IF_ERROR(gpu::ToStatus(
        gpu::EntriesToImages(count, image_.channels, image_.pixels(), batch.offsets() + first,
                             batch.rows(), batch.values(), images_.as<float>(), stream)));
    return images_.as<float>();
  }

  gpu::Gpu* const gpu_;
  const BatchForm form_;
  const ImageShape image_;
  const uint32_t classes_;
  const uint32_t global_batch_;
  const float statistics_momentum_;
  // Of a sample, behind the last block.
  const uint64_t dense_inputs_;
  const Products products_;
  std::vector<GpuCnnBlock> blocks_;
  GpuDenseLayers dense_;
  // Of a sample, behind one block.
  uint64_t most_values_ = 0;
  // Samples of a chunk.
  uint64_t chunk_ = 1;
  gpu::DeviceBuffer images_;
  // What goes into each block.
  std::vector<const float*> ins_;
  gpu::DeviceBuffer dense_in_half_;
  // Of what the last part's forward pass left, [n, classes].
  FactorBuffer z_gradient_;
  gpu::DeviceBuffer gradient_;
  gpu::DeviceBuffer below_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<GpuModel>> CreateGpuCnnModel(const GpuModelOptions& options,
                                                            const v1::ModelSpec& model,
                                                            gpu::ActivationKind activation,
                                                            uint64_t chunk_bytes) {
  PL_ASSIGN_OR_RETURN(const ImageShape image, ImageShapeOf(model.cnn(), options.features));
  PL_ASSIGN_OR_RETURN(const std::vector<ConvBlock> blocks, ConvBlocks(model.cnn(), image));
  return std::make_unique<GpuCnnModel>(options, model, blocks, activation, chunk_bytes);
}

}  // namespace paceline::worker
