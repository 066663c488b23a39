// What precision and determinism make of a gradient.
#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <memory>
#include <random>
#include <vector>

#include "common/clock.h"
#include "common/status/status_matchers.h"
#include "worker/core/models/cases.h"
#include "worker/core/models/model_factory.h"
#include "worker/core/models/reference.h"
#include "worker/gpu/fake/fake_gpu.h"
#include "worker/gpu/gpu_device.h"
#include "worker/gpu/models/gpu_runner_fixture.h"

namespace paceline::worker {
namespace {

using gpu::fake::FakeGpu;
using testing::AllModels;
using testing::GradientOf;
using testing::ModelCase;
using testing::OnGpu;
using testing::RandomBatch;
using testing::RandomParameters;
using testing::Reference;
using testing::RelativeError;
using testing::SameBytes;
using testing::SpecOf;

TEST_CASE("lower precisions stay within their tolerance") {
  std::mt19937 random(23);
  const struct {
    v1::Precision precision;
    double tolerance;
  } cases[] = {{v1::PRECISION_TF32, 1e-3}, {v1::PRECISION_BF16, 1e-2}, {v1::PRECISION_FP16, 2e-3}};
  for (const auto& [precision, tolerance] : cases) {
    for (const ModelCase& c : AllModels(33)) {
      // It has no products of matrices.
      if (c.kind == v1::MODEL_KIND_FM) continue;
      for (const bool dense : {true, false}) {
        INFO(c.ToString() << ", dense " << dense << ", precision " << precision);
        OnGpu on_gpu(c, SpecOf(c, precision));
        const Batch batch = RandomBatch(c, dense, 31, &random);
        const Parameters parameters = RandomParameters(*on_gpu.model, batch, &random);
        // Small, as a mean over many samples: fp16 alone would lose it.
        const float scale = 1e-6f;
        REQUIRE_OK(on_gpu.Run(batch, parameters, scale));
        const Reference reference(c, batch, parameters);
        CHECK(RelativeError(on_gpu.gradients, GradientOf(c, reference), scale) < tolerance);
      }
    }
  }
}

TEST_CASE("under fp16 the loss scale falls until nothing overflows, whatever came before") {
  const ModelCase c = {.kind = v1::MODEL_KIND_MLP, .hidden = {8}, .features = 6};
  std::mt19937 random(3);
  OnGpu on_gpu(c, SpecOf(c, v1::PRECISION_FP16));
  const Batch batch = RandomBatch(c, true, 16, &random);
  const Parameters parameters = RandomParameters(*on_gpu.model, batch, &random);
  // Gradients of about 100: with a factor of 65536 far beyond fp16.
  REQUIRE_OK(on_gpu.Run(batch, parameters, 200));
  const Gradients large = on_gpu.gradients;
  const Reference reference(c, batch, parameters);
  CHECK(RelativeError(large, reference.BackpropGradient(), 200) < 5e-3);
  REQUIRE_OK(on_gpu.Run(batch, parameters, 1e-3f));
  REQUIRE_OK(on_gpu.Run(batch, parameters, 200));
  CHECK(SameBytes(on_gpu.gradients, large));

  // A given one stays, and what overflows is seen by on_non_finite.
  v1::JobSpec spec = SpecOf(c, v1::PRECISION_FP16);
  spec.mutable_train()->set_loss_scale(65536);
  OnGpu given(c, spec);
  REQUIRE_OK(given.Run(batch, parameters, 200));
  const auto finite = [](float value) { return std::isfinite(value); };
  CHECK_FALSE(std::all_of(given.gradients[3].rows.begin(), given.gradients[3].rows.end(), finite));
}

TEST_CASE("a gradient that is not finite by itself comes out as it is") {
  const ModelCase c = {.kind = v1::MODEL_KIND_MLP, .hidden = {8}, .features = 6};
  std::mt19937 random(3);
  for (const v1::Precision precision : {v1::PRECISION_FLOAT32, v1::PRECISION_FP16}) {
    OnGpu on_gpu(c, SpecOf(c, precision));
    Batch batch = RandomBatch(c, true, 4, &random);
    Parameters parameters = RandomParameters(*on_gpu.model, batch, &random);
    parameters[1].rows[0] = NAN;
    batch.dense_values[0] = 1;
    REQUIRE_OK(on_gpu.Run(batch, parameters));
    CHECK(std::isnan(on_gpu.loss.sum));
    CHECK(std::isnan(on_gpu.gradients[3].rows[0]));
  }
}

TEST_CASE("without determinism sums are the same but for rounding") {
  std::mt19937 random(29);
  for (const ModelCase& c : AllModels(33)) {
    INFO(c.ToString());
    v1::JobSpec spec = SpecOf(c);
    spec.mutable_train()->set_deterministic(false);
    OnGpu on_gpu(c, spec);
    const Batch batch = RandomBatch(c, false, 31, &random);
    const Parameters parameters = RandomParameters(*on_gpu.model, batch, &random);
    REQUIRE_OK(on_gpu.Run(batch, parameters));
    const Reference reference(c, batch, parameters);
    CHECK(RelativeError(on_gpu.gradients, GradientOf(c, reference), 1) < 2e-5);
  }
}

TEST_CASE("what the GPU cannot compute is refused, saying what it is") {
  const ModelCase c = {.kind = v1::MODEL_KIND_SOFTMAX, .features = 4};
  RealClock clock;
  GpuDevice turing(std::make_shared<FakeGpu>(gpu::fake::FakeGpuOptions{.architecture = 75}), &clock,
                   nullptr);
  REQUIRE_OK_AND_ASSIGN(std::unique_ptr<Model> model, CreateModel(c.Spec(), 4, 3));
  CHECK_STATUS(turing.CreateRunner(SpecOf(c, v1::PRECISION_BF16), *model, 4, 3).status(),
               absl::StatusCode::kInvalidArgument, "8.0 or more expected, got 7.5 (GPU 0, fake)");
  CHECK_OK(turing.CreateRunner(SpecOf(c, v1::PRECISION_FP16), *model, 4, 3).status());
  CHECK(turing.numeric_class() == "cuda/fake/loops");

  v1::JobSpec counting;
  counting.mutable_model()->set_kind(v1::MODEL_KIND_COUNTING);
  REQUIRE_OK_AND_ASSIGN(model, CreateModel(counting, 0, 0));
  CHECK_STATUS(turing.CreateRunner(counting, *model, 0, 0).status(),
               absl::StatusCode::kInvalidArgument, "expected on device cuda, got counting");
}

}  // namespace
}  // namespace paceline::worker
