// Which kernels OpenBLAS should run here, decided by CPU feature.
//
// OpenBLAS chooses by a table of processor models as it is loaded, and falls back
// to SSE3 kernels, at a quarter of the speed, on a model it does not know. The
// environment variable OPENBLAS_CORETYPE overrules its choice, but only before the
// library is loaded: the worker daemon puts BlasEnvironment() into the environment
// of each task process that it starts. LoadedBlasKernel (worker/core/math/blas.h)
// says what became of it.
//
// Pure functions. Thread-safe.
#ifndef PACELINE_WORKER_CORE_MATH_BLAS_KERNEL_H_
#define PACELINE_WORKER_CORE_MATH_BLAS_KERNEL_H_

#include <string>
#include <utility>
#include <vector>

namespace paceline::worker {

// What the processor and the operating system allow. All false off x86-64.
struct CpuFeatures {
  bool x86_64 = false;
  bool sse42 = false;
  bool avx = false;
  // AVX2 and FMA.
  bool avx2 = false;
  // AVX-512 F, CD, BW, DQ and VL.
  bool avx512 = false;
};

// This machine's.
CpuFeatures DetectCpuFeatures();

// Value for OPENBLAS_CORETYPE: SkylakeX (AVX-512), Haswell (AVX2), Sandybridge (AVX),
// Nehalem (SSE4.2) or Prescott. Empty off x86-64: OpenBLAS chooses by itself.
std::string BlasKernelFor(const CpuFeatures& features);

// BlasKernelFor(DetectCpuFeatures()).
std::string ChooseBlasKernel();

// Whether kernels `loaded` use vectors as wide as kernels `wanted` do: the same, or
// a sibling for another processor (Zen for Haswell, Cooperlake for SkylakeX).
bool IsAsWide(const std::string& loaded, const std::string& wanted);

// Variables and values for the environment of a process that will load OpenBLAS:
// the kernels, and one thread, so that it starts no pool of its own.
std::vector<std::pair<std::string, std::string>> BlasEnvironment();

}  // namespace paceline::worker

#endif  // PACELINE_WORKER_CORE_MATH_BLAS_KERNEL_H_
