#include "worker/gpu/models/gpu_fm_model.h"

#include "common/status/status_macros.h"
#include "worker/core/models/checks.h"
#include "worker/core/models/losses.h"
#include "worker/gpu/models/gpu_input_layer.h"
#include "worker/gpu/ops/bias_activation.h"
#include "worker/gpu/ops/column_sums.h"
#include "worker/gpu/ops/fm_interaction.h"
#include "worker/gpu/ops/fm_scatter_gradient.h"
#include "worker/gpu/ops/fm_segment_gradient.h"
#include "worker/gpu/ops/point_loss.h"
#include "worker/gpu/ops/scatter_gradient.h"
#include "worker/gpu/ops/segment_gradient.h"
#include "worker/gpu/ops/weighted_rows.h"

namespace paceline::worker {
namespace {

constexpr int kBias = 0;
constexpr int kFactors = 1;
constexpr int kWeight = 2;

class GpuFmModel final : public GpuModel {
 public:
  GpuFmModel(const GpuModelOptions& options, v1::Loss loss)
      : gpu_(options.gpu),
        form_{.entries_only = true,
              .keyed = options.tables[kFactors].kind() == v1::TABLE_KIND_SPARSE,
              .grouped = options.deterministic},
        tables_(options.tables),
        loss_(loss),
        k_(options.tables[kFactors].dim()),
        bound_(options.gpu),
        z_(options.gpu, "outputs"),
        sums_(options.gpu, "sums of latent vectors"),
        z_gradient_(options.gpu, "gradients of outputs") {}

  const BatchForm& form() const override { return form_; }
  uint32_t width() const override { return 1; }

  absl::Status Check(const Batch& batch, const Parameters& parameters) const override {
    PL_RETURN_IF_ERROR(CheckLabels(loss_, batch.labels));
    return CheckSameKeys(tables_[kFactors], parameters[kFactors], tables_[kWeight],
                         parameters[kWeight]);
  }

  absl::Status Forward(const GpuStep& step) override {
    const StagedBatch& batch = *step.batch;
    const gpu::StreamHandle stream = step.stream->get();
    const uint64_t n = batch.n();
    PL_RETURN_IF_ERROR(z_.Reserve(n * sizeof(float)));
    PL_RETURN_IF_ERROR(z_gradient_.Reserve(n * sizeof(float)));
    PL_RETURN_IF_ERROR(sums_.Reserve(n * k_ * sizeof(float)));
    // Factors and weights have the same keys, and so the same rows.
    PL_RETURN_IF_ERROR(bound_.Bind(step, kWeight));
    PL_RETURN_IF_ERROR(gpu_->Fill(z_.data(), 0, n * sizeof(float), stream));
    PL_RETURN_IF_ERROR(
        gpu::ToStatus(gpu::WeightedRows(n, 1, batch.offsets(), bound_.rows(), batch.values(),
                                        step.tables->rows(kWeight), z_.as<float>(), stream)));
    PL_RETURN_IF_ERROR(gpu::ToStatus(gpu::BiasActivation(gpu::ActivationKind::kNone, n, 1,
                                                         step.tables->rows(kBias), z_.as<float>(),
                                                         /*a=*/nullptr, gpu::HalfOut{}, stream)));
    PL_RETURN_IF_ERROR(gpu::ToStatus(gpu::FmInteraction(
        n, k_, batch.offsets(), bound_.rows(), batch.values(), step.tables->rows(kFactors),
        sums_.as<float>(), z_.as<float>(), stream)));
    const auto kind =
        loss_ == v1::LOSS_SQUARED ? gpu::PointLossKind::kSquared : gpu::PointLossKind::kLogistic;
    return gpu::ToStatus(gpu::PointLoss(kind, n, z_.as<float>(), batch.labels(), step.scale,
                                        step.scores, step.losses, z_gradient_.as<float>(), stream));
  }

  absl::Status Backward(const GpuStep& step, DeviceGradients* gradients,
                        const std::function<absl::Status(int table)>& done) override {
    PL_RETURN_IF_ERROR(FactorGradient(step, gradients));
    PL_RETURN_IF_ERROR(done(kFactors));
    PL_RETURN_IF_ERROR(WeightGradient(step, gradients));
    PL_RETURN_IF_ERROR(done(kWeight));
    PL_ASSIGN_OR_RETURN(float* const bias, gradients->Place(kBias, 1));
    PL_RETURN_IF_ERROR(gpu::ToStatus(gpu::ColumnSums(step.batch->n(), 1, z_gradient_.as<float>(),
                                                     /*factor=*/1, bias, step.stream->get())));
    return done(kBias);
  }

 private:
  // Zeros, for the rows that no entry means.
  absl::StatusOr<float*> Zeros(const GpuStep& step, int table, DeviceGradients* gradients) {
    const uint64_t values = step.tables->value_count(table);
    PL_ASSIGN_OR_RETURN(float* const out, gradients->Place(table, values));
    PL_RETURN_IF_ERROR(gpu_->Fill(out, 0, values * sizeof(float), step.stream->get()));
    return out;
  }

  absl::Status FactorGradient(const GpuStep& step, DeviceGradients* gradients) {
    const StagedBatch& batch = *step.batch;
    const gpu::StreamHandle stream = step.stream->get();
    const float* const factors = step.tables->rows(kFactors);
    PL_ASSIGN_OR_RETURN(float* const out, Zeros(step, kFactors, gradients));
    if (form_.grouped) {
      return gpu::ToStatus(gpu::FmSegmentGradient(batch.layout().groups, k_, bound_.group_rows(),
                                                  batch.group_offsets(), batch.group_records(),
                                                  batch.group_values(), z_gradient_.as<float>(),
                                                  sums_.as<float>(), factors, out, stream));
    }
    return gpu::ToStatus(gpu::FmScatterGradient(batch.n(), k_, batch.offsets(), bound_.rows(),
                                                batch.values(), z_gradient_.as<float>(),
                                                sums_.as<float>(), factors, out, stream));
  }

  absl::Status WeightGradient(const GpuStep& step, DeviceGradients* gradients) {
    const StagedBatch& batch = *step.batch;
    const gpu::StreamHandle stream = step.stream->get();
    PL_ASSIGN_OR_RETURN(float* const out, Zeros(step, kWeight, gradients));
    if (form_.grouped) {
      return gpu::ToStatus(gpu::SegmentGradient(
          batch.layout().groups, 1, bound_.group_rows(), batch.group_offsets(),
          batch.group_records(), batch.group_values(), z_gradient_.as<float>(), out, stream));
    }
    return gpu::ToStatus(gpu::ScatterGradient(batch.n(), 1, batch.offsets(), bound_.rows(),
                                              batch.values(), z_gradient_.as<float>(), out,
                                              stream));
  }

  gpu::Gpu* const gpu_;
  const BatchForm form_;
  const std::vector<v1::TableSpec> tables_;
  const v1::Loss loss_;
  const uint32_t k_;
  BoundRows bound_;
  gpu::DeviceBuffer z_;
  // [n, k]
  gpu::DeviceBuffer sums_;
  gpu::DeviceBuffer z_gradient_;
};

}  // namespace

std::unique_ptr<GpuModel> CreateGpuFmModel(const GpuModelOptions& options, v1::Loss loss) {
  return std::make_unique<GpuFmModel>(options, loss);
}

}  // namespace paceline::worker
