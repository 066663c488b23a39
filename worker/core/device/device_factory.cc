#include "worker/core/device/device_factory.h"

#include "absl/strings/str_cat.h"
#include "worker/core/device/cpu_device.h"
#include "worker/core/device/emulated_device.h"
#include "worker/core/math/blas.h"

namespace paceline::worker {
namespace {

DeviceChoice Cpu(std::vector<std::string> notes) {
  DeviceChoice choice{.device = std::make_unique<CpuDevice>(), .notes = std::move(notes)};
  choice.notes.push_back(
      absl::StrCat("device cpu: numeric class ", choice.device->numeric_class()));
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

absl::StatusOr<DeviceChoice> CreateDevice(v1::DeviceKind kind, Clock* clock) {
  switch (kind) {
    case v1::DEVICE_KIND_UNSPECIFIED:
    case v1::DEVICE_KIND_AUTO:
      return Cpu({"device auto: cpu, since this build has no cuda"});
    case v1::DEVICE_KIND_CPU:
      return Cpu({});
    case v1::DEVICE_KIND_CUDA:
      return absl::FailedPreconditionError(
          "resources.device cuda: this build has no cuda; auto, cpu or emulated expected");
    case v1::DEVICE_KIND_EMULATED:
      return DeviceChoice{
          .device = std::make_unique<EmulatedDevice>(clock),
          .notes = {"device emulated: steps are timed sleeps, gradients are noise"}};
    default:
      return absl::InvalidArgumentError(
          absl::StrCat("resources.device: auto, cpu, cuda or emulated expected, got ", kind));
  }
}

}  // namespace paceline::worker
