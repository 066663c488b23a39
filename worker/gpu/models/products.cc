#include "worker/gpu/models/products.h"

#include "common/status/status_macros.h"
#include "worker/gpu/ops/cast.h"

namespace paceline::worker {

gpu::HalfType Products::half() const {
  switch (precision_) {
    case v1::PRECISION_BF16:
      return gpu::HalfType::kBf16;
    case v1::PRECISION_FP16:
      return gpu::HalfType::kFp16;
    default:
      return gpu::HalfType::kNone;
  }
}

absl::StatusOr<gpu::HalfOut> Products::RoundTo(gpu::DeviceBuffer* buffer, uint64_t count) const {
  if (half() == gpu::HalfType::kNone) return gpu::HalfOut{};
  PL_RETURN_IF_ERROR(buffer->Reserve(count * sizeof(uint16_t)));
  return gpu::HalfOut{half(), buffer->data()};
}

absl::StatusOr<Factor> Products::Round(const float* values, uint64_t count,
                                       gpu::DeviceBuffer* buffer, const gpu::Stream& stream) const {
  PL_ASSIGN_OR_RETURN(const gpu::HalfOut rounded, RoundTo(buffer, count));
  if (rounded.type != gpu::HalfType::kNone) {
    PL_RETURN_IF_ERROR(gpu::ToStatus(gpu::Cast(count, values, rounded, stream.get())));
  }
  return Factor{values, rounded.data};
}

absl::Status Products::Multiply(const Shape& shape, const Factor& a, const Factor& b, float alpha,
                                float* c, const gpu::Stream& stream) const {
  // Of an empty batch: sums of nothing.
  if (shape.k == 0) {
    if (shape.add) return absl::OkStatus();
    return gpu_->Fill(c, 0, shape.batch * shape.m * shape.n * sizeof(float), stream.get());
  }
  gpu::GemmCall call;
  call.transpose_a = shape.transpose_a;
  call.transpose_b = shape.transpose_b;
  call.m = shape.m;
  call.n = shape.n;
  call.k = shape.k;
  call.batch = shape.batch;
  call.tf32 = precision_ == v1::PRECISION_TF32;
  call.alpha = alpha;
  call.beta = shape.add ? 1 : 0;
  call.c = c;
  if (half() == gpu::HalfType::kNone) {
    call.a = a.float32;
    call.b = b.float32;
  } else {
    call.type = half() == gpu::HalfType::kBf16 ? gpu::MatrixType::kBf16 : gpu::MatrixType::kFp16;
    call.a = a.half;
    call.b = b.half;
  }
  return gpu_->Gemm(call, stream.get());
}

}  // namespace paceline::worker
