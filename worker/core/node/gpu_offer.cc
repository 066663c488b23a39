#include "worker/core/node/gpu_offer.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "proto/job.pb.h"

namespace paceline::worker {
namespace {

std::string Ordinals(const std::vector<gpu::GpuDescription>& gpus) {
  return absl::StrJoin(gpus, ", ", [](std::string* out, const gpu::GpuDescription& gpu) {
    absl::StrAppend(out, gpu.ordinal);
  });
}

const gpu::GpuDescription* Find(const std::vector<gpu::GpuDescription>& gpus, uint32_t ordinal) {
  const auto found = std::find_if(gpus.begin(), gpus.end(), [&](const gpu::GpuDescription& gpu) {
    return gpu.ordinal == ordinal;
  });
  return found == gpus.end() ? nullptr : &*found;
}

std::string Count(size_t count, const char* what) {
  return absl::StrCat(count, " ", what, count == 1 ? "" : "s");
}

}  // namespace

absl::StatusOr<GpuOffer> OfferGpus(const DeviceFlag& asked, const gpu::GpusFound& found,
                                   std::optional<uint32_t> slots) {
  if (slots == 0u) return absl::InvalidArgumentError("--slots: at least 1 expected, got 0");
  GpuOffer offer;
  offer.asked = asked;
  const bool cuda = asked.kind == v1::DEVICE_KIND_CUDA;
  if (!cuda && asked.kind != v1::DEVICE_KIND_AUTO) {
    offer.no_gpu_reason = absl::StrCat("it runs with --device=", DeviceFlagText(asked));
  } else if (found.gpus.empty()) {
    if (cuda) {
      return absl::FailedPreconditionError(absl::StrCat("--device=", DeviceFlagText(asked),
                                                        ": no GPU to compute on: ", found.reason,
                                                        "; --device=auto or cpu would do without"));
    }
    offer.no_gpu_reason = found.reason;
  } else if (asked.gpu.has_value()) {
    const gpu::GpuDescription* gpu = Find(found.gpus, *asked.gpu);
    if (gpu == nullptr) {
      return absl::FailedPreconditionError(absl::StrCat("--device=", DeviceFlagText(asked),
                                                        ": one of the GPUs ", Ordinals(found.gpus),
                                                        " of this host expected"));
    }
    offer.gpus = {*gpu};
  } else {
    offer.gpus = found.gpus;
  }
  offer.slots = slots.value_or(std::max<uint32_t>(1, static_cast<uint32_t>(offer.gpus.size())));
  if (offer.gpus.size() > offer.slots) offer.gpus.resize(offer.slots);
  return offer;
}

std::string OfferText(const GpuOffer& offer) {
  const std::string slots = Count(offer.slots, "slot");
  if (!offer.gpus.empty()) {
    return absl::StrCat(DeviceFlagText(offer.asked), ": ", Count(offer.gpus.size(), "GPU"), ", ",
                        slots);
  }
  if (offer.asked.kind != v1::DEVICE_KIND_AUTO) {
    return absl::StrCat(DeviceFlagText(offer.asked), ": no GPU is offered, ", slots);
  }
  return absl::StrCat("auto: the processor, since ", offer.no_gpu_reason, "; ", slots);
}

absl::StatusOr<TaskDevice> DeviceOfTask(const GpuOffer& offer, std::optional<uint32_t> gpu) {
  if (gpu.has_value()) {
    if (Find(offer.gpus, *gpu) == nullptr) {
      return absl::FailedPreconditionError(
          absl::StrCat("gpu ", *gpu, ": this worker ",
                       offer.gpus.empty() ? absl::StrCat("has none: ", offer.no_gpu_reason)
                                          : absl::StrCat("offers ", Ordinals(offer.gpus))));
    }
    return TaskDevice{.device = {.kind = v1::DEVICE_KIND_CUDA, .gpu = gpu},
                      .reason = "auto, and there was a GPU for every rank"};
  }
  TaskDevice task;
  if (offer.asked.kind == v1::DEVICE_KIND_EMULATED) {
    task.device.kind = v1::DEVICE_KIND_EMULATED;
    task.reason = "auto, and the worker runs with --device=emulated";
    return task;
  }
  task.device.kind = v1::DEVICE_KIND_CPU;
  task.reason =
      offer.gpus.empty()
          ? absl::StrCat("auto, and the worker has no GPU: ", offer.no_gpu_reason)
          : "auto, and there was no free GPU for every rank, or the model has no use for one";
  return task;
}

}  // namespace paceline::worker
