// What a run ran on.
#ifndef PACELINE_TESTS_GPU_MACHINE_H_
#define PACELINE_TESTS_GPU_MACHINE_H_

#include <cstddef>
#include <string>

namespace paceline::gpu::testing {

struct Machine {
  std::string gpu;
  // Compute capability 9.0: 90.
  int architecture = 0;
  int multiprocessors = 0;
  size_t memory_bytes = 0;
  size_t l2_bytes = 0;
  // Of CUDA: the newest that the driver knows, and what this was built with: 13000.
  int driver_cuda = 0;
  int runtime_cuda = 0;
  // As `nvidia-smi` has it; empty if it cannot be read.
  std::string driver;
  // 2026-05-01, UTC.
  std::string date;
};

// The first GPU that CUDA counts. False, and why, if there is none.
bool FindMachine(Machine* machine, std::string* why_not);

// "NVIDIA H100 80GB HBM3 (sm_90, ...), driver ..., CUDA ..., 2026-05-01".
std::string Text(const Machine& machine);

}  // namespace paceline::gpu::testing

#endif  // PACELINE_TESTS_GPU_MACHINE_H_
