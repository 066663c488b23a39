#include "worker/core/device/cpu_device.h"

#include "absl/strings/str_cat.h"
#include "worker/core/math/blas.h"
#include "worker/core/math/vector_kernels.h"
#include "worker/core/models/runner_factory.h"

namespace paceline::worker {

std::string CpuDevice::numeric_class() const {
  const BlasKernel kernel = LoadedBlasKernel();
  return absl::StrCat("cpu/", SimdLevel(), "/OpenBLAS-", kernel.version, "-", kernel.loaded);
}

absl::StatusOr<std::unique_ptr<Runner>> CpuDevice::CreateRunner(const v1::JobSpec& spec,
                                                                const Model& model,
                                                                uint64_t features,
                                                                uint32_t classes) {
  return CreateCpuRunner(spec, model, features, classes, trace_);
}

}  // namespace paceline::worker
