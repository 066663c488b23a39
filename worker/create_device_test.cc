#include "worker/create_device.h"

#include <catch2/catch.hpp>
#include <string>

#include "common/clock.h"
#include "common/status/status_matchers.h"
#include "worker/gpu/find_gpus.h"

namespace paceline::worker {
namespace {

TEST_CASE("a GPU that is not there is refused, saying what is missing") {
  RealClock clock;
  const gpu::GpusFound found = gpu::FindGpus();
  // With one, the first that is not there.
  const auto none = static_cast<uint32_t>(found.gpus.size());
  const std::string why = found.gpus.empty() ? found.reason : "there is none; one of 0 (";
  REQUIRE_FALSE(why.empty());
  CHECK_STATUS(CreateDevice({.kind = v1::DEVICE_KIND_CUDA, .gpu = none, .clock = &clock}),
               absl::StatusCode::kFailedPrecondition,
               "resources.device cuda: GPU " + std::to_string(none) + ": " + why);
}

TEST_CASE("devices that need no GPU are those of the host") {
  RealClock clock;
  for (const v1::DeviceKind kind :
       {v1::DEVICE_KIND_AUTO, v1::DEVICE_KIND_CPU, v1::DEVICE_KIND_EMULATED}) {
    REQUIRE_OK_AND_ASSIGN(const DeviceChoice choice,
                          CreateDevice({.kind = kind, .reason = "why", .clock = &clock}));
    CHECK(choice.device->name() == (kind == v1::DEVICE_KIND_EMULATED ? "emulated" : "cpu"));
    CHECK(choice.reason == "why");
  }
}

}  // namespace
}  // namespace paceline::worker
