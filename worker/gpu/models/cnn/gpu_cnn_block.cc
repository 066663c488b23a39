#include "worker/gpu/models/cnn/gpu_cnn_block.h"

#include "common/status/status_macros.h"
#include "worker/gpu/ops/activation_gradient.h"
#include "worker/gpu/ops/batch_norm.h"
#include "worker/gpu/ops/batch_norm_gradient.h"
#include "worker/gpu/ops/bias_activation.h"
#include "worker/gpu/ops/column_statistics.h"
#include "worker/gpu/ops/column_sums.h"
#include "worker/gpu/ops/scaled_difference.h"

namespace paceline::worker {
namespace {

// Tables of a block, from its first on.
constexpr int kBias = 0;
constexpr int kMean = 0;
constexpr int kScale = 1;
constexpr int kShift = 2;
constexpr int kVariance = 3;

}  // namespace

GpuCnnBlock::GpuCnnBlock(gpu::Gpu* gpu, const ConvBlock& block, bool batch_norm,
                         gpu::ActivationKind activation, int first_table, const Products& products)
    : gpu_(gpu),
      block_(block),
      batch_norm_(batch_norm),
      activation_(activation),
      first_table_(first_table),
      products_(products),
      pool_{.height = block.convolved.height,
            .width = block.convolved.width,
            .channels = block.convolved.channels,
            .pool = block.pool},
      conv_(gpu, block, products),
      normalised_(gpu, "normalised values of a block"),
      z_(gpu, "values of a convolution"),
      a_(gpu, "activations of a block"),
      out_(gpu, "maxima of a block"),
      chosen_(gpu, "places of maxima"),
      z_gradient_(gpu, "gradients of a convolution's values"),
      z_gradient_half_(gpu, "rounded gradients of a convolution's values"),
      mean_(gpu, "means of channels"),
      variance_(gpu, "variances of channels") {}

uint64_t GpuCnnBlock::ValuesPerSample(const ConvBlock& block, bool batch_norm) {
  return (batch_norm ? 3 : 2) * block.convolved.values() +
         (block.pool > 1 ? 2 * block.out.values() : 0);
}

absl::StatusOr<float*> GpuCnnBlock::Forward(const GpuStep& step, uint64_t n, const float* in) {
  const gpu::StreamHandle stream = step.stream->get();
  const uint32_t channels = block_.convolved.channels;
  const uint64_t rows = n * block_.convolved.pixels();
  const uint64_t bytes = rows * channels * sizeof(float);
  const auto table = [&](int t) { return step.tables->rows(first_table_ + t); };
  PL_RETURN_IF_ERROR(z_.Reserve(bytes));
  PL_RETURN_IF_ERROR(a_.Reserve(bytes));
  if (batch_norm_) PL_RETURN_IF_ERROR(normalised_.Reserve(bytes));
  auto* const convolved = (batch_norm_ ? normalised_ : z_).as<float>();
  PL_RETURN_IF_ERROR(conv_.Forward(n, in, step.tables->rows(weight()), convolved, *step.stream));
  if (batch_norm_) {
    const float* mean = table(kMean);
    const float* variance = table(kVariance);
    if (step.training) {
      PL_RETURN_IF_ERROR(mean_.Reserve(channels * sizeof(float)));
      PL_RETURN_IF_ERROR(variance_.Reserve(channels * sizeof(float)));
      PL_RETURN_IF_ERROR(gpu::ToStatus(gpu::ColumnStatistics(
          rows, channels, convolved, mean_.as<float>(), variance_.as<float>(), stream)));
      mean = mean_.as<float>();
      variance = variance_.as<float>();
    }
    PL_RETURN_IF_ERROR(gpu::ToStatus(gpu::BatchNorm(rows, channels, mean, variance, table(kScale),
                                                    convolved, z_.as<float>(), stream)));
  }
  PL_RETURN_IF_ERROR(gpu::ToStatus(
      gpu::BiasActivation(activation_, rows, channels, table(batch_norm_ ? kShift : kBias),
                          z_.as<float>(), a_.as<float>(), gpu::HalfOut{}, stream)));
  if (block_.pool == 1) return a_.as<float>();
  PL_RETURN_IF_ERROR(out_.Reserve(n * pool_.out_values() * sizeof(float)));
  PL_RETURN_IF_ERROR(chosen_.Reserve(n * pool_.out_values() * sizeof(uint32_t)));
  PL_RETURN_IF_ERROR(gpu::ToStatus(
      gpu::MaxPool(n, pool_, a_.as<float>(), out_.as<float>(), chosen_.as<uint32_t>(), stream)));
  return out_.as<float>();
}

absl::Status GpuCnnBlock::Backward(const GpuStep& step, uint64_t n, const float* in,
                                   float statistics_step, float* out_gradient, float* in_gradient,
                                   DeviceGradients* gradients,
                                   const std::function<absl::Status(int table)>& done) {
  const gpu::StreamHandle stream = step.stream->get();
  const uint32_t channels = block_.convolved.channels;
  const uint64_t rows = n * block_.convolved.pixels();
  float* gradient = out_gradient;
  if (block_.pool > 1) {
    PL_RETURN_IF_ERROR(z_gradient_.Reserve(rows * channels * sizeof(float)));
    gradient = z_gradient_.as<float>();
    PL_RETURN_IF_ERROR(gpu::ToStatus(
        gpu::MaxPoolGradient(n, pool_, out_gradient, chosen_.as<uint32_t>(), gradient, stream)));
  }
  PL_ASSIGN_OR_RETURN(const gpu::HalfOut half,
                      products_.RoundTo(&z_gradient_half_, rows * channels));
  PL_RETURN_IF_ERROR(
      gpu::ToStatus(gpu::ActivationGradient(activation_, rows * channels, z_.as<float>(), gradient,
                                            batch_norm_ ? gpu::HalfOut{} : half, stream)));
  if (batch_norm_) {
    PL_RETURN_IF_ERROR(
        BatchNormBackward(step, rows, statistics_step, gradient, half, gradients, done));
  } else {
    PL_ASSIGN_OR_RETURN(float* const bias, gradients->Place(first_table_ + kBias, channels));
    PL_RETURN_IF_ERROR(gpu::ToStatus(
        gpu::ColumnSums(rows, channels, gradient, 1 / step.loss_scale, bias, stream)));
    PL_RETURN_IF_ERROR(done(first_table_ + kBias));
  }
  const Factor factor = {gradient, half.data};
  PL_ASSIGN_OR_RETURN(float* const place,
                      gradients->Place(weight(), step.tables->value_count(weight())));
  PL_RETURN_IF_ERROR(conv_.WeightGradient(n, in, factor, 1 / step.loss_scale, place, *step.stream));
  PL_RETURN_IF_ERROR(done(weight()));
  if (in_gradient == nullptr) return absl::OkStatus();
  return conv_.InputGradient(n, factor, in_gradient, *step.stream);
}

absl::Status GpuCnnBlock::BatchNormBackward(const GpuStep& step, uint64_t rows,
                                            float statistics_step, float* gradient,
                                            gpu::HalfOut half, DeviceGradients* gradients,
                                            const std::function<absl::Status(int table)>& done) {
  const gpu::StreamHandle stream = step.stream->get();
  const uint32_t channels = block_.convolved.channels;
  const auto* const normalised = normalised_.as<float>();
  PL_ASSIGN_OR_RETURN(float* const scale, gradients->Place(first_table_ + kScale, channels));
  PL_ASSIGN_OR_RETURN(float* const shift, gradients->Place(first_table_ + kShift, channels));
  const float factor = 1 / step.loss_scale;
  PL_RETURN_IF_ERROR(gpu::ToStatus(
      gpu::BatchNormSums(rows, channels, normalised, gradient, factor, shift, scale, stream)));
  PL_RETURN_IF_ERROR(gpu::ToStatus(gpu::BatchNormGradient(
      rows, channels, normalised, variance_.as<float>(), step.tables->rows(first_table_ + kScale),
      shift, scale, factor, gradient, half, stream)));
  PL_RETURN_IF_ERROR(
      MoveStatistics(step, rows, statistics_step, kMean, mean_.as<float>(), gradients));
  PL_RETURN_IF_ERROR(
      MoveStatistics(step, rows, statistics_step, kVariance, variance_.as<float>(), gradients));
  for (int table = kVariance; table >= kMean; --table) {
    PL_RETURN_IF_ERROR(done(first_table_ + table));
  }
  return absl::OkStatus();
}

absl::Status GpuCnnBlock::MoveStatistics(const GpuStep& step, uint64_t rows, float statistics_step,
                                         int table, const float* batch,
                                         DeviceGradients* gradients) {
  const uint32_t channels = block_.convolved.channels;
  PL_ASSIGN_OR_RETURN(float* const place, gradients->Place(first_table_ + table, channels));
  // An empty batch has no statistics.
  if (rows == 0) return gpu_->Fill(place, 0, channels * sizeof(float), step.stream->get());
  return gpu::ToStatus(gpu::ScaledDifference(channels, statistics_step, batch,
                                             step.tables->rows(first_table_ + table), place,
                                             step.stream->get()));
}

}  // namespace paceline::worker
