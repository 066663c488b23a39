// Products of float32 matrices by OpenBLAS, on the calling thread alone.
//
// Matrices are row-major without padding. The result is a function of the values,
// the shapes and the loaded kernels: the same bytes in every run.
//
// Thread-safe.
#ifndef PACELINE_WORKER_CORE_MATH_BLAS_H_
#define PACELINE_WORKER_CORE_MATH_BLAS_H_

#include <cstdint>
#include <string>

namespace paceline::worker {

enum class Transpose { kNo, kYes };

// c [m, n] = op(a) [m, k] * op(b) [k, n] + beta * c, where op transposes or does
// not: a is stored as [m, k], or as [k, m] if transposed; b alike. With beta 0 the
// old values of c are not read. m, n and k are below 2^31.
void Gemm(Transpose transpose_a, Transpose transpose_b, uint64_t m, uint64_t n, uint64_t k,
          const float* a, const float* b, float beta, float* c);

// The kernels that OpenBLAS loaded ("SkylakeX"), its version ("0.3.21"), and what
// ChooseBlasKernel wants. `slow`: narrower ones were loaded, since the process was
// started without BlasEnvironment().
struct BlasKernel {
  std::string loaded;
  std::string version;
  std::string wanted;
  bool slow = false;
};
BlasKernel LoadedBlasKernel();

}  // namespace paceline::worker

#endif  // PACELINE_WORKER_CORE_MATH_BLAS_H_
