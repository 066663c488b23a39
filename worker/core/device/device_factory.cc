#include "worker/core/device/device_factory.h"

#include "absl/strings/str_cat.h"
#include "worker/core/device/cpu_device.h"
#include "worker/core/device/emulated_device.h"
#include "worker/core/math/blas.h"

namespace paceline::worker {
namespace {

std::string ReasonOf(const DeviceOptions& options) {
  return options.reason.empty() ? "asked for" : options.reason;
}

DeviceChoice Cpu(absl::string_view reason) {
  DeviceChoice choice{.device = std::make_unique<CpuDevice>(), .reason = std::string(reason)};
  choice.name = choice.device->numeric_class();
  choice.notes.push_back(absl::StrCat("device cpu: ", reason));
  choice.notes.push_back(absl::StrCat("numeric class ", choice.name));
  const BlasKernel kernel = LoadedBlasKernel();
  if (kernel.slow) {
    choice.notes.push_back(
        absl::StrCat("OpenBLAS loaded its ", kernel.loaded, " kernels where ", kernel.wanted,
                     " suit this processor: matrix products are slow; start the process with ",
                     "OPENBLAS_CORETYPE=", kernel.wanted));
  }
  return choice;
}

}  // namespace

absl::StatusOr<DeviceChoice> CreateDevice(const DeviceOptions& options) {
  switch (options.kind) {
    case v1::DEVICE_KIND_UNSPECIFIED:
    case v1::DEVICE_KIND_AUTO:
      return Cpu("auto, and this build has no cuda");
    case v1::DEVICE_KIND_CPU:
      return Cpu(ReasonOf(options));
    case v1::DEVICE_KIND_CUDA:
      return absl::FailedPreconditionError(
          "resources.device cuda: this build has no cuda; auto, cpu or emulated expected");
    case v1::DEVICE_KIND_EMULATED:
      return DeviceChoice{
          .device = std::make_unique<EmulatedDevice>(options.clock),
          .name = "emulated",
          .reason = ReasonOf(options),
          .notes = {"device emulated: steps are timed sleeps, gradients are noise"}};
    default:
      return absl::InvalidArgumentError(absl::StrCat(
          "resources.device: auto, cpu, cuda or emulated expected, got ", options.kind));
  }
}

}  // namespace paceline::worker
