#include "worker/gpu/models/gpu_model_factory.h"

#include "absl/strings/str_cat.h"
#include "common/spec/enum_names.h"
#include "worker/gpu/models/gpu_fm_model.h"
#include "worker/gpu/models/gpu_linear_model.h"
#include "worker/gpu/models/gpu_mlp_model.h"

namespace paceline::worker {
namespace {

gpu::ActivationKind KindOf(v1::Activation activation) {
  switch (activation) {
    case v1::ACTIVATION_TANH:
      return gpu::ActivationKind::kTanh;
    case v1::ACTIVATION_GELU:
      return gpu::ActivationKind::kGelu;
    default:
      return gpu::ActivationKind::kRelu;
  }
}

}  // namespace

absl::StatusOr<std::unique_ptr<GpuModel>> CreateGpuModel(const v1::ModelSpec& model,
                                                         const GpuModelOptions& options) {
  switch (model.kind()) {
    case v1::MODEL_KIND_LINEAR:
      return CreateGpuLinearModel(options, v1::LOSS_SQUARED);
    case v1::MODEL_KIND_LOGISTIC:
      return CreateGpuLinearModel(options, v1::LOSS_LOGISTIC);
    case v1::MODEL_KIND_SOFTMAX:
    case v1::MODEL_KIND_MLP:
      return CreateGpuMlpModel(options, KindOf(model.activation()));
    case v1::MODEL_KIND_FM:
      return CreateGpuFmModel(options, model.loss());
    default:
      return absl::InvalidArgumentError(
          absl::StrCat("model.kind: linear, logistic, softmax, mlp or fm expected on device cuda, ",
                       "got ", EnumWord(model.kind())));
  }
}

}  // namespace paceline::worker
