// Every model, in every form, on a fake GPU whose kernels are the real ones: against the
// float64 reference and the CPU's runner.
#include <catch2/catch.hpp>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "common/clock.h"
#include "common/status/status_matchers.h"
#include "worker/core/models/cases.h"
#include "worker/core/models/model_factory.h"
#include "worker/core/models/reference.h"
#include "worker/core/models/runner_factory.h"
#include "worker/core/trace/tracer.h"
#include "worker/gpu/fake/fake_gpu.h"
#include "worker/gpu/gpu_device.h"
#include "worker/gpu/models/gpu_runner_fixture.h"

namespace paceline::worker {
namespace {

using gpu::fake::FakeGpu;
using testing::AllModels;
using testing::GradientOf;
using testing::kIgnore;
using testing::ModelCase;
using testing::OnGpu;
using testing::RandomBatch;
using testing::RandomParameters;
using testing::Reference;
using testing::RelativeError;
using testing::SameBytes;
using testing::SpecOf;

TEST_CASE("every model in every form agrees with float64 and with the cpu") {
  std::mt19937 random(7);
  for (const uint64_t features : {1, 33}) {
    for (const ModelCase& c : AllModels(features)) {
      for (const bool dense : {true, false}) {
        INFO(c.ToString() << ", features " << features << ", dense " << dense);
        OnGpu on_gpu(c, SpecOf(c), /*seed=*/random());
        REQUIRE_OK_AND_ASSIGN(const std::unique_ptr<Runner> cpu,
                              CreateCpuRunner(c.Spec(), *on_gpu.model, c.features, c.classes));
        for (const uint64_t n : {1, 31}) {
          Batch batch = RandomBatch(c, dense, n, &random);
          const Parameters parameters = RandomParameters(*on_gpu.model, batch, &random);
          const float scale = 0.25f;
          REQUIRE_OK(on_gpu.Run(batch, parameters, scale));
          const Reference reference(c, batch, parameters);
          const double wanted = reference.Loss(reference.values());
          CHECK(on_gpu.loss.sum == Approx(wanted).epsilon(1e-5).margin(1e-6));
          CHECK(on_gpu.loss.count == n);
          CHECK(RelativeError(on_gpu.gradients, GradientOf(c, reference), scale) < 2e-5);

          Predictions got;
          Predictions from_cpu;
          REQUIRE_OK(on_gpu.runner->Predict(batch, parameters, &got));
          REQUIRE_OK(cpu->Predict(batch, parameters, &from_cpu));
          CHECK(got.width == from_cpu.width);
          REQUIRE(got.scores.size() == from_cpu.scores.size());
          for (size_t i = 0; i < got.scores.size(); ++i) {
            CHECK(got.scores[i] == Approx(from_cpu.scores[i]).epsilon(1e-4).margin(1e-5));
          }
          REQUIRE(got.losses.size() == from_cpu.losses.size());
          for (size_t i = 0; i < got.losses.size(); ++i) {
            CHECK(got.losses[i] == Approx(from_cpu.losses[i]).epsilon(1e-4).margin(1e-5));
          }

          if (n == 1) continue;
          // Staged ahead it is the same, byte for byte.
          const Gradients before = on_gpu.gradients;
          REQUIRE_OK(on_gpu.runner->Stage(&batch));
          REQUIRE(batch.staged != nullptr);
          REQUIRE_OK(on_gpu.Run(batch, parameters, scale));
          CHECK(SameBytes(on_gpu.gradients, before));
        }
      }
    }
  }
}

TEST_CASE("tables become ready from the last to the first, and hold their gradients by then") {
  const ModelCase c = {.kind = v1::MODEL_KIND_MLP, .hidden = {4, 6}, .features = 5};
  std::mt19937 random(3);
  OnGpu on_gpu(c, SpecOf(c));
  const Batch batch = RandomBatch(c, true, 9, &random);
  const Parameters parameters = RandomParameters(*on_gpu.model, batch, &random);
  REQUIRE_OK(on_gpu.Run(batch, parameters));
  const Gradients wanted = on_gpu.gradients;
  std::vector<int> order;
  REQUIRE_OK(on_gpu.runner->Gradient(batch, parameters, 1, &on_gpu.gradients, &on_gpu.loss,
                                     [&](int table) {
                                       order.push_back(table);
                                       CHECK(on_gpu.gradients[table].rows == wanted[table].rows);
                                     }));
  CHECK(order == std::vector<int>{5, 4, 3, 2, 1, 0});
}

TEST_CASE("the same inputs give the same bytes, however streams overtake one another") {
  std::mt19937 random(11);
  for (const ModelCase& c : AllModels(33)) {
    for (const bool dense : {true, false}) {
      INFO(c.ToString() << ", dense " << dense);
      Gradients first;
      for (uint64_t seed = 1; seed <= 3; ++seed) {
        std::mt19937 same(5);
        OnGpu on_gpu(c, SpecOf(c), seed);
        const Batch batch = RandomBatch(c, dense, 40, &same);
        const Parameters parameters = RandomParameters(*on_gpu.model, batch, &same);
        REQUIRE_OK(on_gpu.Run(batch, parameters));
        if (seed == 1) first = on_gpu.gradients;
        CHECK(SameBytes(on_gpu.gradients, first));
      }
    }
  }
}

TEST_CASE("a batch without records has no loss, and gradients of zero") {
  std::mt19937 random(3);
  for (const ModelCase& c : AllModels(5)) {
    for (const bool dense : {true, false}) {
      INFO(c.ToString() << ", dense " << dense);
      OnGpu on_gpu(c, SpecOf(c));
      // Keys of some batch: an empty one needs none of them.
      const Parameters parameters =
          RandomParameters(*on_gpu.model, RandomBatch(c, dense, 4, &random), &random);
      const Batch empty = RandomBatch(c, dense, 0, &random);
      REQUIRE_OK(on_gpu.Run(empty, parameters));
      CHECK(on_gpu.loss.sum == 0);
      CHECK(on_gpu.loss.count == 0);
      for (size_t t = 0; t < parameters.size(); ++t) {
        CHECK(on_gpu.gradients[t].rows == TensorFloats(parameters[t].rows.size(), 0.0f));
      }
      Predictions predictions;
      REQUIRE_OK(on_gpu.runner->Predict(empty, parameters, &predictions));
      CHECK(predictions.scores.empty());
      CHECK(predictions.losses.empty());
    }
  }
}

TEST_CASE("a steady state allocates nothing") {
  for (const v1::ModelKind kind : {v1::MODEL_KIND_MLP, v1::MODEL_KIND_FM}) {
    ModelCase c = {.kind = kind, .hidden = {64, 32}, .factors = 8, .features = 300};
    c.table = kind == v1::MODEL_KIND_FM ? v1::TABLE_KIND_SPARSE : v1::TABLE_KIND_DENSE;
    if (kind == v1::MODEL_KIND_FM) c.hidden.clear();
    std::mt19937 random(3);
    OnGpu on_gpu(c, SpecOf(c));
    uint64_t settled = 0;
    for (int i = 0; i < 12; ++i) {
      Batch batch = RandomBatch(c, kind == v1::MODEL_KIND_MLP, 16, &random);
      const Parameters parameters = RandomParameters(*on_gpu.model, batch, &random);
      REQUIRE_OK(on_gpu.runner->Stage(&batch));
      REQUIRE_OK(on_gpu.Run(batch, parameters));
      if (i == 5) settled = on_gpu.gpu->allocations();
    }
    CHECK(on_gpu.gpu->allocations() == settled);
    // Every copy had pinned memory at its other end.
    CHECK(on_gpu.gpu->unpinned_copies() == 0);
  }
}

TEST_CASE("rows that were uploaded are not copied again, and others never taken for them") {
  const ModelCase c = {.kind = v1::MODEL_KIND_SOFTMAX, .features = 40, .classes = 10};
  std::mt19937 random(3);
  OnGpu on_gpu(c, SpecOf(c));
  const Batch batch = RandomBatch(c, true, 4, &random);
  Parameters parameters = RandomParameters(*on_gpu.model, batch, &random);
  REQUIRE_OK(on_gpu.Run(batch, parameters));
  const Gradients wanted = on_gpu.gradients;

  CHECK(on_gpu.runner->wants_uploads());
  parameters[1].version = 17;
  REQUIRE_OK(on_gpu.runner->Upload(1, parameters[1].rows, 17));
  uint64_t bytes = on_gpu.gpu->bytes_in();
  REQUIRE_OK(on_gpu.Run(batch, parameters));
  const uint64_t saved = on_gpu.gpu->bytes_in() - bytes;
  CHECK(SameBytes(on_gpu.gradients, wanted));

  // The next has no version: it is copied, and what was there before is forgotten.
  Parameters other = RandomParameters(*on_gpu.model, batch, &random);
  bytes = on_gpu.gpu->bytes_in();
  REQUIRE_OK(on_gpu.Run(batch, other));
  CHECK(on_gpu.gpu->bytes_in() - bytes == saved + 40 * 10 * sizeof(float));
  CHECK_FALSE(SameBytes(on_gpu.gradients, wanted));
  REQUIRE_OK(on_gpu.Run(batch, parameters));
  CHECK(SameBytes(on_gpu.gradients, wanted));
}

struct Spans final : public Tracer {
  void Add(const TraceSpan& span) override { spans.push_back(span); }
  std::vector<TraceSpan> Of(TraceTrack track) const {
    std::vector<TraceSpan> found;
    for (const TraceSpan& span : spans) {
      if (span.track == track) found.push_back(span);
    }
    return found;
  }
  std::vector<TraceSpan> spans;
};

TEST_CASE("a trace says when the GPU copied and computed") {
  const ModelCase c = {.kind = v1::MODEL_KIND_SOFTMAX, .features = 40, .classes = 10};
  std::mt19937 random(3);
  Spans spans;
  OnGpu on_gpu(c, SpecOf(c), 1, &spans);
  for (uint64_t iteration = 7; iteration < 9; ++iteration) {
    spans.spans.clear();
    Batch batch = RandomBatch(c, true, 4, &random);
    batch.iteration = iteration;
    REQUIRE_OK(on_gpu.runner->Stage(&batch));
    Parameters parameters = RandomParameters(*on_gpu.model, batch, &random);
    parameters[1].version = iteration;
    REQUIRE_OK(on_gpu.runner->Upload(1, parameters[1].rows, iteration));
    REQUIRE_OK(on_gpu.Run(batch, parameters));
    const std::vector<TraceSpan> in = spans.Of(TraceTrack::kCopyIn);
    REQUIRE(in.size() == 3);
    CHECK(in[1].bytes + in[2].bytes == 41 * 10 * sizeof(float));
    const std::vector<TraceSpan> compute = spans.Of(TraceTrack::kCompute);
    REQUIRE(compute.size() == 2);
    CHECK(compute[0].name == "forward");
    CHECK(compute[1].name == "backward");
    CHECK(compute[0].end == compute[1].begin);
    const std::vector<TraceSpan> out = spans.Of(TraceTrack::kCopyOut);
    REQUIRE(out.size() == 2);
    for (const TraceSpan& span : spans.spans) {
      CHECK(span.iteration == iteration);
      CHECK(span.begin < span.end);
    }
    for (const TraceSpan& span : in) CHECK(span.end <= compute[0].end);
    for (const TraceSpan& span : out) CHECK(span.begin >= compute[0].end);
  }
}

TEST_CASE("bad batches and parameters are refused by name, and the runner goes on") {
  const ModelCase c = {
      .kind = v1::MODEL_KIND_FM, .table = v1::TABLE_KIND_SPARSE, .factors = 2, .features = 9};
  std::mt19937 random(3);
  OnGpu on_gpu(c, SpecOf(c));
  const Batch batch = RandomBatch(c, false, 30, &random);
  const Parameters parameters = RandomParameters(*on_gpu.model, batch, &random);

  Batch bad = batch;
  bad.labels[2] = 0.5f;
  CHECK_STATUS(on_gpu.Run(bad, parameters), absl::StatusCode::kInvalidArgument, "record 2");
  bad = batch;
  bad.indices.back() = 9;
  CHECK_STATUS(on_gpu.Run(bad, parameters), absl::StatusCode::kInvalidArgument, "got 9");
  CHECK_STATUS(on_gpu.runner->Stage(&bad), absl::StatusCode::kInvalidArgument, "got 9");

  // A feature that was not pulled, which only the GPU finds out.
  Parameters less = parameters;
  const uint64_t missing = less[1].keys.back();
  for (const int table : {1, 2}) {
    less[table].keys.pop_back();
    less[table].rows.resize(less[table].keys.size() * (table == 1 ? 2 : 1));
  }
  bool any_ready = false;
  CHECK_STATUS(on_gpu.runner->Gradient(batch, less, 1, &on_gpu.gradients, &on_gpu.loss,
                                       [&](int) { any_ready = true; }),
               absl::StatusCode::kInvalidArgument,
               "feature " + std::to_string(missing) + " of the batch is not among the keys");
  CHECK_FALSE(any_ready);
  Predictions predictions;
  CHECK_STATUS(on_gpu.runner->Predict(batch, less, &predictions),
               absl::StatusCode::kInvalidArgument, "is not among the keys");
  less[2].keys.pop_back();
  less[2].rows.pop_back();
  CHECK_STATUS(on_gpu.Run(batch, less), absl::StatusCode::kInvalidArgument, "the same keys");
  CHECK_OK(on_gpu.Run(batch, parameters));
}

TEST_CASE("memory that is short is an error with the numbers") {
  const ModelCase c = {.kind = v1::MODEL_KIND_SOFTMAX, .features = 600, .classes = 500};
  RealClock clock;
  auto gpu = std::make_shared<FakeGpu>(gpu::fake::FakeGpuOptions{.memory_bytes = 1 << 20});
  GpuDevice device(gpu, &clock, nullptr);
  REQUIRE_OK_AND_ASSIGN(const std::unique_ptr<Model> model, CreateModel(c.Spec(), 600, 500));
  REQUIRE_OK_AND_ASSIGN(const std::unique_ptr<Runner> runner,
                        device.CreateRunner(c.Spec(), *model, 600, 500));
  std::mt19937 random(3);
  const Batch batch = RandomBatch(c, true, 4, &random);
  const Parameters parameters = RandomParameters(*model, batch, &random);
  Gradients gradients;
  LossSum loss;
  const absl::Status status = runner->Gradient(batch, parameters, 1, &gradients, &loss, kIgnore);
  CHECK_STATUS(status, absl::StatusCode::kResourceExhausted,
               "out of memory: 1.1 MiB needed for rows of table softmax/weight");
  CHECK_STATUS(status, absl::StatusCode::kResourceExhausted, "free of 1.0 MiB");
}

TEST_CASE("whichever call of the GPU fails, the error comes out and nothing is left behind") {
  const ModelCase c = {.kind = v1::MODEL_KIND_MLP, .hidden = {4}, .features = 5};
  std::mt19937 random(3);
  OnGpu on_gpu(c, SpecOf(c));
  const Batch batch = RandomBatch(c, true, 4, &random);
  const Parameters parameters = RandomParameters(*on_gpu.model, batch, &random);
  REQUIRE_OK(on_gpu.Run(batch, parameters));
  const Gradients wanted = on_gpu.gradients;
  uint64_t failures = 0;
  for (uint64_t at = 1; at < 1000; ++at) {
    on_gpu.gpu->FailAfter(at, absl::InternalError("GPU 0: fell off the bus"));
    const absl::Status status = on_gpu.Run(batch, parameters);
    on_gpu.gpu->FailAfter(0, absl::OkStatus());
    if (status.ok()) break;
    ++failures;
    CHECK_STATUS(status, absl::StatusCode::kInternal, "fell off the bus");
    REQUIRE_OK(on_gpu.Run(batch, parameters));
    REQUIRE(SameBytes(on_gpu.gradients, wanted));
  }
  CHECK(failures > 40);
}

}  // namespace
}  // namespace paceline::worker
