#include "worker/gpu/models/ctr/gpu_wide_part.h"

#include <cstdint>

#include "common/status/status_macros.h"
#include "worker/gpu/ops/field_scatter_gradient.h"
#include "worker/gpu/ops/field_segment_gradient.h"
#include "worker/gpu/ops/field_sums.h"

namespace paceline::worker {

GpuWidePart::GpuWidePart(gpu::Gpu* gpu, int weight_table, int numbers_table, const CtrShape& shape,
                         bool deterministic, const Products& products)
    : gpu_(gpu),
      weight_table_(weight_table),
      numbers_table_(numbers_table),
      shape_(shape),
      deterministic_(deterministic),
      products_(products),
      numbers_half_(gpu, "rounded numbers of a batch"),
      weights_half_(gpu, "rounded weights of numbers") {}

absl::Status GpuWidePart::Forward(const GpuStep& step, const BoundKeys& keys, float* z) {
  const uint64_t n = step.batch->n();
  const float* const weights = step.tables->rows(weight_table_);
  const gpu::StreamHandle stream = step.stream->get();
  // The embedded fields lie before the others.
  PL_RETURN_IF_ERROR(
      gpu::ToStatus(gpu::FieldSums(n, shape_.embedded, keys.rows(), weights, z, stream)));
  PL_RETURN_IF_ERROR(gpu::ToStatus(gpu::FieldSums(
      n, shape_.fields - shape_.embedded, keys.rows() + n * shape_.embedded, weights, z, stream)));
  if (numbers_table_ < 0) return absl::OkStatus();
  PL_ASSIGN_OR_RETURN(numbers_, products_.Round(step.batch->values(), n * shape_.numbers,
                                                &numbers_half_, *step.stream));
  PL_ASSIGN_OR_RETURN(const Factor of_numbers,
                      products_.Round(step.tables->rows(numbers_table_), shape_.numbers,
                                      &weights_half_, *step.stream));
  return products_.Multiply({.m = n, .n = 1, .k = shape_.numbers, .add = true}, numbers_,
                            of_numbers, 1, z, *step.stream);
}

absl::Status GpuWidePart::Backward(const GpuStep& step, const BoundKeys& keys,
                                   const Factor& z_gradient, DeviceGradients* gradients,
                                   const std::function<absl::Status(int table)>& done) {
  if (numbers_table_ >= 0) {
    PL_RETURN_IF_ERROR(NumbersGradient(step, z_gradient, gradients));
    PL_RETURN_IF_ERROR(done(numbers_table_));
  }
  PL_RETURN_IF_ERROR(WeightGradient(step, keys, z_gradient.float32, gradients));
  return done(weight_table_);
}

absl::Status GpuWidePart::NumbersGradient(const GpuStep& step, const Factor& z_gradient,
                                          DeviceGradients* gradients) {
  PL_ASSIGN_OR_RETURN(float* const out, gradients->Place(numbers_table_, shape_.numbers));
  return products_.Multiply(
      {.transpose_a = true, .m = shape_.numbers, .n = 1, .k = step.batch->n()}, numbers_,
      z_gradient, 1 / step.loss_scale, out, *step.stream);
}

absl::Status GpuWidePart::WeightGradient(const GpuStep& step, const BoundKeys& keys,
                                         const float* z_gradient, DeviceGradients* gradients) {
  const uint64_t n = step.batch->n();
  const uint64_t values = step.tables->value_count(weight_table_);
  const gpu::StreamHandle stream = step.stream->get();
  PL_ASSIGN_OR_RETURN(float* const out, gradients->Place(weight_table_, values));
  // Rows that no key means stay zero.
  PL_RETURN_IF_ERROR(gpu_->Fill(out, 0, values * sizeof(float), stream));
  if (deterministic_) {
    return gpu::ToStatus(gpu::FieldSegmentGradient(
        keys.groups().count, /*k=*/1, shape_.fields, /*stride=*/1, /*step=*/0, keys.group_rows(),
        keys.groups().offsets, keys.groups().places, z_gradient, 1 / step.loss_scale, out, stream));
  }
  PL_RETURN_IF_ERROR(gpu::ToStatus(
      gpu::FieldScatterGradient(n, /*k=*/1, shape_.embedded, /*stride=*/1, /*step=*/0, keys.rows(),
                                z_gradient, 1 / step.loss_scale, out, stream)));
  return gpu::ToStatus(gpu::FieldScatterGradient(
      n, /*k=*/1, shape_.fields - shape_.embedded, /*stride=*/1, /*step=*/0,
      keys.rows() + n * shape_.embedded, z_gradient, 1 / step.loss_scale, out, stream));
}

}  // namespace paceline::worker
