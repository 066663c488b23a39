#include "worker/core/node/gpu_offer.h"

#include <catch2/catch.hpp>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "common/status/status_matchers.h"

namespace paceline::worker {
namespace {

gpu::GpusFound Found(const std::vector<uint32_t>& ordinals) {
  gpu::GpusFound found;
  for (const uint32_t ordinal : ordinals) {
    found.gpus.push_back({.ordinal = ordinal,
                          .uuid = absl::StrCat("GPU-", ordinal),
                          .name = "NVIDIA H100",
                          .memory_bytes = uint64_t{80} << 30,
                          .architecture = 90});
  }
  if (ordinals.empty()) found.reason = "no driver (libcuda.so.1)";
  return found;
}

DeviceFlag Flag(const std::string& text) { return *ParseDeviceFlag(text); }

std::string Offered(const GpuOffer& offer) {
  return absl::StrJoin(offer.gpus, " ", [](std::string* out, const gpu::GpuDescription& gpu) {
    absl::StrAppend(out, gpu.ordinal);
  });
}

TEST_CASE("a device flag names a kind, and for cuda the GPU") {
  for (const char* text : {"auto", "cpu", "cuda", "cuda:0", "cuda:15", "emulated"}) {
    REQUIRE_OK_AND_ASSIGN(const DeviceFlag flag, ParseDeviceFlag(text));
    CHECK(DeviceFlagText(flag) == text);
  }
  CHECK(Flag("cuda:7") == DeviceFlag{.kind = v1::DEVICE_KIND_CUDA, .gpu = 7});
  CHECK_FALSE(Flag("cuda").gpu.has_value());
  for (const char* text : {"", "abacus", "cuda:", "cuda:-1", "cuda: 1", "cuda:+1", "cuda:one",
                           "cuda:1,2", "cuda:4294967296", "cpu:0", "AUTO "}) {
    CHECK_STATUS(ParseDeviceFlag(text).status(), absl::StatusCode::kInvalidArgument,
                 absl::StrCat("cuda:N (a GPU's number) or emulated expected, got ", text));
  }
}

TEST_CASE("GPUs and slots that a worker offers") {
  struct Case {
    std::string device;
    std::vector<uint32_t> found;
    std::optional<uint32_t> slots;
    std::string gpus;
    uint32_t offered_slots;
    std::string text;
  };
  const Case cases[] = {
      {"auto",
       {},
       std::nullopt,
       "",
       1,
       "auto: the processor, since no driver (libcuda.so.1); 1 slot"},
      {"auto", {}, 3, "", 3, "auto: the processor, since no driver (libcuda.so.1); 3 slots"},
      {"auto", {0}, std::nullopt, "0", 1, "auto: 1 GPU, 1 slot"},
      {"auto", {0, 1, 3}, std::nullopt, "0 1 3", 3, "auto: 3 GPUs, 3 slots"},
      {"auto", {0, 1, 3}, 2, "0 1", 2, "auto: 2 GPUs, 2 slots"},
      {"auto", {0, 1}, 5, "0 1", 5, "auto: 2 GPUs, 5 slots"},
      {"cuda", {0, 1}, std::nullopt, "0 1", 2, "cuda: 2 GPUs, 2 slots"},
      {"cuda:1", {0, 1}, std::nullopt, "1", 1, "cuda:1: 1 GPU, 1 slot"},
      {"cuda:1", {0, 1}, 2, "1", 2, "cuda:1: 1 GPU, 2 slots"},
      {"cpu", {0, 1}, std::nullopt, "", 1, "cpu: no GPU is offered, 1 slot"},
      {"emulated", {0, 1}, 4, "", 4, "emulated: no GPU is offered, 4 slots"},
  };
  for (const Case& c : cases) {
    INFO(c.device << " " << c.found.size());
    REQUIRE_OK_AND_ASSIGN(const GpuOffer offer, OfferGpus(Flag(c.device), Found(c.found), c.slots));
    CHECK(Offered(offer) == c.gpus);
    CHECK(offer.slots == c.offered_slots);
    CHECK(offer.no_gpu_reason.empty() != c.gpus.empty());
    CHECK(OfferText(offer) == c.text);
  }
}

TEST_CASE("a worker that cannot offer what was asked for says what is missing") {
  CHECK_STATUS(OfferGpus(Flag("cuda"), Found({}), std::nullopt).status(),
               absl::StatusCode::kFailedPrecondition,
               "--device=cuda: no GPU to compute on: no driver (libcuda.so.1); --device=auto or "
               "cpu would do without");
  CHECK_STATUS(OfferGpus(Flag("cuda:0"), Found({}), 1).status(),
               absl::StatusCode::kFailedPrecondition, "no driver (libcuda.so.1)");
  CHECK_STATUS(OfferGpus(Flag("cuda:2"), Found({0, 1}), std::nullopt).status(),
               absl::StatusCode::kFailedPrecondition,
               "--device=cuda:2: one of the GPUs 0, 1 of this host expected");
  CHECK_STATUS(OfferGpus(Flag("auto"), Found({0}), 0).status(), absl::StatusCode::kInvalidArgument,
               "--slots: at least 1 expected, got 0");
}

TEST_CASE("what a task computes on, and why") {
  struct Case {
    std::string device;
    std::vector<uint32_t> found;
    std::optional<uint32_t> gpu;
    std::string task;
    std::string reason;
  };
  const Case cases[] = {
      {"auto", {0, 1}, 1, "cuda:1", "auto, and there was a GPU for every rank"},
      {"auto",
       {0, 1},
       std::nullopt,
       "cpu",
       "auto, and there was no free GPU for every rank, or the model has no use for one"},
      {"auto",
       {},
       std::nullopt,
       "cpu",
       "auto, and the worker has no GPU: no driver (libcuda.so.1)"},
      {"cpu",
       {0},
       std::nullopt,
       "cpu",
       "auto, and the worker has no GPU: it runs with --device=cpu"},
      {"emulated",
       {0},
       std::nullopt,
       "emulated",
       "auto, and the worker runs with --device=emulated"},
  };
  for (const Case& c : cases) {
    REQUIRE_OK_AND_ASSIGN(const GpuOffer offer,
                          OfferGpus(Flag(c.device), Found(c.found), std::nullopt));
    REQUIRE_OK_AND_ASSIGN(const TaskDevice task, DeviceOfTask(offer, c.gpu));
    CHECK(DeviceFlagText(task.device) == c.task);
    CHECK(task.reason == c.reason);
  }
  REQUIRE_OK_AND_ASSIGN(const GpuOffer one, OfferGpus(Flag("cuda:1"), Found({0, 1}), std::nullopt));
  CHECK_STATUS(DeviceOfTask(one, 0).status(), absl::StatusCode::kFailedPrecondition,
               "gpu 0: this worker offers 1");
  REQUIRE_OK_AND_ASSIGN(const GpuOffer none, OfferGpus(Flag("auto"), Found({}), std::nullopt));
  CHECK_STATUS(DeviceOfTask(none, 0).status(), absl::StatusCode::kFailedPrecondition,
               "gpu 0: this worker has none: no driver (libcuda.so.1)");
}

}  // namespace
}  // namespace paceline::worker
