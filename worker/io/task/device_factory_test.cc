#include "worker/io/task/device_factory.h"

#include <catch2/catch.hpp>
#include <memory>
#include <string>

#include "common/clock.h"
#include "common/status/status_matchers.h"
#include "worker/core/math/blas.h"
#include "worker/core/math/vector_kernels.h"
#include "worker/core/models/model_factory.h"

namespace paceline::worker {
namespace {

TEST_CASE("auto is the cpu, and says why") {
  RealClock clock;
  for (const v1::DeviceKind kind : {v1::DEVICE_KIND_UNSPECIFIED, v1::DEVICE_KIND_AUTO}) {
    REQUIRE_OK_AND_ASSIGN(
        const DeviceChoice choice,
        CreateHostDevice({.kind = kind, .reason = "auto, and there is no GPU", .clock = &clock}));
    CHECK(choice.device->name() == "cpu");
    CHECK(choice.reason == "auto, and there is no GPU");
    REQUIRE_FALSE(choice.notes.empty());
    CHECK(choice.notes[0] == "device cpu: auto, and there is no GPU");
  }
}

TEST_CASE("the cpu names its numeric class and complains of slow kernels") {
  RealClock clock;
  REQUIRE_OK_AND_ASSIGN(const DeviceChoice choice,
                        CreateHostDevice({.kind = v1::DEVICE_KIND_CPU, .clock = &clock}));
  const BlasKernel kernel = LoadedBlasKernel();
  CHECK(choice.device->name() == "cpu");
  CHECK(choice.device->numeric_class() ==
        "cpu/" + SimdLevel() + "/OpenBLAS-" + kernel.version + "-" + kernel.loaded);
  CHECK(choice.name == choice.device->numeric_class());
  REQUIRE(choice.notes.size() == (kernel.slow ? 3 : 2));
  CHECK(choice.notes[0] == "device cpu: asked for");
  CHECK(choice.notes[1] == "numeric class " + choice.name);
  if (kernel.slow) {
    CHECK(choice.notes[2].find("OPENBLAS_CORETYPE=" + kernel.wanted) != std::string::npos);
  }
}

TEST_CASE("why a device was chosen is kept") {
  RealClock clock;
  for (const v1::DeviceKind kind : {v1::DEVICE_KIND_CPU, v1::DEVICE_KIND_EMULATED}) {
    REQUIRE_OK_AND_ASSIGN(const DeviceChoice asked,
                          CreateHostDevice({.kind = kind, .clock = &clock}));
    CHECK(asked.reason == "asked for");
    REQUIRE_OK_AND_ASSIGN(
        const DeviceChoice chosen,
        CreateHostDevice({.kind = kind, .reason = "auto, and there is no GPU", .clock = &clock}));
    CHECK(chosen.reason == "auto, and there is no GPU");
  }
}

TEST_CASE("emulated says that it computes nothing") {
  RealClock clock;
  REQUIRE_OK_AND_ASSIGN(const DeviceChoice choice,
                        CreateHostDevice({.kind = v1::DEVICE_KIND_EMULATED, .clock = &clock}));
  CHECK(choice.device->name() == "emulated");
  REQUIRE(choice.notes.size() == 1);
  CHECK(choice.notes[0].find("noise") != std::string::npos);
}

TEST_CASE("what is no device of the host is refused") {
  RealClock clock;
  CHECK_STATUS(CreateHostDevice({.kind = v1::DEVICE_KIND_CUDA, .clock = &clock}),
               absl::StatusCode::kFailedPrecondition,
               "resources.device cuda: auto, cpu or emulated expected");
  CHECK_STATUS(CreateHostDevice({.kind = static_cast<v1::DeviceKind>(77), .clock = &clock}),
               absl::StatusCode::kInvalidArgument, "got 77");
}

TEST_CASE("the cpu runs models that compute, and no other") {
  RealClock clock;
  REQUIRE_OK_AND_ASSIGN(const DeviceChoice choice,
                        CreateHostDevice({.kind = v1::DEVICE_KIND_CPU, .clock = &clock}));
  v1::JobSpec spec;
  spec.mutable_model()->set_kind(v1::MODEL_KIND_LOGISTIC);
  REQUIRE_OK_AND_ASSIGN(std::unique_ptr<Model> model, CreateModel(spec, 3, 2));
  CHECK_OK(choice.device->CreateRunner(spec, *model, 3, 2));
  spec.mutable_model()->set_kind(v1::MODEL_KIND_LAYERS);
  spec.mutable_model()->add_layer_sizes(3);
  REQUIRE_OK_AND_ASSIGN(model, CreateModel(spec, 0, 0));
  CHECK_STATUS(choice.device->CreateRunner(spec, *model, 0, 0), absl::StatusCode::kInvalidArgument,
               "device emulated only");
}

}  // namespace
}  // namespace paceline::worker
