// Checks of results that were also written as bf16 or fp16.
#ifndef PACELINE_WORKER_GPU_OPS_TESTING_HALVES_H_
#define PACELINE_WORKER_GPU_OPS_TESTING_HALVES_H_

#include <cstdint>
#include <string>
#include <vector>

#include "worker/gpu/ops/launch.h"
#include "worker/gpu/ops/testing/trial.h"

namespace paceline::gpu::testing {

const char* HalfName(HalfType type);

// What the bits stand for.
std::vector<float> WidenedAll(HalfType type, const std::vector<uint16_t>& bits);

// `got` is near `want`; for kNone it is still poisoned.
void CheckHalves(Trial& trial, HalfType type, const std::vector<uint16_t>& got,
                 const std::vector<double>& want);

// The halves on the device are the exact rounding of `values`. kNone: nothing.
void CheckRounding(Trial& trial, HalfType type, const uint16_t* halves,
                   const std::vector<float>& values);

// All values are still poisoned.
void CheckUntouched(Trial& trial, const std::string& what, const std::vector<float>& got);

}  // namespace paceline::gpu::testing

#endif  // PACELINE_WORKER_GPU_OPS_TESTING_HALVES_H_
