#include "worker/gpu/models/ctr/gpu_ctr_model.h"

#include <cstdint>
#include <optional>
#include <vector>

#include "common/status/status_macros.h"
#include "worker/core/models/checks.h"
#include "worker/core/models/ctr/ctr_batch.h"
#include "worker/core/models/ctr/ctr_places.h"
#include "worker/gpu/models/bound_keys.h"
#include "worker/gpu/models/ctr/gpu_cross_part.h"
#include "worker/gpu/models/ctr/gpu_wide_part.h"
#include "worker/gpu/models/factor_buffer.h"
#include "worker/gpu/models/gpu_dense_layers.h"
#include "worker/gpu/models/products.h"
#include "worker/gpu/ops/embed_fields.h"
#include "worker/gpu/ops/field_products.h"
#include "worker/gpu/ops/field_products_gradient.h"
#include "worker/gpu/ops/field_scatter_gradient.h"
#include "worker/gpu/ops/field_segment_gradient.h"
#include "worker/gpu/ops/point_loss.h"

namespace paceline::worker {
namespace {

class GpuCtrModel final : public GpuModel {
 public:
  GpuCtrModel(const GpuModelOptions& options, v1::ModelKind kind, const CtrShape& shape,
              const CtrPlaces& places, gpu::ActivationKind activation)
      : gpu_(options.gpu),
        tables_(options.tables),
        shape_(shape),
        places_(places),
        pairs_(kind == v1::MODEL_KIND_DEEPFM),
        form_{.keys = {.fields = shape.fields, .embedded = shape.embedded},
              .keyed = options.tables[places.factors].kind() == v1::TABLE_KIND_SPARSE,
              .grouped = options.deterministic},
        products_(options.gpu, options.precision),
        vectors_(options.gpu),
        weights_(options.gpu),
        deep_(options.gpu, options.tables, places.layer, places.layers, activation, products_),
        x_(options.gpu, "inputs"),
        x_gradient_(options.gpu, "gradients of inputs"),
        sums_(options.gpu, "sums of vectors"),
        z_(options.gpu, "outputs"),
        z_gradient_(options.gpu, "gradients of outputs"),
        z_gradient_half_(options.gpu, "rounded gradients of outputs") {
    if (places.weight >= 0) {
      wide_.emplace(options.gpu, places.weight, places.numbers, shape, options.deterministic,
                    products_);
    }
    if (places.cross >= 0) {
      cross_.emplace(options.gpu, places.cross, places.cross_layers, places.output, shape.inputs(),
                     products_);
    }
  }

  const BatchForm& form() const override { return form_; }
  uint32_t width() const override { return 1; }

  absl::Status CheckForm(const Batch& batch, uint64_t /*features*/) const override {
    PL_RETURN_IF_ERROR(CheckCtrBatch(shape_, batch));
    return form_.keyed ? absl::OkStatus() : CheckKeysBelow(tables_[places_.factors].rows(), batch);
  }

  absl::Status Check(const Batch& batch, const Parameters& parameters) const override {
    PL_RETURN_IF_ERROR(CheckBinaryLabels(batch.labels));
    if (!same_rows()) return absl::OkStatus();
    return CheckSameKeys(tables_[places_.factors], parameters[places_.factors],
                         tables_[places_.weight], parameters[places_.weight]);
  }

  absl::Status Forward(const GpuStep& step) override {
    const uint64_t n = step.batch->n();
    const gpu::StreamHandle stream = step.stream->get();
    PL_RETURN_IF_ERROR(z_.Reserve(n * sizeof(float)));
    PL_RETURN_IF_ERROR(z_gradient_.Reserve(n * sizeof(float)));
    PL_ASSIGN_OR_RETURN(const Factor x, Embed(step));
    auto* const z = z_.as<float>();
    PL_RETURN_IF_ERROR(deep_.Forward(step, n, x, z));
    if (wide_.has_value()) PL_RETURN_IF_ERROR(Wide(step, z));
    if (pairs_) {
      PL_RETURN_IF_ERROR(sums_.Reserve(n * shape_.factors * sizeof(float)));
      PL_RETURN_IF_ERROR(gpu::ToStatus(gpu::FieldProducts(
          n, shape_.embedded, shape_.factors, stride(), x.float32, sums_.as<float>(), z, stream)));
    }
    if (cross_.has_value()) PL_RETURN_IF_ERROR(cross_->Forward(step, x, z));
    return gpu::ToStatus(gpu::PointLoss(gpu::PointLossKind::kLogistic, n, z, step.batch->labels(),
                                        step.scale * step.loss_scale, step.scores, step.losses,
                                        z_gradient_.as<float>(), stream));
  }

  absl::Status Backward(const GpuStep& step, DeviceGradients* gradients,
                        const std::function<absl::Status(int table)>& done) override {
    const uint64_t n = step.batch->n();
    PL_RETURN_IF_ERROR(x_gradient_.Reserve(n * shape_.inputs() * sizeof(float)));
    auto* const x_gradient = x_gradient_.as<float>();
    PL_ASSIGN_OR_RETURN(const Factor z_gradient, products_.Round(z_gradient_.as<float>(), n,
                                                                 &z_gradient_half_, *step.stream));
    if (wide_.has_value()) {
      PL_RETURN_IF_ERROR(wide_->Backward(step, weights(), z_gradient, gradients, done));
    }
    PL_RETURN_IF_ERROR(deep_.Backward(step, n, z_gradient, gradients, done, x_gradient));
    if (pairs_) {
      PL_RETURN_IF_ERROR(gpu::ToStatus(gpu::FieldProductsGradient(
          n, shape_.embedded, shape_.factors, stride(), z_gradient.float32, sums_.as<float>(),
          x_.values(), x_gradient, step.stream->get())));
    }
    if (cross_.has_value()) {
      PL_RETURN_IF_ERROR(cross_->Backward(step, z_gradient, gradients, done, x_gradient));
    }
    PL_RETURN_IF_ERROR(VectorGradient(step, gradients));
    return done(places_.factors);
  }

 private:
  uint32_t stride() const { return static_cast<uint32_t>(shape_.inputs()); }
  // Whether vectors and weights are of the same keys.
  bool same_rows() const { return wide_.has_value() && shape_.embedded == shape_.fields; }
  const BoundKeys& weights() const { return same_rows() ? vectors_ : weights_; }

  absl::StatusOr<Factor> Embed(const GpuStep& step) {
    const StagedBatch& batch = *step.batch;
    const uint64_t values = batch.n() * shape_.inputs();
    PL_RETURN_IF_ERROR(
        vectors_.Bind(step, places_.factors, batch.n() * shape_.embedded, batch.embedded_groups()));
    PL_RETURN_IF_ERROR(x_.Reserve(products_, values));
    PL_RETURN_IF_ERROR(gpu::ToStatus(
        gpu::EmbedFields(batch.n(), shape_.embedded, shape_.factors, shape_.numbers,
                         vectors_.rows(), step.tables->rows(places_.factors), batch.values(),
                         x_.values(), x_.half(), step.stream->get())));
    return x_.factor();
  }

  absl::Status Wide(const GpuStep& step, float* z) {
    if (!same_rows()) {
      PL_RETURN_IF_ERROR(weights_.Bind(step, places_.weight, step.batch->n() * shape_.fields,
                                       step.batch->all_groups()));
    }
    return wide_->Forward(step, weights(), z);
  }

  absl::Status VectorGradient(const GpuStep& step, DeviceGradients* gradients) {
    const uint64_t values = step.tables->value_count(places_.factors);
    const gpu::StreamHandle stream = step.stream->get();
    PL_ASSIGN_OR_RETURN(float* const out, gradients->Place(places_.factors, values));
    // Rows that no key means stay zero.
    PL_RETURN_IF_ERROR(gpu_->Fill(out, 0, values * sizeof(float), stream));
    if (form_.grouped) {
      const DeviceKeyGroups& groups = vectors_.groups();
      return gpu::ToStatus(gpu::FieldSegmentGradient(
          groups.count, shape_.factors, shape_.embedded, stride(), /*step=*/shape_.factors,
          vectors_.group_rows(), groups.offsets, groups.places, x_gradient_.as<float>(),
          1 / step.loss_scale, out, stream));
    }
    return gpu::ToStatus(gpu::FieldScatterGradient(
        step.batch->n(), shape_.factors, shape_.embedded, stride(), /*step=*/shape_.factors,
        vectors_.rows(), x_gradient_.as<float>(), 1 / step.loss_scale, out, stream));
  }

  gpu::Gpu* const gpu_;
  const std::vector<v1::TableSpec> tables_;
  const CtrShape shape_;
  const CtrPlaces places_;
  // Whether there are products of pairs of vectors.
  const bool pairs_;
  const BatchForm form_;
  const Products products_;
  BoundKeys vectors_;
  BoundKeys weights_;
  GpuDenseLayers deep_;
  std::optional<GpuWidePart> wide_;
  std::optional<GpuCrossPart> cross_;
  // [n, inputs]
  FactorBuffer x_;
  gpu::DeviceBuffer x_gradient_;
  // [n, factors]
  gpu::DeviceBuffer sums_;
  // [n]
  gpu::DeviceBuffer z_;
  gpu::DeviceBuffer z_gradient_;
  gpu::DeviceBuffer z_gradient_half_;
};

}  // namespace

std::unique_ptr<GpuModel> CreateGpuCtrModel(const GpuModelOptions& options, v1::ModelKind kind,
                                            const CtrShape& shape, gpu::ActivationKind activation) {
  return std::make_unique<GpuCtrModel>(options, kind, shape, CtrPlaces::Of(options.tables),
                                       activation);
}

}  // namespace paceline::worker
