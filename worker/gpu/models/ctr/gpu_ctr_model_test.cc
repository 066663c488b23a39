// Click models in every form on a fake GPU whose kernels are the real ones: against the float64
// reference and the CPU's runner.
#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "common/status/status_matchers.h"
#include "worker/core/models/cases.h"
#include "worker/core/models/ctr/ctr_reference.h"
#include "worker/core/models/reference.h"
#include "worker/core/models/runner_factory.h"
#include "worker/gpu/models/ctr/ctr_cases.h"
#include "worker/gpu/models/gpu_runner_fixture.h"

namespace paceline::worker {
namespace {

using testing::AllCtrModels;
using testing::CtrCase;
using testing::CtrReference;
using testing::kCtrBuckets;
using testing::kIgnore;
using testing::OnGpu;
using testing::RandomCtrBatch;
using testing::RandomParameters;
using testing::RelativeError;
using testing::SameBytes;
using testing::Values;

// A model on a GPU, and the same on the processor.
struct Pair {
  CtrCase c;
  OnGpu gpu;
  std::unique_ptr<Runner> cpu;
  Gradients from_cpu;
  LossSum cpu_loss;

  explicit Pair(const CtrCase& a_case, const v1::JobSpec& spec, uint64_t seed = 1)
      : c(a_case), gpu(a_case.ForFixture(), spec, seed) {
    REQUIRE_OK_AND_ASSIGN(
        cpu, CreateCpuRunner(a_case.Spec(), *gpu.model, kCtrBuckets + a_case.numbers, 2));
  }

  size_t Place(const std::string& ending) const {
    const std::vector<v1::TableSpec>& tables = gpu.model->tables();
    const auto ends = [&](const v1::TableSpec& table) { return table.name().ends_with(ending); };
    return static_cast<size_t>(std::find_if(tables.begin(), tables.end(), ends) - tables.begin());
  }

  void RunBoth(const Batch& batch, const Parameters& parameters, float scale) {
    REQUIRE_OK(gpu.Run(batch, parameters, scale));
    REQUIRE_OK(cpu->Gradient(batch, parameters, scale, &from_cpu, &cpu_loss, kIgnore));
  }

  // Of all tables together.
  double ErrorToCpu() const {
    Values wanted;
    for (const TableRows& rows : from_cpu) wanted.emplace_back(rows.rows.begin(), rows.rows.end());
    return RelativeError(gpu.gradients, wanted, 1);
  }
};

TEST_CASE("every click model in every form agrees with float64") {
  std::mt19937 random(7);
  for (const CtrCase& c : AllCtrModels()) {
    INFO(c.ToString());
    Pair pair(c, c.Spec(), /*seed=*/random());
    for (const uint64_t n : {1, 6}) {
      const Batch batch = RandomCtrBatch(c, n, &random);
      const Parameters parameters = RandomParameters(*pair.gpu.model, batch, &random);
      const float scale = 0.25f;
      REQUIRE_OK(pair.gpu.Run(batch, parameters, scale));
      const CtrReference reference(c.Spec().model(), c.embedded(), pair.gpu.model->tables(), batch,
                                   parameters);
      CHECK(pair.gpu.loss.count == n);
      CHECK(pair.gpu.loss.sum ==
            Approx(reference.Loss(reference.values())).epsilon(1e-5).margin(1e-6));
      const Values wanted = reference.NumericalGradient();
      CHECK(RelativeError(pair.gpu.gradients, wanted, scale) < 2e-5);
      // Each table for itself: a small one is not lost among the others.
      for (size_t t = 0; t < wanted.size(); ++t) {
        INFO(pair.gpu.model->tables()[t].name());
        CHECK(pair.gpu.gradients[t].keys == parameters[t].keys);
        CHECK(RelativeError({pair.gpu.gradients[t]}, {wanted[t]}, scale) < 1e-4);
      }
    }
  }
}

TEST_CASE("batches of any size agree with the cpu, in gradients and predictions") {
  std::mt19937 random(9);
  for (const CtrCase& c : AllCtrModels()) {
    INFO(c.ToString());
    Pair pair(c, c.Spec(), /*seed=*/random());
    // More than the blocks of a launch take at once, then a ragged one.
    for (const uint64_t n : {700, 31}) {
      Batch batch = RandomCtrBatch(c, n, &random);
      const Parameters parameters = RandomParameters(*pair.gpu.model, batch, &random);
      pair.RunBoth(batch, parameters, 1.0f / 700);
      CHECK(pair.gpu.loss.sum == Approx(pair.cpu_loss.sum).epsilon(1e-5));
      CHECK(pair.ErrorToCpu() < 2e-5);

      Predictions got;
      Predictions wanted;
      REQUIRE_OK(pair.gpu.runner->Predict(batch, parameters, &got));
      REQUIRE_OK(pair.cpu->Predict(batch, parameters, &wanted));
      CHECK(got.width == wanted.width);
      REQUIRE(got.scores.size() == n);
      REQUIRE(got.losses.size() == n);
      double worst = 0;
      for (size_t i = 0; i < n; ++i) {
        worst = std::max({worst, std::abs(double{got.scores[i]} - wanted.scores[i]),
                          std::abs(double{got.losses[i]} - wanted.losses[i])});
      }
      CHECK(worst < 2e-5);

      // Staged ahead it is the same, byte for byte.
      const Gradients before = pair.gpu.gradients;
      REQUIRE_OK(pair.gpu.runner->Stage(&batch));
      REQUIRE(batch.staged != nullptr);
      REQUIRE_OK(pair.gpu.Run(batch, parameters, 1.0f / 700));
      CHECK(SameBytes(pair.gpu.gradients, before));
    }
  }
}

TEST_CASE("tables of click models become ready as on the cpu, the vectors last") {
  std::mt19937 random(3);
  for (const CtrCase& c : AllCtrModels()) {
    INFO(c.ToString());
    Pair pair(c, c.Spec());
    const Batch batch = RandomCtrBatch(c, 9, &random);
    const Parameters parameters = RandomParameters(*pair.gpu.model, batch, &random);
    pair.RunBoth(batch, parameters, 1);
    const Gradients wanted = pair.gpu.gradients;
    std::vector<int> order;
    std::vector<int> order_of_cpu;
    REQUIRE_OK(pair.cpu->Gradient(batch, parameters, 1, &pair.from_cpu, &pair.cpu_loss,
                                  [&](int table) { order_of_cpu.push_back(table); }));
    REQUIRE_OK(pair.gpu.runner->Gradient(
        batch, parameters, 1, &pair.gpu.gradients, &pair.gpu.loss, [&](int table) {
          order.push_back(table);
          CHECK(pair.gpu.gradients[table].rows == wanted[table].rows);
        }));
    CHECK(order == order_of_cpu);
    CHECK(order.back() == static_cast<int>(pair.Place("/factors")));
  }
}

TEST_CASE("the same clicks give the same bytes, whatever came before and overtakes") {
  for (const CtrCase& c : AllCtrModels()) {
    INFO(c.ToString());
    Gradients first;
    for (uint64_t seed = 1; seed <= 3; ++seed) {
      std::mt19937 same(5);
      OnGpu on_gpu(c.ForFixture(), c.Spec(), seed);
      const Batch batch = RandomCtrBatch(c, 40, &same);
      const Parameters parameters = RandomParameters(*on_gpu.model, batch, &same);
      if (seed == 3) {
        const Batch other = RandomCtrBatch(c, 77, &same);
        REQUIRE_OK(on_gpu.Run(other, RandomParameters(*on_gpu.model, other, &same)));
      }
      REQUIRE_OK(on_gpu.Run(batch, parameters));
      if (seed == 1) first = on_gpu.gradients;
      CHECK(SameBytes(on_gpu.gradients, first));
    }
  }
}

TEST_CASE("no clicks at all have no loss, and gradients of zero") {
  std::mt19937 random(3);
  for (const CtrCase& c : AllCtrModels()) {
    for (const v1::Precision precision : {v1::PRECISION_FLOAT32, v1::PRECISION_FP16}) {
      INFO(c.ToString());
      OnGpu on_gpu(c.ForFixture(), c.Spec(precision));
      // Keys of some batch: an empty one needs none of them.
      const Parameters parameters =
          RandomParameters(*on_gpu.model, RandomCtrBatch(c, 4, &random), &random);
      for (const Batch& empty : {RandomCtrBatch(c, 0, &random), Batch()}) {
        REQUIRE_OK(on_gpu.Run(empty, parameters));
        CHECK(on_gpu.loss.sum == 0);
        CHECK(on_gpu.loss.count == 0);
        for (size_t t = 0; t < parameters.size(); ++t) {
          CHECK(on_gpu.gradients[t].rows == TensorFloats(parameters[t].rows.size(), 0.0f));
        }
        Predictions predictions;
        REQUIRE_OK(on_gpu.runner->Predict(empty, parameters, &predictions));
        CHECK(predictions.scores.empty());
      }
    }
  }
}

TEST_CASE("lower precisions of click models stay within their tolerance") {
  std::mt19937 random(23);
  const struct {
    v1::Precision precision;
    double tolerance;
  } cases[] = {{v1::PRECISION_TF32, 1e-3}, {v1::PRECISION_BF16, 1e-2}, {v1::PRECISION_FP16, 2e-3}};
  for (const auto& [precision, tolerance] : cases) {
    for (const CtrCase& c : AllCtrModels()) {
      INFO(c.ToString() << ", precision " << precision);
      Pair pair(c, c.Spec(precision));
      const Batch batch = RandomCtrBatch(c, 31, &random);
      const Parameters parameters = RandomParameters(*pair.gpu.model, batch, &random);
      // Small, as a mean over many samples: fp16 alone would lose it.
      pair.RunBoth(batch, parameters, 1e-6f);
      CHECK(pair.ErrorToCpu() < tolerance);
      // It is another computation.
      CHECK(pair.ErrorToCpu() > 1e-6);
    }
  }
}

TEST_CASE("without determinism sums over clicks are the same but for rounding") {
  std::mt19937 random(29);
  for (const CtrCase& c : AllCtrModels()) {
    INFO(c.ToString());
    v1::JobSpec spec = c.Spec();
    spec.mutable_train()->set_deterministic(false);
    Pair pair(c, spec);
    const Batch batch = RandomCtrBatch(c, 31, &random);
    pair.RunBoth(batch, RandomParameters(*pair.gpu.model, batch, &random), 0.5f);
    CHECK(pair.ErrorToCpu() < 2e-5);
  }
}

TEST_CASE("a steady state of clicks allocates nothing") {
  for (const v1::ModelKind kind :
       {v1::MODEL_KIND_WIDE_DEEP, v1::MODEL_KIND_DEEPFM, v1::MODEL_KIND_DCN}) {
    const CtrCase c = {
        .kind = kind, .categories = 6, .crosses = 2, .factors = 64, .hidden = {64, 32}};
    std::mt19937 random(3);
    OnGpu on_gpu(c.ForFixture(), c.Spec());
    uint64_t settled = 0;
    for (int i = 0; i < 12; ++i) {
      Batch batch = RandomCtrBatch(c, 64, &random);
      const Parameters parameters = RandomParameters(*on_gpu.model, batch, &random);
      REQUIRE_OK(on_gpu.runner->Stage(&batch));
      REQUIRE_OK(on_gpu.Run(batch, parameters));
      if (i == 5) settled = on_gpu.gpu->allocations();
    }
    CHECK(on_gpu.gpu->allocations() == settled);
    CHECK(on_gpu.gpu->unpinned_copies() == 0);
  }
}

TEST_CASE("clicks that do not fit are refused by name, and the runner goes on") {
  std::mt19937 random(3);
  for (const CtrCase& c : AllCtrModels()) {
    INFO(c.ToString());
    Pair pair(c, c.Spec());
    const Batch batch = RandomCtrBatch(c, 30, &random);
    const Parameters parameters = RandomParameters(*pair.gpu.model, batch, &random);
    Predictions predictions;
    const auto check = [&](Batch wrong, const std::string& part) {
      CHECK_STATUS(pair.gpu.Run(wrong, parameters), absl::StatusCode::kInvalidArgument, part);
      CHECK_STATUS(pair.gpu.runner->Predict(wrong, parameters, &predictions),
                   absl::StatusCode::kInvalidArgument, part);
    };
    Batch wrong = batch;
    ++wrong.fields;
    check(wrong, std::to_string(c.fields()) + " fields and " + std::to_string(c.numbers) +
                     " numbers expected");
    CHECK_STATUS(pair.gpu.runner->Stage(&wrong), absl::StatusCode::kInvalidArgument, "fields");
    wrong = batch;
    wrong.indices.pop_back();
    check(wrong, "keys and " + std::to_string(30 * c.numbers) + " numbers expected");
    wrong = batch;
    wrong.labels[2] = 0.5f;
    check(wrong, "record 2: label 0 or 1 expected");
    wrong = batch;
    wrong.indices[c.fields() * 3] = kCtrBuckets;
    check(wrong, c.table == v1::TABLE_KIND_DENSE ? "record 3, field 0: a key below 7 expected"
                                                 : "feature 7 of the batch is not among the keys");
    REQUIRE_OK(pair.gpu.Run(batch, parameters));
  }
}

TEST_CASE("keys that vectors or weights lack are named") {
  std::mt19937 random(3);
  for (const v1::ModelKind kind : {v1::MODEL_KIND_WIDE_DEEP, v1::MODEL_KIND_DEEPFM}) {
    const CtrCase c = {.kind = kind, .categories = 2, .crosses = 1};
    Pair pair(c, c.Spec());
    const Batch batch = RandomCtrBatch(c, 40, &random);
    const Parameters parameters = RandomParameters(*pair.gpu.model, batch, &random);
    for (const char* const ending : {"/factors", "_deep/weight", "fm/weight"}) {
      const size_t table = pair.Place(ending);
      if (table == parameters.size()) continue;
      INFO(pair.gpu.model->tables()[table].name());
      Parameters less = parameters;
      const uint64_t missing = less[table].keys.back();
      less[table].keys.pop_back();
      less[table].rows.resize(less[table].keys.size() * pair.gpu.model->tables()[table].dim());
      bool any_ready = false;
      // Where all fields are embedded, the keys are the same ones.
      const std::string part =
          kind == v1::MODEL_KIND_DEEPFM
              ? "the same keys"
              : "feature " + std::to_string(missing) + " of the batch is not among the keys";
      CHECK_STATUS(pair.gpu.runner->Gradient(batch, less, 1, &pair.gpu.gradients, &pair.gpu.loss,
                                             [&](int) { any_ready = true; }),
                   absl::StatusCode::kInvalidArgument, part);
      CHECK_FALSE(any_ready);
      CHECK_OK(pair.gpu.Run(batch, parameters));
    }
  }
}

TEST_CASE("whichever call fails for a click model, nothing is left behind") {
  std::mt19937 random(3);
  for (const v1::ModelKind kind :
       {v1::MODEL_KIND_WIDE_DEEP, v1::MODEL_KIND_DEEPFM, v1::MODEL_KIND_DCN}) {
    const CtrCase c = {.kind = kind, .crosses = 1};
    OnGpu on_gpu(c.ForFixture(), c.Spec());
    const Batch batch = RandomCtrBatch(c, 4, &random);
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
}

}  // namespace
}  // namespace paceline::worker
