#include "worker/create_device.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "worker/gpu/open_device.h"

namespace paceline::worker {

absl::StatusOr<DeviceChoice> CreateDevice(const DeviceOptions& options) {
  if (options.kind != v1::DEVICE_KIND_CUDA) return CreateHostDevice(options);
  absl::StatusOr<OpenedGpu> opened = OpenGpuDevice(options.gpu, options.clock, options.tracer);
  if (!opened.ok()) {
    return absl::Status(opened.status().code(),
                        absl::StrCat("resources.device cuda: ", opened.status().message()));
  }
  DeviceChoice choice{.device = std::move(opened->device),
                      .name = std::move(opened->name),
                      .reason = options.reason.empty() ? "asked for" : options.reason};
  choice.notes = {
      absl::StrCat("device cuda: ", choice.reason, "; GPU ", options.gpu, ", ", choice.name),
      absl::StrCat("numeric class ", choice.device->numeric_class())};
  return choice;
}

}  // namespace paceline::worker
