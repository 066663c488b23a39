#include "cli/blas_kernels.h"

#include <unistd.h>

#include <cstdlib>

#include "absl/strings/string_view.h"
#include "worker/core/math/blas.h"
#include "worker/core/math/blas_kernel.h"

namespace paceline::cli {
namespace {

bool Computes(char** argv) {
  for (; *argv != nullptr; ++argv) {
    const absl::string_view word = *argv;
    if (word == "predict" || word == "sample" || word == "local") return true;
  }
  return false;
}

}  // namespace

void UseBlasKernelsOfTasks(char** argv) {
  if (!Computes(argv)) return;
  const worker::BlasKernel kernel = worker::LoadedBlasKernel();
  if (kernel.wanted.empty() || kernel.loaded == kernel.wanted) return;
  // Asked for before, in vain.
  const char* const asked = std::getenv("OPENBLAS_CORETYPE");
  if (asked != nullptr && asked == kernel.wanted) return;
  for (const auto& [name, value] : worker::BlasEnvironment()) {
    setenv(name.c_str(), value.c_str(), /*overwrite=*/1);
  }
  // Comes back only where it cannot be: then what is loaded must do.
  execv("/proc/self/exe", argv);
}

}  // namespace paceline::cli
