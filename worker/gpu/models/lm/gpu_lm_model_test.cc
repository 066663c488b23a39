// The language model on a fake GPU whose kernels are the real ones, against the CPU's runner,
// which lm_runner_test.cc holds against float64.
#include "worker/gpu/models/lm/gpu_lm_model.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <cstring>
#include <memory>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "common/clock.h"
#include "common/spec/defaults.h"
#include "common/status/status_matchers.h"
#include "worker/core/models/lm/lm_shape.h"
#include "worker/core/models/model_factory.h"
#include "worker/core/models/runner_factory.h"
#include "worker/gpu/fake/fake_gpu.h"
#include "worker/gpu/gpu_device.h"
#include "worker/gpu/models/gpu_model.h"
#include "worker/gpu/models/gpu_runner.h"
#include "worker/gpu/models/lm/gpu_lm_network.h"
#include "worker/gpu/models/loss_scale.h"
#include "worker/gpu/models/model_options.h"
#include "worker/gpu/models/products.h"
#include "worker/gpu/runtime/gpu.h"

namespace paceline::worker {
namespace {

using gpu::fake::FakeGpu;
using gpu::fake::FakeGpuOptions;

const GradientReady kIgnore = [](int) {};

v1::JobSpec Spec(uint32_t context, uint32_t layers, uint32_t heads, uint32_t width,
                 v1::Positions positions = v1::POSITIONS_ROTARY, double dropout = 0,
                 v1::Precision precision = v1::PRECISION_FLOAT32) {
  v1::JobSpec spec;
  spec.mutable_model()->set_kind(v1::MODEL_KIND_LM);
  v1::LmSpec* lm = spec.mutable_model()->mutable_lm();
  lm->set_context(context);
  lm->set_layers(layers);
  lm->set_heads(heads);
  lm->set_width(width);
  lm->set_positions(positions);
  lm->set_dropout(dropout);
  spec.mutable_train()->set_precision(precision);
  spec.mutable_train()->set_seed(99);
  return WithDefaults(spec);
}

// A model on a GPU of its own, and random parameters.
struct OnGpu {
  RealClock clock;
  v1::JobSpec spec;
  LmShape shape;
  std::shared_ptr<FakeGpu> gpu;
  std::unique_ptr<GpuDevice> device;
  std::unique_ptr<Model> model;
  std::unique_ptr<Runner> runner;
  Parameters parameters;
  Gradients gradients;
  LossSum loss;

  explicit OnGpu(const v1::JobSpec& job, uint64_t seed = 1)
      : spec(job),
        shape(LmShape::FromSpec(job.model().lm())),
        gpu(std::make_shared<FakeGpu>(FakeGpuOptions{.seed = seed})),
        device(std::make_unique<GpuDevice>(gpu, &clock, nullptr)) {
    REQUIRE_OK_AND_ASSIGN(model, CreateModel(spec, shape.context + 1, 0));
    REQUIRE_OK_AND_ASSIGN(runner, device->CreateRunner(spec, *model, shape.context + 1, 0));
    std::mt19937 random(5);
    std::uniform_real_distribution<float> value(-0.5f, 0.5f);
    for (const v1::TableSpec& table : model->tables()) {
      parameters.emplace_back().rows.resize(table.rows() * table.dim());
      for (float& x : parameters.back().rows) x = value(random);
    }
  }

  // From now on in chunks of as many windows as fit in these bytes.
  void TakeChunks(uint64_t bytes) {
    const GpuModelOptions options = {.gpu = gpu.get(),
                                     .tables = model->tables(),
                                     .features = shape.context + 1,
                                     .precision = spec.train().precision(),
                                     .seed = spec.train().seed()};
    REQUIRE_OK_AND_ASSIGN(std::unique_ptr<GpuModel> on_gpu,
                          CreateGpuLmModel(options, spec.model().lm(), bytes));
    REQUIRE_OK_AND_ASSIGN(runner, CreateGpuRunner({.gpu = gpu,
                                                   .tables = model->tables(),
                                                   .features = shape.context + 1,
                                                   .loss_scale = LossScale(spec.train()),
                                                   .clock = &clock},
                                                  std::move(on_gpu)));
  }

  Batch RandomBatch(uint64_t records, uint32_t seed = 3) const {
    std::mt19937 random(seed);
    Batch batch;
    batch.dense = true;
    batch.features = shape.context + 1;
    batch.nominal = records;
    batch.rank = 3;
    batch.iteration = 17;
    batch.labels.assign(records, 0);
    for (uint64_t i = 0; i < records * batch.features; ++i) {
      batch.dense_values.push_back(static_cast<float>(random() % kByteValues));
    }
    return batch;
  }

  absl::Status Run(const Batch& batch, float scale = 1) {
    return runner->Gradient(batch, parameters, scale, &gradients, &loss, kIgnore);
  }
};

// What the CPU makes of the same.
struct OnCpu {
  std::unique_ptr<Runner> runner;
  Gradients gradients;
  LossSum loss;

  OnCpu(const OnGpu& on_gpu, const Batch& batch, float scale = 1) {
    REQUIRE_OK_AND_ASSIGN(runner,
                          CreateCpuRunner(on_gpu.spec, *on_gpu.model, on_gpu.shape.context + 1, 0));
    REQUIRE_OK(runner->Gradient(batch, on_gpu.parameters, scale, &gradients, &loss, kIgnore));
  }
};

// ||got - wanted|| / ||wanted|| of the table where that is largest.
double WorstError(const Gradients& got, const Gradients& wanted) {
  double worst = 0;
  for (size_t t = 0; t < wanted.size(); ++t) {
    if (got[t].rows.size() != wanted[t].rows.size()) return INFINITY;
    double error = 0;
    double norm = 0;
    for (size_t i = 0; i < wanted[t].rows.size(); ++i) {
      error += std::pow(double{got[t].rows[i]} - wanted[t].rows[i], 2);
      norm += std::pow(double{wanted[t].rows[i]}, 2);
    }
    const double relative = std::sqrt(error / norm);
    worst = std::isnan(relative) ? INFINITY : std::max(worst, relative);
  }
  return worst;
}

bool SameBytes(const Gradients& a, const Gradients& b) {
  if (a.size() != b.size()) return false;
  for (size_t t = 0; t < a.size(); ++t) {
    if (a[t].rows.size() != b[t].rows.size() ||
        std::memcmp(a[t].rows.data(), b[t].rows.data(), a[t].rows.size() * sizeof(float)) != 0) {
      return false;
    }
  }
  return true;
}

TEST_CASE("losses, gradients and predictions are the cpu's") {
  const std::vector<v1::JobSpec> specs = {
      Spec(4, 2, 2, 4),
      Spec(5, 1, 1, 6),
      Spec(3, 2, 3, 6, v1::POSITIONS_LEARNED),
      Spec(9, 2, 2, 16, v1::POSITIONS_ROTARY, 0.3),
      Spec(35, 1, 2, 8, v1::POSITIONS_LEARNED, 0.1),
  };
  uint64_t seed = 0;
  for (const v1::JobSpec& spec : specs) {
    INFO(spec.model().lm().ShortDebugString());
    OnGpu on_gpu(spec, ++seed);
    for (const uint64_t records : {1, 5}) {
      Batch batch = on_gpu.RandomBatch(records);
      OnCpu on_cpu(on_gpu, batch, 0.25f);
      REQUIRE_OK(on_gpu.Run(batch, 0.25f));
      CHECK(on_gpu.loss.sum == Approx(on_cpu.loss.sum).epsilon(1e-5));
      CHECK(on_gpu.loss.count == records);
      CHECK(WorstError(on_gpu.gradients, on_cpu.gradients) < 5e-5);

      Predictions got;
      Predictions wanted;
      REQUIRE_OK(on_gpu.runner->Predict(batch, on_gpu.parameters, &got));
      REQUIRE_OK(on_cpu.runner->Predict(batch, on_gpu.parameters, &wanted));
      CHECK(got.width == wanted.width);
      REQUIRE(got.scores.size() == records);
      REQUIRE(got.losses.size() == records);
      for (uint64_t i = 0; i < records; ++i) {
        CHECK(got.scores[i] == Approx(wanted.scores[i]).epsilon(1e-4));
        CHECK(got.losses[i] == Approx(wanted.losses[i]).epsilon(1e-5));
      }

      // Staged ahead it is the same, byte for byte.
      const Gradients before = on_gpu.gradients;
      REQUIRE_OK(on_gpu.runner->Stage(&batch));
      REQUIRE_OK(on_gpu.Run(batch, 0.25f));
      CHECK(SameBytes(on_gpu.gradients, before));
    }
  }
}

TEST_CASE("a batch of several chunks, the last one ragged, is the whole") {
  for (const v1::Positions positions : {v1::POSITIONS_ROTARY, v1::POSITIONS_LEARNED}) {
    OnGpu on_gpu(Spec(6, 2, 2, 8, positions, 0.2));
    const Batch batch = on_gpu.RandomBatch(5);
    const OnCpu on_cpu(on_gpu, batch);
    // A window takes about 21300: one at a time, or two.
    for (const uint64_t bytes : {1, 50000}) {
      INFO(bytes);
      on_gpu.TakeChunks(bytes);
      std::vector<int> order;
      REQUIRE_OK(on_gpu.runner->Gradient(batch, on_gpu.parameters, 1, &on_gpu.gradients,
                                         &on_gpu.loss, [&](int table) { order.push_back(table); }));
      CHECK(on_gpu.loss.sum == Approx(on_cpu.loss.sum).epsilon(1e-5));
      CHECK(WorstError(on_gpu.gradients, on_cpu.gradients) < 5e-5);
      // Each once, the embedding last.
      CHECK(order.size() == on_gpu.parameters.size());
      CHECK(order.front() == on_gpu.shape.NormGain());
      CHECK(order.back() == on_gpu.shape.Embedding());
      Predictions predictions;
      REQUIRE_OK(on_gpu.runner->Predict(batch, on_gpu.parameters, &predictions));
      CHECK(predictions.losses.size() == 5);
    }
  }
}

TEST_CASE("the same inputs give the same bytes, however streams overtake one another") {
  Gradients first;
  for (uint64_t seed = 1; seed <= 3; ++seed) {
    OnGpu on_gpu(Spec(6, 2, 2, 8, v1::POSITIONS_ROTARY, 0.2), seed);
    on_gpu.TakeChunks(50000);
    REQUIRE_OK(on_gpu.Run(on_gpu.RandomBatch(5)));
    if (seed == 1) first = on_gpu.gradients;
    CHECK(SameBytes(on_gpu.gradients, first));
  }
}

TEST_CASE("dropout is that of the iteration and the rank, and of training alone") {
  OnGpu on_gpu(Spec(6, 1, 2, 8, v1::POSITIONS_ROTARY, 0.4));
  Batch batch = on_gpu.RandomBatch(2);
  REQUIRE_OK(on_gpu.Run(batch));
  const double trained = on_gpu.loss.sum;
  Predictions predictions;
  REQUIRE_OK(on_gpu.runner->Predict(batch, on_gpu.parameters, &predictions));
  CHECK(predictions.losses[0] + predictions.losses[1] != Approx(trained).epsilon(1e-4));
  for (const bool rank : {false, true}) {
    Batch other = batch;
    rank ? ++other.rank : ++other.iteration;
    REQUIRE_OK(on_gpu.Run(other));
    CHECK(on_gpu.loss.sum != Approx(trained).epsilon(1e-4));
    const OnCpu on_cpu(on_gpu, other);
    CHECK(on_gpu.loss.sum == Approx(on_cpu.loss.sum).epsilon(1e-5));
  }
}

TEST_CASE("a batch without records has no loss, and gradients of zero") {
  OnGpu on_gpu(Spec(4, 1, 1, 4, v1::POSITIONS_LEARNED));
  REQUIRE_OK(on_gpu.Run(on_gpu.RandomBatch(3)));
  const Batch empty = on_gpu.RandomBatch(0);
  std::vector<int> order;
  REQUIRE_OK(on_gpu.runner->Gradient(empty, on_gpu.parameters, 1, &on_gpu.gradients, &on_gpu.loss,
                                     [&](int table) { order.push_back(table); }));
  CHECK(order.size() == on_gpu.parameters.size());
  CHECK(on_gpu.loss.sum == 0);
  CHECK(on_gpu.loss.count == 0);
  for (size_t t = 0; t < on_gpu.parameters.size(); ++t) {
    CHECK(on_gpu.gradients[t].rows == TensorFloats(on_gpu.parameters[t].rows.size(), 0.0f));
  }
  Predictions predictions;
  REQUIRE_OK(on_gpu.runner->Predict(empty, on_gpu.parameters, &predictions));
  CHECK(predictions.losses.empty());
}

TEST_CASE("lower precisions stay within their tolerance, in chunks too") {
  const struct {
    v1::Precision precision;
    double tolerance;
  } cases[] = {{v1::PRECISION_TF32, 5e-3}, {v1::PRECISION_BF16, 5e-2}, {v1::PRECISION_FP16, 5e-3}};
  for (const auto& [precision, tolerance] : cases) {
    for (const v1::Positions positions : {v1::POSITIONS_ROTARY, v1::POSITIONS_LEARNED}) {
      INFO(precision << ", positions " << positions);
      OnGpu on_gpu(Spec(7, 2, 2, 8, positions, 0.1, precision));
      const Batch batch = on_gpu.RandomBatch(5);
      // Small, as a mean over many windows: fp16 alone would lose it.
      v1::JobSpec exact = on_gpu.spec;
      exact.mutable_train()->set_precision(v1::PRECISION_FLOAT32);
      const OnCpu on_cpu(OnGpu(exact), batch, 1e-6f);
      REQUIRE_OK(on_gpu.Run(batch, 1e-6f));
      const double error = WorstError(on_gpu.gradients, on_cpu.gradients);
      CHECK(error < tolerance);
      // It does round.
      CHECK(error > 1e-5);
      on_gpu.TakeChunks(1);
      REQUIRE_OK(on_gpu.Run(batch, 1e-6f));
      CHECK(WorstError(on_gpu.gradients, on_cpu.gradients) < tolerance);
    }
  }
}

TEST_CASE("a window takes the memory that chunks are measured by") {
  for (const v1::Precision precision : {v1::PRECISION_FLOAT32, v1::PRECISION_BF16}) {
    const v1::JobSpec spec = Spec(16, 2, 2, 16, v1::POSITIONS_ROTARY, 0, precision);
    uint64_t free[2];
    for (const uint64_t more : {0, 1}) {
      OnGpu on_gpu(spec);
      REQUIRE_OK(on_gpu.Run(on_gpu.RandomBatch(4 + 4 * more)));
      REQUIRE_OK_AND_ASSIGN(const gpu::GpuMemory memory, on_gpu.gpu->Memory());
      free[more] = memory.free;
    }
    const LmShape shape = LmShape::FromSpec(spec.model().lm());
    const uint64_t foreseen =
        4 * shape.context *
        GpuLmNetwork::BytesPerRow(shape, Products(nullptr, spec.train().precision()));
    // The batch itself and what is said of it come on top.
    const uint64_t batch = 4 * (shape.context + 4) * sizeof(float) + 256;
    const uint64_t taken = free[0] - free[1];
    CHECK(taken <= foreseen + batch);
    CHECK(taken > foreseen * 3 / 4);
  }
}

TEST_CASE("a steady state allocates nothing, and every copy has pinned memory at its end") {
  OnGpu on_gpu(Spec(8, 2, 2, 16));
  uint64_t settled = 0;
  for (int i = 0; i < 6; ++i) {
    // Also when batches are smaller for once.
    Batch batch = on_gpu.RandomBatch(i % 2 == 0 ? 4 : 3, i);
    REQUIRE_OK(on_gpu.runner->Stage(&batch));
    REQUIRE_OK(on_gpu.Run(batch));
    if (i == 2) settled = on_gpu.gpu->allocations();
  }
  CHECK(on_gpu.gpu->allocations() == settled);
  CHECK(on_gpu.gpu->unpinned_copies() == 0);
}

TEST_CASE("what does not fit is refused and named, and the runner goes on") {
  OnGpu on_gpu(Spec(4, 1, 1, 4));
  const Batch batch = on_gpu.RandomBatch(2);
  Predictions predictions;
  const auto check = [&](const Batch& wrong, const char* part) {
    CHECK_STATUS(on_gpu.Run(wrong), absl::StatusCode::kInvalidArgument, part);
    CHECK_STATUS(on_gpu.runner->Predict(wrong, on_gpu.parameters, &predictions),
                 absl::StatusCode::kInvalidArgument, part);
  };
  for (const float byte : {-1.0f, 256.0f, 0.5f, NAN}) {
    Batch wrong = batch;
    wrong.dense_values[7] = byte;
    check(wrong, "record 1: bytes from 0 to 255 expected");
  }
  Batch sparse = batch;
  sparse.dense = false;
  sparse.dense_values.clear();
  sparse.offsets = {0, 1, 1};
  sparse.indices = {2};
  sparse.values = {1};
  check(sparse, "sparse records");
  CHECK_OK(on_gpu.Run(batch));
  CHECK_STATUS(on_gpu.device->CreateRunner(on_gpu.spec, *on_gpu.model, 9, 0).status(),
               absl::StatusCode::kInvalidArgument,
               "context + 1 = 5 bytes expected, got data with 9 features");
}

TEST_CASE("whichever call of the GPU fails, the error comes out and nothing is left behind") {
  OnGpu on_gpu(Spec(3, 1, 1, 2, v1::POSITIONS_ROTARY, 0.1));
  on_gpu.TakeChunks(1);
  const Batch batch = on_gpu.RandomBatch(2);
  REQUIRE_OK(on_gpu.Run(batch));
  const Gradients wanted = on_gpu.gradients;
  uint64_t failures = 0;
  for (uint64_t at = 1; at < 1000; ++at) {
    on_gpu.gpu->FailAfter(at, absl::InternalError("GPU 0: fell off the bus"));
    const absl::Status status = on_gpu.Run(batch);
    on_gpu.gpu->FailAfter(0, absl::OkStatus());
    if (status.ok()) break;
    ++failures;
    CHECK_STATUS(status, absl::StatusCode::kInternal, "fell off the bus");
    if (at % 8 != 0) continue;
    REQUIRE_OK(on_gpu.Run(batch));
    REQUIRE(SameBytes(on_gpu.gradients, wanted));
  }
  CHECK(failures > 40);
}

}  // namespace
}  // namespace paceline::worker
