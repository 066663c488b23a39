#include "worker/core/math/blas_kernel.h"

namespace paceline::worker {

CpuFeatures DetectCpuFeatures() {
  CpuFeatures found;
#if defined(__x86_64__)
  // These builtins also ask whether the operating system saves the registers.
  __builtin_cpu_init();
  found.x86_64 = true;
  found.sse42 = __builtin_cpu_supports("sse4.2");
  found.avx = __builtin_cpu_supports("avx");
  found.avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
  found.avx512 = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512cd") &&
                 __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq") &&
                 __builtin_cpu_supports("avx512vl");
#endif
  return found;
}

std::string BlasKernelFor(const CpuFeatures& features) {
  if (!features.x86_64) return "";
  if (features.avx512) return "SkylakeX";
  if (features.avx2) return "Haswell";
  if (features.avx) return "Sandybridge";
  if (features.sse42) return "Nehalem";
  return "Prescott";
}

std::string ChooseBlasKernel() { return BlasKernelFor(DetectCpuFeatures()); }

bool IsAsWide(const std::string& loaded, const std::string& wanted) {
  if (wanted.empty() || loaded == wanted) return true;
  const bool avx512 = loaded == "SkylakeX" || loaded == "Cooperlake" || loaded == "SapphireRapids";
  if (wanted == "SkylakeX") return avx512;
  const bool avx2 = avx512 || loaded == "Haswell" || loaded == "Zen";
  if (wanted == "Haswell") return avx2;
  const bool avx = avx2 || loaded == "Sandybridge";
  return wanted == "Sandybridge" ? avx : avx || wanted == "Prescott";
}

std::vector<std::pair<std::string, std::string>> BlasEnvironment() {
  std::vector<std::pair<std::string, std::string>> environment = {{"OPENBLAS_NUM_THREADS", "1"}};
  const std::string kernel = ChooseBlasKernel();
  if (!kernel.empty()) environment.emplace_back("OPENBLAS_CORETYPE", kernel);
  return environment;
}

}  // namespace paceline::worker
