#include "worker/gpu/models/cnn/gpu_conv_layer.h"

#include <algorithm>

#include "common/status/status_macros.h"

namespace paceline::worker {
namespace {

// The part of a factor that begins `values` behind its begin.
Factor Behind(const Factor& factor, uint64_t values) {
  const auto* const half = static_cast<const uint16_t*>(factor.half);
  return {factor.float32 + values, half == nullptr ? nullptr : half + values};
}

}  // namespace

GpuConvLayer::GpuConvLayer(gpu::Gpu* gpu, const ConvBlock& block, const Products& products)
    : gpu_(gpu),
      shape_{.height = block.in.height,
             .width = block.in.width,
             .channels = block.in.channels,
             .kernel = block.kernel,
             .stride = block.stride},
      channels_(block.convolved.channels),
      products_(products),
      columns_(gpu, "columns of images"),
      columns_half_(gpu, "rounded columns of images"),
      weight_half_(gpu, "rounded weights of a convolution") {}

absl::Status GpuConvLayer::Forward(uint64_t n, const float* in, const float* weight, float* out,
                                   const gpu::Stream& stream) {
  PL_ASSIGN_OR_RETURN(weight_, products_.Round(weight, uint64_t{shape_.window()} * channels_,
                                               &weight_half_, stream));
  return ForEachPiece(n, [&](uint64_t first, uint64_t images) -> absl::Status {
    PL_ASSIGN_OR_RETURN(const Factor columns, Columns(first, images, n, in, stream));
    return products_.Multiply(
        {.m = images * shape_.out_pixels(), .n = channels_, .k = shape_.window()}, columns, weight_,
        1, out + first * shape_.out_pixels() * channels_, stream);
  });
}

absl::Status GpuConvLayer::WeightGradient(uint64_t n, const float* in, const Factor& out_gradient,
                                          float factor, float* gradient,
                                          const gpu::Stream& stream) {
  if (n == 0) {
    return gpu_->Fill(gradient, 0, uint64_t{shape_.window()} * channels_ * sizeof(float),
                      stream.get());
  }
  return ForEachPiece(n, [&](uint64_t first, uint64_t images) -> absl::Status {
    PL_ASSIGN_OR_RETURN(const Factor columns, Columns(first, images, n, in, stream));
    return products_.Multiply({.transpose_a = true,
                               .m = shape_.window(),
                               .n = channels_,
                               .k = images * shape_.out_pixels(),
                               .add = first > 0},
                              columns,
                              Behind(out_gradient, first * shape_.out_pixels() * channels_), factor,
                              gradient, stream);
  });
}

absl::Status GpuConvLayer::InputGradient(uint64_t n, const Factor& out_gradient, float* in_gradient,
                                         const gpu::Stream& stream) {
  PL_RETURN_IF_ERROR(
      columns_.Reserve(PieceImages(n) * shape_.out_pixels() * shape_.window() * sizeof(float)));
  auto* const columns = columns_.as<float>();
  return ForEachPiece(n, [&](uint64_t first, uint64_t images) -> absl::Status {
    PL_RETURN_IF_ERROR(
        products_.Multiply({.transpose_b = true,
                            .m = images * shape_.out_pixels(),
                            .n = shape_.window(),
                            .k = channels_},
                           Behind(out_gradient, first * shape_.out_pixels() * channels_), weight_,
                           1, columns, stream));
    return gpu::ToStatus(gpu::ColumnsToImages(
        images, shape_, columns, in_gradient + first * shape_.image_values(), stream.get()));
  });
}

template <typename Work>
absl::Status GpuConvLayer::ForEachPiece(uint64_t n, const Work& work) const {
  const uint64_t piece = PieceImages(n);
  for (uint64_t first = 0; first < n; first += piece) {
    PL_RETURN_IF_ERROR(work(first, std::min(piece, n - first)));
  }
  return absl::OkStatus();
}

uint64_t GpuConvLayer::PieceImages(uint64_t n) const {
  const uint64_t bytes = shape_.out_pixels() * shape_.window() * sizeof(float);
  return std::min(n, std::max<uint64_t>(1, kConvPieceBytes / bytes));
}

absl::StatusOr<Factor> GpuConvLayer::Columns(uint64_t first, uint64_t images, uint64_t n,
                                             const float* in, const gpu::Stream& stream) {
  const uint64_t values = PieceImages(n) * shape_.out_pixels() * shape_.window();
  PL_ASSIGN_OR_RETURN(const gpu::HalfOut half, products_.RoundTo(&columns_half_, values));
  float* columns = nullptr;
  if (half.type == gpu::HalfType::kNone) {
    PL_RETURN_IF_ERROR(columns_.Reserve(values * sizeof(float)));
    columns = columns_.as<float>();
  }
  PL_RETURN_IF_ERROR(gpu::ToStatus(gpu::ImagesToColumns(
      images, shape_, in + first * shape_.image_values(), columns, half, stream.get())));
  return Factor{columns, half.data};
}

}  // namespace paceline::worker
