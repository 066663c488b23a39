#include "worker/gpu/nvml/nvml.h"

#include <dlfcn.h>

#include <catch2/catch.hpp>
#include <string>
#include <thread>
#include <vector>

#include "common/fake_clock.h"
#include "common/status/status_matchers.h"
#include "worker/gpu/nvml/fake_nvml.h"
#include "worker/gpu/nvml/gpu_monitor.h"

namespace paceline::gpu {
namespace {

constexpr char kFake[] = "worker/gpu/nvml/libfake_nvml.so";
constexpr char kSmall[] = "worker/gpu/nvml/libfake_nvml_small.so";
constexpr char kWithoutInit[] = "worker/gpu/nvml/libfake_nvml_without_init.so";
constexpr char kUuid[] = "GPU-5d1c71a0-0000-0000-0000-000000000000";

// The script of the library that Nvml::Load of the same path loads.
FakeNvml& ScriptOf(const char* library) {
  void* const handle = dlopen(library, RTLD_NOW | RTLD_LOCAL);
  REQUIRE(handle != nullptr);
  auto* const script = static_cast<FakeNvml*>(dlsym(handle, "fake_nvml"));
  REQUIRE(script != nullptr);
  return *script;
}

std::vector<GpuDescription> OneGpu(const std::string& uuid = kUuid) {
  return {{.ordinal = 2,
           .uuid = uuid,
           .name = "NVIDIA H100",
           .memory_bytes = 1000,
           .architecture = 90}};
}

// Asks until the answer is as wanted.
template <typename Wanted>
v1::GpuStatus Await(const GpuMonitor& monitor, const Wanted& wanted) {
  for (;;) {
    const std::vector<v1::GpuStatus> all = monitor.Status();
    REQUIRE(all.size() == 1);
    if (wanted(all[0])) return all[0];
    std::this_thread::yield();
  }
}

TEST_CASE("facts are read by UUID, each for itself") {
  FakeNvml& script = ScriptOf(kFake);
  script.used = 123;
  script.celsius = 55;
  {
    REQUIRE_OK_AND_ASSIGN(const auto nvml, Nvml::Load(kFake));
    CHECK(nvml->DriverVersion() == "580.65.06");
    const GpuFacts facts = nvml->Read(kUuid);
    CHECK(facts.error.empty());
    CHECK(facts.memory_used_bytes == 123u);
    CHECK(facts.utilization_percent == 97u);
    CHECK(facts.temperature_celsius == 55u);
    CHECK(facts.ecc_errors == 3u);

    // A GPU without ECC.
    script.ecc = nvml_abi::kErrorNotSupported;
    CHECK_FALSE(nvml->Read(kUuid).ecc_errors.has_value());
    CHECK(nvml->Read(kUuid).temperature_celsius == 55u);
    script.memory = script.utilization = script.temperature = nvml_abi::kErrorUnknown;
    const GpuFacts nothing = nvml->Read(kUuid);
    CHECK(nothing.error.empty());
    CHECK_FALSE(nothing.memory_used_bytes.has_value());
    CHECK_FALSE(nothing.utilization_percent.has_value());
    CHECK_FALSE(nothing.temperature_celsius.has_value());
    script.ecc = script.memory = script.utilization = script.temperature = nvml_abi::kSuccess;

    CHECK(nvml->Read("MIG-1").error == "nvmlDeviceGetHandleByUUID MIG-1: Not Found (6)");
    CHECK(script.shutdowns == 0);
  }
  CHECK(script.shutdowns == 1);
}

TEST_CASE("what a library lacks is not known, and what it needs is named") {
  REQUIRE_OK_AND_ASSIGN(const auto small, Nvml::Load(kSmall));
  ScriptOf(kSmall).used = 7;
  CHECK(small->DriverVersion().empty());
  const GpuFacts facts = small->Read(kUuid);
  CHECK(facts.memory_used_bytes == 7u);
  CHECK_FALSE(facts.utilization_percent.has_value());
  CHECK_FALSE(facts.temperature_celsius.has_value());
  CHECK_FALSE(facts.ecc_errors.has_value());
  CHECK(small->Read("x").error == "nvmlDeviceGetHandleByUUID x: error 6");

  CHECK_STATUS(Nvml::Load(kWithoutInit).status(), absl::StatusCode::kFailedPrecondition,
               "libfake_nvml_without_init.so has no nvmlInit_v2");
  CHECK_STATUS(Nvml::Load("/no/such/libnvidia-ml.so.1").status(), absl::StatusCode::kNotFound,
               "/no/such/libnvidia-ml.so.1");
  FakeNvml& script = ScriptOf(kFake);
  script.init = nvml_abi::kErrorUnknown;
  const int shutdowns = script.shutdowns;
  CHECK_STATUS(Nvml::Load(kFake).status(), absl::StatusCode::kUnavailable,
               "nvmlInit_v2: Unknown Error (999)");
  CHECK(script.shutdowns == shutdowns);
  script.init = nvml_abi::kSuccess;
}

TEST_CASE("a monitor answers at once with what was read last") {
  FakeNvml& script = ScriptOf(kFake);
  script.used = 10;
  FakeClock clock;
  GpuMonitor monitor({.clock = &clock, .gpus = OneGpu(), .library = kFake});
  const v1::GpuStatus first = Await(monitor, [](const auto& gpu) { return gpu.monitored(); });
  CHECK(first.ordinal() == 2);
  CHECK(first.uuid() == kUuid);
  CHECK(first.name() == "NVIDIA H100");
  CHECK(first.memory_bytes() == 1000);
  CHECK(first.memory_used_bytes() == 10);
  CHECK(first.utilization_percent() == 97);
  CHECK(first.has_ecc_errors());
  CHECK(first.driver_version() == "580.65.06");

  // Not read again before its time.
  const int reads = script.reads;
  script.used = 20;
  for (int i = 0; i < 100; ++i) CHECK(monitor.Status()[0].memory_used_bytes() == 10);
  CHECK(script.reads == reads);
  clock.Advance(absl::Seconds(1));
  Await(monitor, [](const auto& gpu) { return gpu.memory_used_bytes() == 20; });

  // The GPU falls off the bus: it is still there, and nothing is known of it.
  script.handle = 15;
  clock.Advance(absl::Seconds(1));
  const v1::GpuStatus lost = Await(monitor, [](const auto& gpu) { return !gpu.monitored(); });
  CHECK(lost.name() == "NVIDIA H100");
  CHECK_FALSE(lost.has_memory_used_bytes());
  script.handle = nvml_abi::kSuccess;
  clock.Advance(absl::Seconds(1));
  Await(monitor, [](const auto& gpu) { return gpu.monitored(); });
}

TEST_CASE("a driver that hangs holds nobody up, and old facts are not shown for ever") {
  FakeNvml& script = ScriptOf(kFake);
  script.used = 10;
  FakeClock clock;
  {
    GpuMonitor monitor(
        {.clock = &clock, .gpus = OneGpu(), .library = kFake, .patience = absl::ZeroDuration()});
    Await(monitor, [](const auto& gpu) { return gpu.monitored(); });
    script.hang = true;
    clock.Advance(absl::Seconds(2));
    // Asks for new facts; they do not come.
    while (!script.hangs) CHECK(monitor.Status()[0].memory_used_bytes() == 10);
    clock.Advance(absl::Seconds(20));
    CHECK(monitor.Status()[0].memory_used_bytes() == 10);
    clock.Advance(absl::Seconds(20));
    CHECK_FALSE(monitor.Status()[0].monitored());
    CHECK(monitor.Status()[0].name() == "NVIDIA H100");
    // Goes, though the driver does not answer.
  }
  CHECK(script.hangs);
  const int shutdowns = script.shutdowns;
  script.hang = false;
  while (script.shutdowns == shutdowns) std::this_thread::yield();
}

TEST_CASE("without NVML there are no facts, and without GPUs nothing to ask") {
  FakeClock clock;
  GpuMonitor without({.clock = &clock, .gpus = OneGpu(), .library = "/no/such/library.so"});
  for (int i = 0; i < 3; ++i) {
    REQUIRE(without.Status().size() == 1);
    CHECK_FALSE(without.Status()[0].monitored());
    CHECK(without.Status()[0].memory_bytes() == 1000);
    clock.Advance(absl::Seconds(2));
  }
  const int inits = ScriptOf(kFake).inits;
  CHECK(GpuMonitor({.clock = &clock, .gpus = {}, .library = kFake}).Status().empty());
  CHECK(ScriptOf(kFake).inits == inits);
}

}  // namespace
}  // namespace paceline::gpu
