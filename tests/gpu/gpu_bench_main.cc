// What the operators reach, against what the GPU reaches in the same run.
//
//   gpu_bench [--quick] [--json FILE]
//
// Exit status: 0, 1 a call failed, 2 usage, 77 no GPU.
#include <algorithm>
#include <cstdio>

#include "tests/gpu/ceilings.h"
#include "tests/gpu/device_memory.h"
#include "tests/gpu/gemm.h"
#include "tests/gpu/machine.h"
#include "tests/gpu/operator_bench.h"

int main(int argc, char** argv) {
  namespace testing = paceline::gpu::testing;
  bool quick = false;
  std::string json;
  for (int i = 1; i < argc; ++i) {
    const std::string name = argv[i];
    if (name == "--quick") {
      quick = true;
    } else if (name == "--json" && i + 1 < argc) {
      json = argv[++i];
    } else {
      std::fprintf(stderr, "usage: %s [--quick] [--json FILE]\n", argv[0]);
      return 2;
    }
  }
  testing::Machine machine;
  std::string why_not;
  if (!testing::FindMachine(&machine, &why_not)) {
    std::printf("skipped: no GPU (%s)\n", why_not.c_str());
    return 77;
  }
  std::printf("%s\n", Text(machine).c_str());

  testing::DeviceMemory memory(testing::Buffers::kExact);
  const auto stream = static_cast<cudaStream_t>(memory.stream());
  testing::Timer timer(stream, quick ? 10 : 50, std::max(machine.l2_bytes * 2, size_t{64} << 20));
  testing::Report report;
  MeasureCopies(timer, stream, &report);
  std::string error;
  const auto gemm = testing::Gemm::Load(stream, &error);
  if (gemm == nullptr) std::printf("no products: %s\n", error.c_str());
  if (gemm != nullptr) MeasureProducts(timer, *gemm, quick, &report);
  testing::OperatorBench bench(timer, memory, &report);
  MeasureDense(bench, quick);
  MeasureSparse(bench, quick);
  MeasureFields(bench, quick);
  MeasureMf(bench, quick);
  MeasureKMeans(bench, quick);
  MeasureTransformer(bench, quick);
  MeasureImages(bench, quick);
  const int cublas = gemm == nullptr ? 0 : gemm->version();
  if (json.empty() || report.WriteJson(machine, cublas, json)) return 0;
  std::fprintf(stderr, "%s cannot be written\n", json.c_str());
  return 1;
}
