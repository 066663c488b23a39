#include "worker/core/math/blas.h"

#include <cblas.h>

#include <vector>

#include "absl/strings/str_split.h"
#include "common/check.h"
#include "worker/core/math/blas_kernel.h"

namespace paceline::worker {
namespace {

constexpr uint64_t kMaxDimension = (uint64_t{1} << 31) - 1;

// Several threads would sum in another order, and take cores from other ranks.
void UseOneThread() {
  static const bool done = [] {
    openblas_set_num_threads(1);
    return true;
  }();
  PL_CHECK(done);
}

}  // namespace

void Gemm(Transpose transpose_a, Transpose transpose_b, uint64_t m, uint64_t n, uint64_t k,
          const float* a, const float* b, float beta, float* c) {
  PL_CHECK_LE(m, kMaxDimension);
  PL_CHECK_LE(n, kMaxDimension);
  PL_CHECK_LE(k, kMaxDimension);
  if (m == 0 || n == 0) return;
  UseOneThread();
  const bool ta = transpose_a == Transpose::kYes;
  const bool tb = transpose_b == Transpose::kYes;
  // OpenBLAS refuses a leading dimension of 0.
  const auto stride = [](uint64_t columns) {
    return static_cast<blasint>(columns == 0 ? 1 : columns);
  };
  cblas_sgemm(CblasRowMajor, ta ? CblasTrans : CblasNoTrans, tb ? CblasTrans : CblasNoTrans,
              static_cast<blasint>(m), static_cast<blasint>(n), static_cast<blasint>(k), 1.0f, a,
              stride(ta ? m : k), b, stride(tb ? k : n), beta, c, stride(n));
}

BlasKernel LoadedBlasKernel() {
  BlasKernel kernel;
  kernel.loaded = openblas_get_corename();
  kernel.wanted = ChooseBlasKernel();
  kernel.slow = !IsAsWide(kernel.loaded, kernel.wanted);
  // "OpenBLAS 0.3.21 DYNAMIC_ARCH ..."
  const std::vector<std::string> words =
      absl::StrSplit(openblas_get_config(), ' ', absl::SkipEmpty());
  kernel.version = words.size() > 1 ? words[1] : "unknown";
  return kernel;
}

}  // namespace paceline::worker
