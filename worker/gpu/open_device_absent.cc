#include "absl/strings/str_cat.h"
#include "worker/gpu/find_gpus.h"
#include "worker/gpu/open_device.h"

namespace paceline::worker {

absl::StatusOr<OpenedGpu> OpenGpuDevice(uint32_t ordinal, Clock* /*clock*/, Tracer* /*tracer*/) {
  return absl::FailedPreconditionError(absl::StrCat("GPU ", ordinal, ": ", gpu::FindGpus().reason));
}

}  // namespace paceline::worker
