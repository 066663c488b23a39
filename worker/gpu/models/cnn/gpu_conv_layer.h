// A convolution on a GPU as products of matrices: columns of the images (image_columns.h)
// times the weight. worker/core/models/cnn/conv_layer.h is the CPU's.
//
// Columns are made and used in pieces of whole images, of at most kConvPieceBytes where an
// image takes no more, whatever the batch. Sums run in the order of pixels within a piece, as
// the product takes them, and of pieces.
#ifndef PACELINE_WORKER_GPU_MODELS_CNN_GPU_CONV_LAYER_H_
#define PACELINE_WORKER_GPU_MODELS_CNN_GPU_CONV_LAYER_H_

#include <cstdint>

#include "absl/status/status.h"
#include "common/tables/cnn_tables.h"
#include "worker/gpu/models/products.h"
#include "worker/gpu/ops/image_columns.h"
#include "worker/gpu/runtime/handles.h"

namespace paceline::worker {

inline constexpr uint64_t kConvPieceBytes = uint64_t{32} << 20;

// Thread-compatible; the GPU outlives it.
class GpuConvLayer {
 public:
  GpuConvLayer(gpu::Gpu* gpu, const ConvBlock& block, const Products& products);

  // out [n, block.convolved] = convolution of in [n, block.in] with weight [window, channels].
  absl::Status Forward(uint64_t n, const float* in, const float* weight, float* out,
                       const gpu::Stream& stream);

  // gradient [window, channels] = factor * that of the weight, from out_gradient
  // [n, convolved].
  absl::Status WeightGradient(uint64_t n, const float* in, const Factor& out_gradient, float factor,
                              float* gradient, const gpu::Stream& stream);

  // in_gradient [n, block.in], by the weight of the last Forward.
  absl::Status InputGradient(uint64_t n, const Factor& out_gradient, float* in_gradient,
                             const gpu::Stream& stream);

 private:
  // Calls work(first image, images) for each piece of n images.
  template <typename Work>
  absl::Status ForEachPiece(uint64_t n, const Work& work) const;
  uint64_t PieceImages(uint64_t n) const;
  // The columns of a piece, as a factor.
  absl::StatusOr<Factor> Columns(uint64_t first, uint64_t images, uint64_t n, const float* in,
                                 const gpu::Stream& stream);

  gpu::Gpu* const gpu_;
  const gpu::WindowShape shape_;
  const uint32_t channels_;
  const Products products_;
  gpu::DeviceBuffer columns_;
  gpu::DeviceBuffer columns_half_;
  gpu::DeviceBuffer weight_half_;
  Factor weight_;
};

}  // namespace paceline::worker

#endif  // PACELINE_WORKER_GPU_MODELS_CNN_GPU_CONV_LAYER_H_
