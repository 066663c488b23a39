#include "worker/core/models/runner_factory.h"

#include <catch2/catch.hpp>
#include <memory>

#include "common/status/status_matchers.h"
#include "worker/core/models/model_factory.h"

namespace paceline::worker {
namespace {

v1::JobSpec Spec(v1::ModelKind kind) {
  v1::JobSpec spec;
  spec.mutable_model()->set_kind(kind);
  return spec;
}

TEST_CASE("layers has no cpu form") {
  v1::JobSpec spec = Spec(v1::MODEL_KIND_LAYERS);
  spec.mutable_model()->add_layer_sizes(5);
  REQUIRE_OK_AND_ASSIGN(const std::unique_ptr<Model> model, CreateModel(spec, 0, 0));
  CHECK_STATUS(CreateCpuRunner(spec, *model, 0, 0), absl::StatusCode::kInvalidArgument,
               "device emulated only");
}

TEST_CASE("a model of another spec, or of other data, is refused") {
  const v1::JobSpec spec = Spec(v1::MODEL_KIND_SOFTMAX);
  REQUIRE_OK_AND_ASSIGN(const std::unique_ptr<Model> model, CreateModel(spec, 5, 3));
  CHECK_OK(CreateCpuRunner(spec, *model, 5, 3));
  CHECK_STATUS(CreateCpuRunner(spec, *model, 6, 3), absl::StatusCode::kInvalidArgument,
               "softmax/weight of 6 x 3 expected, got softmax/weight of 5 x 3");
  CHECK_STATUS(CreateCpuRunner(spec, *model, 5, 4), absl::StatusCode::kInvalidArgument,
               "softmax/bias of 1 x 4");
  CHECK_STATUS(CreateCpuRunner(Spec(v1::MODEL_KIND_LOGISTIC), *model, 5, 3),
               absl::StatusCode::kInvalidArgument, "logistic/bias");
  CHECK_STATUS(CreateCpuRunner(Spec(v1::MODEL_KIND_FM), *model, 5, 3),
               absl::StatusCode::kInvalidArgument, "3 tables expected, got 2");
  CHECK_STATUS(CreateCpuRunner(v1::JobSpec(), *model, 5, 3), absl::StatusCode::kInvalidArgument,
               "model.kind");
}

}  // namespace
}  // namespace paceline::worker
