// Which models GPUs compute.
#ifndef PACELINE_COMMON_SPEC_CUDA_FORM_H_
#define PACELINE_COMMON_SPEC_CUDA_FORM_H_

#include "proto/job.pb.h"

namespace paceline {

// Whether the model has a form for GPUs (worker/gpu/models): resources.device cuda is refused
// for the others, and auto becomes cpu. Thread-safe: a pure function.
bool HasCudaForm(v1::ModelKind kind);

}  // namespace paceline

#endif  // PACELINE_COMMON_SPEC_CUDA_FORM_H_
