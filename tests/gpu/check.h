// Runs test cases on a GPU and counts.
#ifndef PACELINE_TESTS_GPU_CHECK_H_
#define PACELINE_TESTS_GPU_CHECK_H_

#include <cstdint>
#include <string>
#include <vector>

#include "tests/gpu/device_memory.h"
#include "worker/gpu/ops/testing/cases.h"

namespace paceline::gpu::testing {

struct CheckOptions {
  bool quick = false;
  // Drawn from the clock unless it is given.
  uint64_t seed = 0;
  // Only cases whose name has this in it.
  std::string filter;
  Buffers buffers = Buffers::kGuarded;
};

extern const char kCheckUsage[];

// False if an argument is none.
bool ParseOptions(int argc, char** argv, CheckOptions* options);

// Prints every failure, the largest error per operator and "N passed, M failed".
// Each case runs twice; results of deterministic ones are compared byte by byte.
// Returns the exit status: 1 if one failed or none ran.
int CheckAll(const std::vector<Case>& cases, Memory& memory, const CheckOptions& options);

}  // namespace paceline::gpu::testing

#endif  // PACELINE_TESTS_GPU_CHECK_H_
