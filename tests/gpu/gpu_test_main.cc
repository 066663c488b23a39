// Every operator and every product on a GPU, against float64 on the CPU.
//
//   gpu_test [--quick] [--seed N] [--filter TEXT] [--buffers guarded|exact|unwritten]
//
// Exit status: 0 all passed, 1 some failed, 2 usage, 77 no GPU.
#include <cstdio>

#include "tests/gpu/check.h"
#include "tests/gpu/device_memory.h"
#include "tests/gpu/gemm.h"
#include "tests/gpu/gemm_cases.h"
#include "tests/gpu/machine.h"
#include "worker/gpu/ops/testing/cases.h"

int main(int argc, char** argv) {
  namespace testing = paceline::gpu::testing;
  testing::CheckOptions options;
  if (!testing::ParseOptions(argc, argv, &options)) {
    std::fprintf(stderr, "usage: %s %s\n", argv[0], testing::kCheckUsage);
    return 2;
  }
  testing::Machine machine;
  std::string why_not;
  if (!testing::FindMachine(&machine, &why_not)) {
    std::printf("skipped: no GPU (%s)\n", why_not.c_str());
    return 77;
  }
  std::printf("%s\nseed %llu\n", Text(machine).c_str(),
              static_cast<unsigned long long>(options.seed));

  testing::DeviceMemory memory(options.buffers);
  std::vector<testing::Case> cases = testing::AllCases(!options.quick);
  std::string error;
  const auto gemm = testing::Gemm::Load(memory.stream(), &error);
  if (gemm == nullptr) {
    cases.push_back({"Gemm", [&](testing::Trial& trial) { trial.Fail(error); }});
  } else {
    std::printf("cuBLAS %d\n", gemm->version());
    for (testing::Case& one : testing::GemmCases(*gemm, !options.quick)) cases.push_back(one);
  }
  return testing::CheckAll(cases, memory, options);
}
