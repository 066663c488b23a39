#include "worker/io/task/device_factory.h"

#include "absl/strings/str_cat.h"
#include "worker/core/device/cpu_device.h"
#include "worker/core/device/emulated_device.h"
#include "worker/core/math/blas.h"
#include "worker/core/trace/trace_scope.h"

namespace paceline::worker {
namespace {

std::string ReasonOf(const DeviceOptions& options) {
  return options.reason.empty() ? "asked for" : options.reason;
}

DeviceChoice Cpu(const DeviceOptions& options, absl::string_view reason) {
  DeviceChoice choice{.device = std::make_unique<CpuDevice>(Trace{options.tracer, options.clock}),
                      .reason = std::string(reason)};
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

absl::StatusOr<DeviceChoice> CreateHostDevice(const DeviceOptions& options) {
  switch (options.kind) {
    case v1::DEVICE_KIND_UNSPECIFIED:
    case v1::DEVICE_KIND_AUTO:
    case v1::DEVICE_KIND_CPU:
      return Cpu(options, ReasonOf(options));
    case v1::DEVICE_KIND_CUDA:
      return absl::FailedPreconditionError(
          "resources.device cuda: auto, cpu or emulated expected in a cluster of one process");
    case v1::DEVICE_KIND_EMULATED:
      return DeviceChoice{
          .device = std::make_unique<EmulatedDevice>(options.clock, options.tracer),
          .name = "emulated",
          .reason = ReasonOf(options),
          .notes = {"device emulated: steps are timed sleeps, gradients are noise"}};
    default:
      return absl::InvalidArgumentError(absl::StrCat(
          "resources.device: auto, cpu, cuda or emulated expected, got ", options.kind));
  }
}

}  // namespace paceline::worker
