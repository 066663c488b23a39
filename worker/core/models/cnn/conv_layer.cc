#include "worker/core/models/cnn/conv_layer.h"

#include <algorithm>

#include "worker/core/math/blas.h"

namespace paceline::worker {
namespace {

// Values of a piece of columns: they stay in the cache between their making and the product.
constexpr uint64_t kPieceValues = uint64_t{1} << 18;

}  // namespace

ConvLayer::ConvLayer(const ConvBlock& block)
    : geometry_{.height = block.in.height,
                .width = block.in.width,
                .channels = block.in.channels,
                .kernel = block.kernel,
                .stride = block.stride},
      channels_(block.convolved.channels),
      pixels_(block.convolved.pixels()),
      piece_rows_(std::max<uint64_t>(1, kPieceValues / geometry_.window())) {}

template <typename Work>
void ConvLayer::ForEachPiece(uint64_t n, const Work& work) {
  const uint64_t rows = n * pixels_;
  columns_.resize(std::min(rows, piece_rows_) * geometry_.window());
  for (uint64_t first = 0; first < rows; first += piece_rows_) {
    work(first, std::min(piece_rows_, rows - first));
  }
}

void ConvLayer::Forward(uint64_t n, absl::Span<const float> in, absl::Span<const float> weight,
                        std::vector<float>* out) {
  out->resize(n * pixels_ * channels_);
  ForEachPiece(n, [&](uint64_t first, uint64_t count) {
    ImagesToColumns(geometry_, in.data(), first, count, columns_.data());
    Gemm(Transpose::kNo, Transpose::kNo, count, channels_, geometry_.window(), columns_.data(),
         weight.data(), 0, out->data() + first * channels_);
  });
}

void ConvLayer::AddWeightGradient(uint64_t n, absl::Span<const float> in,
                                  absl::Span<const float> out_gradient,
                                  absl::Span<float> gradient) {
  ForEachPiece(n, [&](uint64_t first, uint64_t count) {
    ImagesToColumns(geometry_, in.data(), first, count, columns_.data());
    Gemm(Transpose::kYes, Transpose::kNo, geometry_.window(), channels_, count, columns_.data(),
         out_gradient.data() + first * channels_, 1, gradient.data());
  });
}

void ConvLayer::InputGradient(uint64_t n, absl::Span<const float> out_gradient,
                              absl::Span<const float> weight, std::vector<float>* in_gradient) {
  in_gradient->assign(n * geometry_.height * geometry_.width * geometry_.channels, 0.0f);
  ForEachPiece(n, [&](uint64_t first, uint64_t count) {
    Gemm(Transpose::kNo, Transpose::kYes, count, geometry_.window(), channels_,
         out_gradient.data() + first * channels_, weight.data(), 0, columns_.data());
    AddColumnsToImages(geometry_, columns_.data(), first, count, in_gradient->data());
  });
}

}  // namespace paceline::worker
