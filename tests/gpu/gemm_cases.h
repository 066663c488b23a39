// Test cases of the products: cuBLAS against float64, in all precisions and transposes
// that a network needs (forward NN, gradients TN and NT), one by one and in batches.
#ifndef PACELINE_TESTS_GPU_GEMM_CASES_H_
#define PACELINE_TESTS_GPU_GEMM_CASES_H_

#include <vector>

#include "tests/gpu/gemm.h"
#include "worker/gpu/ops/testing/cases.h"

namespace paceline::gpu::testing {

// `gemm` outlives the cases and is on the stream of their memory. Tolerances: float32
// 1e-5, tf32 1e-3 (3e-3 of fewer than 100 products), bf16 and fp16 1e-2, against products of the
// unrounded inputs.
std::vector<Case> GemmCases(Gemm& gemm, bool large);

}  // namespace paceline::gpu::testing

#endif  // PACELINE_TESTS_GPU_GEMM_CASES_H_
