#include "worker/gpu/models/mf/gpu_mf_model.h"

#include <vector>

#include "absl/strings/str_format.h"
#include "common/status/status_macros.h"
#include "worker/core/models/checks.h"
#include "worker/core/models/mf/mf_model.h"
#include "worker/gpu/ops/column_sums.h"
#include "worker/gpu/ops/lookup_rows.h"
#include "worker/gpu/ops/mf_rating.h"
#include "worker/gpu/ops/mf_scatter_gradient.h"
#include "worker/gpu/ops/mf_segment_gradient.h"
#include "worker/gpu/ops/point_loss.h"
#include "worker/gpu/ops/scatter_gradient.h"
#include "worker/gpu/ops/segment_gradient.h"

namespace paceline::worker {
namespace {

// Users or items: their tables, and their place in a batch.
struct Side {
  int factors;
  int bias;
  uint32_t field;
};
constexpr Side kUsers = {kMfUser, kMfUserBias, kMfUserField};
constexpr Side kItems = {kMfItem, kMfItemBias, kMfItemField};

class GpuMfModel final : public GpuModel {
 public:
  explicit GpuMfModel(const GpuModelOptions& options)
      : gpu_(options.gpu),
        form_{.keyed = options.tables[kMfUser].kind() == v1::TABLE_KIND_SPARSE,
              .grouped = options.deterministic,
              .fields = kMfFields},
        tables_(options.tables),
        k_(options.tables[kMfUser].dim()),
        found_(options.gpu, "rows of users and items"),
        found_groups_(options.gpu, "rows of distinct users and items"),
        z_(options.gpu, "outputs"),
        z_gradient_(options.gpu, "gradients of outputs") {}

  const BatchForm& form() const override { return form_; }
  uint32_t width() const override { return 1; }

  absl::Status CheckForm(const Batch& batch, uint64_t /*features*/) const override {
    return CheckPairs(tables_, batch);
  }

  absl::Status Check(const Batch& batch, const Parameters& parameters) const override {
    PL_RETURN_IF_ERROR(CheckFiniteLabels(batch.labels));
    for (const Side& side : {kUsers, kItems}) {
      const TableRows& rows = parameters[side.factors];
      PL_RETURN_IF_ERROR(
          CheckSameKeys(tables_[side.factors], rows, tables_[side.bias], parameters[side.bias]));
      // A kernel reads row 0 for a key that it does not find.
      if (batch.size() > 0 && rows.rows.empty()) {
        return absl::InvalidArgumentError(
            absl::StrFormat("batch record 0: key %d is not among the 0 keys of table %s",
                            batch.indices[side.field], tables_[side.factors].name()));
      }
    }
    return absl::OkStatus();
  }

  absl::Status Forward(const GpuStep& step) override {
    const uint64_t n = step.batch->n();
    const gpu::StreamHandle stream = step.stream->get();
    PL_RETURN_IF_ERROR(z_.Reserve(n * sizeof(float)));
    PL_RETURN_IF_ERROR(z_gradient_.Reserve(n * sizeof(float)));
    PL_RETURN_IF_ERROR(Bind(step));
    const DeviceTables& tables = *step.tables;
    const gpu::MfTables on_device = {.bias = tables.rows(kMfBias),
                                     .user_bias = tables.rows(kMfUserBias),
                                     .user = tables.rows(kMfUser),
                                     .item_bias = tables.rows(kMfItemBias),
                                     .item = tables.rows(kMfItem)};
    PL_RETURN_IF_ERROR(
        gpu::ToStatus(gpu::MfRating(n, k_, rows_ + kMfUserField * n, rows_ + kMfItemField * n,
                                    on_device, z_.as<float>(), stream)));
    return gpu::ToStatus(gpu::PointLoss(gpu::PointLossKind::kSquared, n, z_.as<float>(),
                                        step.batch->labels(), step.scale, step.scores, step.losses,
                                        z_gradient_.as<float>(), stream));
  }

  absl::Status Backward(const GpuStep& step, DeviceGradients* gradients,
                        const std::function<absl::Status(int table)>& done) override {
    PL_RETURN_IF_ERROR(SideGradients(step, kUsers, kItems, gradients, done));
    PL_RETURN_IF_ERROR(SideGradients(step, kItems, kUsers, gradients, done));
    PL_ASSIGN_OR_RETURN(float* const bias, gradients->Place(kMfBias, 1));
    PL_RETURN_IF_ERROR(gpu::ToStatus(gpu::ColumnSums(step.batch->n(), 1, z_gradient_.as<float>(),
                                                     /*factor=*/1, bias, step.stream->get())));
    return done(kMfBias);
  }

 private:
  // The rows of each key of the batch, and of each group.
  absl::Status Bind(const GpuStep& step) {
    const StagedBatch& batch = *step.batch;
    const BatchLayout& layout = batch.layout();
    if (!form_.keyed) {
      rows_ = batch.rows();
      group_rows_ = batch.group_rows();
      return absl::OkStatus();
    }
    PL_RETURN_IF_ERROR(found_.Reserve(layout.entries * sizeof(uint32_t)));
    PL_RETURN_IF_ERROR(found_groups_.Reserve(layout.groups * sizeof(uint32_t)));
    rows_ = found_.as<uint32_t>();
    group_rows_ = found_groups_.as<uint32_t>();
    const gpu::StreamHandle stream = step.stream->get();
    const uint64_t n = batch.n();
    for (const Side& side : {kUsers, kItems}) {
      const uint64_t key_count = step.tables->row_count(side.factors);
      const uint64_t* const keys = step.tables->keys(side.factors);
      const uint64_t at = side.field * n;
      uint32_t* const missing =
          side.field == 0 ? &step.outcome->first_missing : &step.outcome->first_missing_second;
      PL_RETURN_IF_ERROR(gpu::ToStatus(gpu::LookupRows(
          n, batch.features() + at, key_count, keys, found_.as<uint32_t>() + at, missing, stream)));
      if (!form_.grouped) continue;
      const uint64_t first = layout.field_groups[side.field];
      PL_RETURN_IF_ERROR(gpu::ToStatus(gpu::LookupRows(
          layout.field_groups[side.field + 1] - first, batch.group_features() + first, key_count,
          keys, found_groups_.as<uint32_t>() + first, &step.outcome->first_missing_group, stream)));
    }
    return absl::OkStatus();
  }

  // Zeros, for the rows that no rating means.
  absl::StatusOr<float*> Zeros(const GpuStep& step, int table, DeviceGradients* gradients) {
    const uint64_t values = step.tables->value_count(table);
    PL_ASSIGN_OR_RETURN(float* const out, gradients->Place(table, values));
    PL_RETURN_IF_ERROR(gpu_->Fill(out, 0, values * sizeof(float), step.stream->get()));
    return out;
  }

  // Of the biases and factors of one side, which meet the factors of the other.
  absl::Status SideGradients(const GpuStep& step, const Side& own, const Side& other,
                             DeviceGradients* gradients,
                             const std::function<absl::Status(int table)>& done) {
    const StagedBatch& batch = *step.batch;
    const BatchLayout& layout = batch.layout();
    const gpu::StreamHandle stream = step.stream->get();
    const uint64_t n = batch.n();
    const float* const z_gradient = z_gradient_.as<float>();
    const uint32_t* const own_rows = rows_ + own.field * n;
    const uint32_t* const other_rows = rows_ + other.field * n;
    const float* const factors = step.tables->rows(other.factors);
    PL_ASSIGN_OR_RETURN(float* const bias, Zeros(step, own.bias, gradients));
    PL_ASSIGN_OR_RETURN(float* const out, Zeros(step, own.factors, gradients));
    if (form_.grouped) {
      const uint64_t first = layout.field_groups[own.field];
      const uint64_t groups = layout.field_groups[own.field + 1] - first;
      PL_RETURN_IF_ERROR(gpu::ToStatus(gpu::SegmentGradient(
          groups, 1, group_rows_ + first, batch.group_offsets() + first, batch.group_records(),
          batch.group_values(), z_gradient, bias, stream)));
      PL_RETURN_IF_ERROR(done(own.bias));
      PL_RETURN_IF_ERROR(gpu::ToStatus(gpu::MfSegmentGradient(
          groups, k_, group_rows_ + first, batch.group_offsets() + first, batch.group_records(),
          z_gradient, other_rows, factors, out, stream)));
      return done(own.factors);
    }
    // Each rating has the value 1.
    PL_RETURN_IF_ERROR(gpu::ToStatus(gpu::ScatterGradient(
        n, 1, batch.offsets(), own_rows, batch.values(), z_gradient, bias, stream)));
    PL_RETURN_IF_ERROR(done(own.bias));
    PL_RETURN_IF_ERROR(gpu::ToStatus(
        gpu::MfScatterGradient(n, k_, own_rows, z_gradient, other_rows, factors, out, stream)));
    return done(own.factors);
  }

  gpu::Gpu* const gpu_;
  const BatchForm form_;
  const std::vector<v1::TableSpec> tables_;
  const uint32_t k_;
  gpu::DeviceBuffer found_;
  gpu::DeviceBuffer found_groups_;
  // [2, n], users then items, and [groups]: found_ and found_groups_, or in the batch.
  const uint32_t* rows_ = nullptr;
  const uint32_t* group_rows_ = nullptr;
  gpu::DeviceBuffer z_;
  gpu::DeviceBuffer z_gradient_;
};

}  // namespace

std::unique_ptr<GpuModel> CreateGpuMfModel(const GpuModelOptions& options) {
  return std::make_unique<GpuMfModel>(options);
}

}  // namespace paceline::worker
