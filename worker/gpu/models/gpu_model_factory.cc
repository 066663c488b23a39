#include "worker/gpu/models/gpu_model_factory.h"

#include "absl/strings/str_cat.h"
#include "common/check.h"
#include "common/spec/cuda_form.h"
#include "common/spec/enum_names.h"
#include "worker/gpu/models/cnn/gpu_cnn_model.h"
#include "worker/gpu/models/ctr/gpu_ctr_model.h"
#include "worker/gpu/models/gpu_fm_model.h"
#include "worker/gpu/models/gpu_linear_model.h"
#include "worker/gpu/models/gpu_mlp_model.h"
#include "worker/gpu/models/kmeans/gpu_kmeans_model.h"
#include "worker/gpu/models/lm/gpu_lm_model.h"
#include "worker/gpu/models/mf/gpu_mf_model.h"

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
  if (!HasCudaForm(model.kind())) {
    return absl::InvalidArgumentError(
        absl::StrCat("model.kind: one with a form for GPUs expected on device cuda, got ",
                     EnumWord(model.kind())));
  }
  switch (model.kind()) {
    case v1::MODEL_KIND_LINEAR:
      return CreateGpuLinearModel(options, v1::LOSS_SQUARED);
    case v1::MODEL_KIND_LOGISTIC:
      return CreateGpuLinearModel(options, v1::LOSS_LOGISTIC);
    case v1::MODEL_KIND_SOFTMAX:
    case v1::MODEL_KIND_MLP:
      return CreateGpuMlpModel(options, KindOf(model.activation()));
    case v1::MODEL_KIND_CNN:
      return CreateGpuCnnModel(options, model, KindOf(model.activation()));
    case v1::MODEL_KIND_WIDE_DEEP:
    case v1::MODEL_KIND_DEEPFM:
    case v1::MODEL_KIND_DCN:
      return CreateGpuCtrModel(options, model.kind(), options.ctr, KindOf(model.activation()));
    case v1::MODEL_KIND_KMEANS:
      return CreateGpuKMeansModel(options);
    case v1::MODEL_KIND_MF:
      return CreateGpuMfModel(options);
    case v1::MODEL_KIND_LM:
      return CreateGpuLmModel(options, model.lm());
    default:
      PL_CHECK(model.kind() == v1::MODEL_KIND_FM) << EnumWord(model.kind());
      return CreateGpuFmModel(options, model.loss());
  }
}

}  // namespace paceline::worker
