// Products of matrices on the host, rounded where a GPU rounds.
#ifndef PACELINE_WORKER_GPU_FAKE_FAKE_GEMM_H_
#define PACELINE_WORKER_GPU_FAKE_FAKE_GEMM_H_

#include "worker/gpu/runtime/gpu.h"

namespace paceline::gpu::fake {

// Sums in float32, in the order of k.
void FakeGemm(const GemmCall& call);

}  // namespace paceline::gpu::fake

#endif  // PACELINE_WORKER_GPU_FAKE_FAKE_GEMM_H_
