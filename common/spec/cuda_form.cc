#include "common/spec/cuda_form.h"

namespace paceline {

bool HasCudaForm(v1::ModelKind kind) {
  switch (kind) {
    case v1::MODEL_KIND_LINEAR:
    case v1::MODEL_KIND_LOGISTIC:
    case v1::MODEL_KIND_SOFTMAX:
    case v1::MODEL_KIND_MLP:
    case v1::MODEL_KIND_FM:
    case v1::MODEL_KIND_CNN:
    case v1::MODEL_KIND_WIDE_DEEP:
    case v1::MODEL_KIND_DEEPFM:
    case v1::MODEL_KIND_DCN:
    case v1::MODEL_KIND_MF:
    case v1::MODEL_KIND_KMEANS:
    case v1::MODEL_KIND_LM:
      return true;
    default:
      return false;
  }
}

}  // namespace paceline
