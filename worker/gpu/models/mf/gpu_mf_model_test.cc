// Matrix factorization on a fake GPU whose kernels are the real ones, against the CPU's runner.
#include <catch2/catch.hpp>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "common/status/status_matchers.h"
#include "worker/core/models/cases.h"
#include "worker/core/models/mf/mf_model.h"
#include "worker/core/models/runner_factory.h"
#include "worker/gpu/models/gpu_runner_fixture.h"

namespace paceline::worker {
namespace {

using testing::kIgnore;
using testing::ModelCase;
using testing::OnGpu;
using testing::RandomParameters;
using testing::RelativeError;
using testing::SameBytes;
using testing::SpecOf;

constexpr uint64_t kUsers = 30;
constexpr uint64_t kItems = 12;

ModelCase Case(v1::TableKind table, uint32_t factors) {
  return {.kind = v1::MODEL_KIND_MF, .table = table, .factors = factors, .features = kUsers};
}

Batch Ratings(uint64_t n, std::mt19937* random) {
  Batch batch;
  batch.fields = kMfFields;
  batch.nominal = n;
  for (uint64_t i = 0; i < n; ++i) {
    batch.indices.push_back((*random)() % kUsers);
    batch.indices.push_back((*random)() % kItems);
    batch.labels.push_back(std::uniform_real_distribution<float>(1, 5)(*random));
  }
  return batch;
}

// What is near to the CPU's is near to the formula: its gradients are checked numerically.
testing::Values AsValues(const Gradients& gradients) {
  testing::Values values;
  for (const TableRows& table : gradients) {
    values.emplace_back(table.rows.begin(), table.rows.end());
  }
  return values;
}

void CheckNear(const std::vector<float>& got, const std::vector<float>& wanted) {
  REQUIRE(got.size() == wanted.size());
  for (size_t i = 0; i < got.size(); ++i) {
    CHECK(got[i] == Approx(wanted[i]).epsilon(1e-4).margin(1e-5));
  }
}

TEST_CASE("ratings and gradients are the cpu's, in batches of every size") {
  std::mt19937 random(7);
  for (const v1::TableKind table : {v1::TABLE_KIND_SPARSE, v1::TABLE_KIND_DENSE}) {
    for (const uint32_t factors : {1, 3, 8, 17, 32}) {
      for (const bool deterministic : {true, false}) {
        const ModelCase c = Case(table, factors);
        INFO(c.ToString() << ", deterministic " << deterministic);
        v1::JobSpec spec = SpecOf(c);
        spec.mutable_train()->set_deterministic(deterministic);
        OnGpu on_gpu(c, spec, /*seed=*/random());
        REQUIRE_OK_AND_ASSIGN(const std::unique_ptr<Runner> cpu,
                              CreateCpuRunner(c.Spec(), *on_gpu.model, c.features, 0));
        // A user of more ratings than a team of threads takes, a last batch that is short.
        for (const uint64_t n : {1, 300, 7, 0}) {
          INFO("ratings " << n);
          Batch batch = Ratings(n, &random);
          const Parameters parameters = RandomParameters(*on_gpu.model, batch, &random);
          const float scale = 0.25f;
          REQUIRE_OK(on_gpu.runner->Stage(&batch));
          CHECK((batch.staged != nullptr) == (n > 0));
          REQUIRE_OK(on_gpu.Run(batch, parameters, scale));
          Gradients wanted;
          LossSum loss;
          REQUIRE_OK(cpu->Gradient(batch, parameters, scale, &wanted, &loss, kIgnore));
          CHECK(on_gpu.loss.count == n);
          CHECK(on_gpu.loss.sum == Approx(loss.sum).epsilon(1e-5));
          REQUIRE(on_gpu.gradients.size() == wanted.size());
          for (size_t t = 0; t < wanted.size(); ++t) {
            CHECK(on_gpu.gradients[t].keys == wanted[t].keys);
            CHECK(RelativeError({on_gpu.gradients[t]}, AsValues({wanted[t]}), 1) < 2e-5);
          }

          Predictions got;
          Predictions from_cpu;
          REQUIRE_OK(on_gpu.runner->Predict(batch, parameters, &got));
          REQUIRE_OK(cpu->Predict(batch, parameters, &from_cpu));
          CHECK(got.width == 1);
          CheckNear(got.scores, from_cpu.scores);
          CheckNear(got.losses, from_cpu.losses);
        }
      }
    }
  }
}

TEST_CASE("tables become ready one by one, and hold their gradients by then") {
  const ModelCase c = Case(v1::TABLE_KIND_SPARSE, 4);
  std::mt19937 random(3);
  OnGpu on_gpu(c, SpecOf(c));
  const Batch batch = Ratings(40, &random);
  const Parameters parameters = RandomParameters(*on_gpu.model, batch, &random);
  REQUIRE_OK(on_gpu.Run(batch, parameters));
  const Gradients wanted = on_gpu.gradients;
  std::vector<int> order;
  REQUIRE_OK(on_gpu.runner->Gradient(batch, parameters, 1, &on_gpu.gradients, &on_gpu.loss,
                                     [&](int table) {
                                       order.push_back(table);
                                       CHECK(on_gpu.gradients[table].rows == wanted[table].rows);
                                     }));
  CHECK(order == std::vector<int>{kMfUserBias, kMfUser, kMfItemBias, kMfItem, kMfBias});
}

TEST_CASE("mf: the same inputs give the same bytes, in every precision") {
  for (const v1::TableKind table : {v1::TABLE_KIND_SPARSE, v1::TABLE_KIND_DENSE}) {
    const ModelCase c = Case(table, 8);
    Gradients first;
    uint64_t seed = 0;
    for (const v1::Precision precision :
         {v1::PRECISION_FLOAT32, v1::PRECISION_FLOAT32, v1::PRECISION_TF32, v1::PRECISION_BF16,
          v1::PRECISION_FP16}) {
      INFO(c.ToString() << ", precision " << v1::Precision_Name(precision));
      std::mt19937 same(5);
      OnGpu on_gpu(c, SpecOf(c, precision), ++seed);
      const Batch batch = Ratings(200, &same);
      const Parameters parameters = RandomParameters(*on_gpu.model, batch, &same);
      REQUIRE_OK(on_gpu.Run(batch, parameters));
      if (seed == 1) first = on_gpu.gradients;
      CHECK(SameBytes(on_gpu.gradients, first));
    }
  }
}

TEST_CASE("mf: a steady state allocates nothing") {
  const ModelCase c = Case(v1::TABLE_KIND_SPARSE, 8);
  std::mt19937 random(3);
  OnGpu on_gpu(c, SpecOf(c));
  uint64_t settled = 0;
  for (int i = 0; i < 12; ++i) {
    Batch batch = Ratings(64, &random);
    const Parameters parameters = RandomParameters(*on_gpu.model, batch, &random);
    REQUIRE_OK(on_gpu.runner->Stage(&batch));
    REQUIRE_OK(on_gpu.Run(batch, parameters));
    if (i == 5) settled = on_gpu.gpu->allocations();
  }
  CHECK(on_gpu.gpu->allocations() == settled);
  CHECK(on_gpu.gpu->unpinned_copies() == 0);
}

TEST_CASE("ratings that do not fit are refused by name, and the runner goes on") {
  std::mt19937 random(3);
  const ModelCase c = Case(v1::TABLE_KIND_SPARSE, 2);
  OnGpu on_gpu(c, SpecOf(c));
  Batch batch = Ratings(2, &random);
  batch.indices = {7, 3, 2, 9};
  const Parameters parameters = RandomParameters(*on_gpu.model, batch, &random);
  const auto check = [&](const Batch& b, const Parameters& p, const std::string& part) {
    INFO(part);
    Predictions predictions;
    CHECK_STATUS(on_gpu.Run(b, p), absl::StatusCode::kInvalidArgument, part);
    CHECK_STATUS(on_gpu.runner->Predict(b, p, &predictions), absl::StatusCode::kInvalidArgument,
                 part);
    CHECK_OK(on_gpu.Run(batch, parameters));
  };
  Batch wrong = batch;
  wrong.fields = 0;
  check(wrong, parameters, "2 fields (user, item) expected, got 0");
  CHECK_STATUS(on_gpu.runner->Stage(&wrong), absl::StatusCode::kInvalidArgument, "2 fields");
  wrong = batch;
  wrong.indices.pop_back();
  check(wrong, parameters, "4 keys expected for 2 ratings, got 3");
  wrong = batch;
  wrong.labels[1] = INFINITY;
  check(wrong, parameters, "record 1: label");
  // Keys that were not pulled, which only the GPU finds out.
  wrong = batch;
  wrong.indices[2] = 8;
  check(wrong, parameters, "batch record 1: key 8 of field 0 is not among the keys pulled");
  wrong = batch;
  wrong.indices[1] = 4;
  check(wrong, parameters, "batch record 0: key 4 of field 1 is not among the keys pulled");
  check(batch, RandomParameters(*on_gpu.model, Ratings(0, &random), &random),
        "key 7 is not among the 0 keys of table mf/user");
  Parameters misfit = parameters;
  misfit.pop_back();
  check(batch, misfit, "5 tables expected, got 4");
  misfit = parameters;
  misfit[kMfUserBias].keys = {1, 2};
  check(batch, misfit, "mf/user and mf/user_bias: the same keys expected");

  const ModelCase of_rows = Case(v1::TABLE_KIND_DENSE, 2);
  OnGpu dense(of_rows, SpecOf(of_rows));
  wrong = batch;
  wrong.indices[3] = kUsers;
  CHECK_STATUS(dense.Run(wrong, RandomParameters(*dense.model, batch, &random)),
               absl::StatusCode::kInvalidArgument, "record 1: item below 30 expected");
}

}  // namespace
}  // namespace paceline::worker
