#include "worker/gpu/models/gpu_input_layer.h"

#include "common/status/status_macros.h"
#include "worker/gpu/ops/lookup_rows.h"
#include "worker/gpu/ops/scale.h"
#include "worker/gpu/ops/scatter_gradient.h"
#include "worker/gpu/ops/segment_gradient.h"
#include "worker/gpu/ops/weighted_rows.h"

namespace paceline::worker {

absl::Status BoundRows::Bind(const GpuStep& step, int table) {
  const BatchLayout& layout = step.batch->layout();
  if (!layout.keyed) {
    bound_ = step.batch->rows();
    bound_groups_ = step.batch->group_rows();
    return absl::OkStatus();
  }
  PL_RETURN_IF_ERROR(rows_.Reserve(layout.entries * sizeof(uint32_t)));
  PL_RETURN_IF_ERROR(group_rows_.Reserve(layout.groups * sizeof(uint32_t)));
  bound_ = rows_.as<uint32_t>();
  bound_groups_ = group_rows_.as<uint32_t>();
  const gpu::StreamHandle stream = step.stream->get();
  const uint64_t key_count = step.tables->row_count(table);
  const uint64_t* const keys = step.tables->keys(table);
  PL_RETURN_IF_ERROR(
      gpu::ToStatus(gpu::LookupRows(layout.entries, step.batch->features(), key_count, keys,
                                    rows_.as<uint32_t>(), &step.outcome->first_missing, stream)));
  return gpu::ToStatus(gpu::LookupRows(layout.groups, step.batch->group_features(), key_count, keys,
                                       group_rows_.as<uint32_t>(),
                                       &step.outcome->first_missing_group, stream));
}

GpuInputLayer::GpuInputLayer(gpu::Gpu* gpu, int table, uint64_t features, uint32_t outputs,
                             bool deterministic, const Products& products)
    : gpu_(gpu),
      table_(table),
      features_(features),
      outputs_(outputs),
      deterministic_(deterministic),
      products_(products),
      bound_(gpu),
      weight_half_(gpu, "rounded weights"),
      x_half_(gpu, "a rounded batch") {}

absl::Status GpuInputLayer::Forward(const GpuStep& step, float* z) {
  const StagedBatch& batch = *step.batch;
  if (batch.layout().dense) {
    PL_ASSIGN_OR_RETURN(
        x_, products_.Round(batch.values(), batch.n() * features_, &x_half_, *step.stream));
    PL_ASSIGN_OR_RETURN(const Factor weight,
                        products_.Round(step.tables->rows(table_), features_ * outputs_,
                                        &weight_half_, *step.stream));
    return products_.Multiply({.m = batch.n(), .n = outputs_, .k = features_}, x_, weight, 1, z,
                              *step.stream);
  }
  PL_RETURN_IF_ERROR(bound_.Bind(step, table_));
  PL_RETURN_IF_ERROR(gpu_->Fill(z, 0, batch.n() * outputs_ * sizeof(float), step.stream->get()));
  return gpu::ToStatus(gpu::WeightedRows(batch.n(), outputs_, batch.offsets(), bound_.rows(),
                                         batch.values(), step.tables->rows(table_), z,
                                         step.stream->get()));
}

absl::Status GpuInputLayer::Backward(const GpuStep& step, const Factor& z_gradient, float* in_place,
                                     DeviceGradients* gradients) {
  const StagedBatch& batch = *step.batch;
  const gpu::StreamHandle stream = step.stream->get();
  const uint64_t values = step.tables->value_count(table_);
  PL_ASSIGN_OR_RETURN(float* const out, gradients->Place(table_, values));
  if (batch.layout().dense) {
    return products_.Multiply({.transpose_a = true, .m = features_, .n = outputs_, .k = batch.n()},
                              x_, z_gradient, 1 / step.loss_scale, out, *step.stream);
  }
  if (step.loss_scale != 1) {
    PL_RETURN_IF_ERROR(
        gpu::ToStatus(gpu::Scale(batch.n() * outputs_, 1 / step.loss_scale, in_place, stream)));
  }
  // Rows that no entry means stay zero.
  PL_RETURN_IF_ERROR(gpu_->Fill(out, 0, values * sizeof(float), stream));
  if (deterministic_) {
    return gpu::ToStatus(gpu::SegmentGradient(batch.layout().groups, outputs_, bound_.group_rows(),
                                              batch.group_offsets(), batch.group_records(),
                                              batch.group_values(), in_place, out, stream));
  }
  return gpu::ToStatus(gpu::ScatterGradient(batch.n(), outputs_, batch.offsets(), bound_.rows(),
                                            batch.values(), in_place, out, stream));
}

}  // namespace paceline::worker
