// Convolutional networks on a fake GPU whose kernels are the real ones, against the CPU's
// runner of the same job.
#include "worker/gpu/models/cnn/gpu_cnn_model.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <cstring>
#include <memory>
#include <random>
#include <utility>
#include <vector>

#include "common/clock.h"
#include "common/spec/defaults.h"
#include "common/status/status_matchers.h"
#include "worker/core/models/model_factory.h"
#include "worker/core/models/runner_factory.h"
#include "worker/gpu/fake/fake_gpu.h"
#include "worker/gpu/gpu_device.h"
#include "worker/gpu/models/gpu_runner.h"

namespace paceline::worker {
namespace {

using gpu::fake::FakeGpu;

const GradientReady kIgnore = [](int) {};
constexpr uint32_t kClasses = 3;

// Two blocks, of which the second has no pooling, and a hidden layer.
v1::JobSpec Spec(bool batch_norm, double dropout = 0,
                 v1::Activation activation = v1::ACTIVATION_TANH) {
  v1::JobSpec spec;
  v1::ModelSpec* const model = spec.mutable_model();
  model->set_kind(v1::MODEL_KIND_CNN);
  model->set_activation(activation);
  model->add_hidden(6);
  v1::CnnSpec* const cnn = model->mutable_cnn();
  v1::ConvSpec* const first = cnn->add_conv();
  first->set_channels(4);
  first->set_kernel(3);
  first->set_pool(2);
  v1::ConvSpec* const second = cnn->add_conv();
  second->set_channels(5);
  second->set_kernel(3);
  second->set_stride(2);
  second->set_pool(1);
  cnn->set_image_channels(2);
  cnn->set_image_height(7);
  cnn->set_image_width(6);
  cnn->set_batch_norm(batch_norm);
  cnn->set_dropout(dropout);
  spec.mutable_train()->set_global_batch(40);
  return spec;
}
constexpr uint64_t kFeatures = 2 * 7 * 6;

// A third of the values of records by entries are none.
Batch RandomBatch(uint64_t features, bool dense, uint64_t n, uint32_t seed) {
  std::mt19937 random(seed);
  std::uniform_real_distribution<float> values(-1, 1);
  Batch batch;
  batch.dense = dense;
  batch.features = features;
  batch.nominal = n;
  batch.rank = 1;
  batch.iteration = 7;
  if (!dense) batch.offsets.push_back(0);
  for (uint64_t i = 0; i < n; ++i) {
    batch.labels.push_back(static_cast<float>(random() % kClasses));
    for (uint64_t f = 0; f < features; ++f) {
      if (dense) {
        batch.dense_values.push_back(values(random));
      } else if (random() % 3 != 0) {
        batch.indices.push_back(f);
        batch.values.push_back(values(random));
      }
    }
    if (!dense) batch.offsets.push_back(batch.indices.size());
  }
  return batch;
}

Parameters RandomParameters(const Model& model, uint32_t seed = 3) {
  std::mt19937 random(seed);
  Parameters parameters;
  for (const v1::TableSpec& table : model.tables()) {
    // Scales and running variances are around 1, as they begin.
    const bool ones = table.initializer().kind() == v1::INITIALIZER_KIND_CONSTANT;
    std::uniform_real_distribution<float> values(ones ? 0.5f : -0.5f, ones ? 1.5f : 0.5f);
    TableRows rows;
    for (uint64_t i = 0; i < table.rows() * table.dim(); ++i) rows.rows.push_back(values(random));
    parameters.push_back(std::move(rows));
  }
  return parameters;
}

// The same job on a GPU of its own and on the CPU.
struct Twins {
  RealClock clock;
  std::shared_ptr<FakeGpu> gpu;
  std::unique_ptr<GpuDevice> device;
  std::unique_ptr<Model> model;
  std::unique_ptr<Runner> on_gpu;
  std::unique_ptr<Runner> on_cpu;
  Parameters parameters;

  explicit Twins(const v1::JobSpec& spec, uint64_t features = kFeatures, uint64_t seed = 1)
      : gpu(std::make_shared<FakeGpu>(gpu::fake::FakeGpuOptions{.seed = seed})),
        device(std::make_unique<GpuDevice>(gpu, &clock, nullptr)) {
    REQUIRE_OK_AND_ASSIGN(model, CreateModel(spec, features, kClasses));
    REQUIRE_OK_AND_ASSIGN(on_gpu, device->CreateRunner(spec, *model, features, kClasses));
    v1::JobSpec plain = spec;
    plain.mutable_train()->clear_precision();
    REQUIRE_OK_AND_ASSIGN(on_cpu, CreateCpuRunner(plain, *model, features, kClasses));
    parameters = RandomParameters(*model);
  }
};

struct Result {
  Gradients gradients;
  LossSum loss;
};

Result GradientOf(Runner* runner, const Batch& batch, const Parameters& parameters,
                  float scale = 0.25f) {
  Result result;
  REQUIRE_OK(runner->Gradient(batch, parameters, scale, &result.gradients, &result.loss, kIgnore));
  return result;
}

// ||got - wanted|| / ||wanted|| of one table.
double RelativeError(const TableRows& got, const TableRows& wanted) {
  if (got.rows.size() != wanted.rows.size()) return INFINITY;
  double error = 0;
  double norm = 0;
  for (size_t i = 0; i < wanted.rows.size(); ++i) {
    error += std::pow(double{got.rows[i]} - wanted.rows[i], 2);
    norm += std::pow(double{wanted.rows[i]}, 2);
  }
  return norm == 0 ? std::sqrt(error) : std::sqrt(error / norm);
}

void CheckNear(const std::vector<v1::TableSpec>& tables, const Gradients& got,
               const Gradients& wanted, double tolerance) {
  REQUIRE(got.size() == wanted.size());
  for (size_t t = 0; t < got.size(); ++t) {
    INFO(tables[t].name());
    CHECK(RelativeError(got[t], wanted[t]) < tolerance);
  }
}

bool SameBytes(const Gradients& a, const Gradients& b) {
  return a.size() == b.size() && std::equal(a.begin(), a.end(), b.begin(), [](auto& x, auto& y) {
           return x.rows.size() == y.rows.size() &&
                  std::memcmp(x.rows.data(), y.rows.data(), x.rows.size() * sizeof(float)) == 0;
         });
}

void CheckSamePredictions(Twins* twins, const Batch& batch) {
  Predictions got;
  Predictions wanted;
  REQUIRE_OK(twins->on_gpu->Predict(batch, twins->parameters, &got));
  REQUIRE_OK(twins->on_cpu->Predict(batch, twins->parameters, &wanted));
  CHECK(got.width == wanted.width);
  REQUIRE(got.scores.size() == wanted.scores.size());
  for (size_t i = 0; i < got.scores.size(); ++i) {
    CHECK(got.scores[i] == Approx(wanted.scores[i]).epsilon(1e-4).margin(1e-5));
  }
  REQUIRE(got.losses.size() == wanted.losses.size());
  for (size_t i = 0; i < got.losses.size(); ++i) {
    CHECK(got.losses[i] == Approx(wanted.losses[i]).epsilon(1e-4).margin(1e-5));
  }
}

TEST_CASE("a cnn on a GPU is the one on the cpu, what is dropped too") {
  for (const bool batch_norm : {false, true}) {
    for (const double dropout : {0.0, 0.4}) {
      for (const v1::Activation activation :
           {v1::ACTIVATION_RELU, v1::ACTIVATION_TANH, v1::ACTIVATION_GELU}) {
        Twins twins(Spec(batch_norm, dropout, activation));
        for (const bool dense : {true, false}) {
          for (const uint64_t n : {2, 33}) {
            INFO("batch norm " << batch_norm << ", dropout " << dropout << ", activation "
                               << activation << ", dense " << dense << ", n " << n);
            Batch batch = RandomBatch(kFeatures, dense, n, 11);
            const Result got = GradientOf(twins.on_gpu.get(), batch, twins.parameters);
            const Result wanted = GradientOf(twins.on_cpu.get(), batch, twins.parameters);
            CHECK(got.loss.sum == Approx(wanted.loss.sum).epsilon(1e-5));
            CHECK(got.loss.count == n);
            CheckNear(twins.model->tables(), got.gradients, wanted.gradients, 1e-4);
            CheckSamePredictions(&twins, batch);
            // Staged ahead it is the same, byte for byte.
            REQUIRE_OK(twins.on_gpu->Stage(&batch));
            REQUIRE(batch.staged != nullptr);
            CHECK(SameBytes(GradientOf(twins.on_gpu.get(), batch, twins.parameters).gradients,
                            got.gradients));
          }
        }
      }
    }
  }
}

TEST_CASE("a cnn without hidden layers, on planes of one channel") {
  v1::JobSpec spec;
  spec.mutable_model()->set_kind(v1::MODEL_KIND_CNN);
  spec.mutable_model()->mutable_cnn()->add_conv()->set_channels(3);
  Twins twins(spec, 64);
  for (const bool dense : {true, false}) {
    const Batch batch = RandomBatch(64, dense, 9, 5);
    CheckNear(twins.model->tables(),
              GradientOf(twins.on_gpu.get(), batch, twins.parameters).gradients,
              GradientOf(twins.on_cpu.get(), batch, twins.parameters).gradients, 1e-4);
    CheckSamePredictions(&twins, batch);
  }
}

TEST_CASE("columns of several pieces give the sum of their products") {
  // About 800 KB of columns an image in the first block: 70 images are a piece and a part.
  v1::JobSpec spec;
  spec.mutable_model()->set_kind(v1::MODEL_KIND_CNN);
  v1::CnnSpec* const cnn = spec.mutable_model()->mutable_cnn();
  for (const uint32_t channels : {1, 2}) {
    v1::ConvSpec* const conv = cnn->add_conv();
    conv->set_channels(channels);
    conv->set_kernel(7);
    conv->set_pool(2);
  }
  Twins twins(spec, 64 * 64);
  const Batch batch = RandomBatch(64 * 64, true, 70, 5);
  CheckNear(twins.model->tables(),
            GradientOf(twins.on_gpu.get(), batch, twins.parameters).gradients,
            GradientOf(twins.on_cpu.get(), batch, twins.parameters).gradients, 1e-3);
  CheckSamePredictions(&twins, batch);
}

TEST_CASE("evaluation in chunks says what it says of the whole batch") {
  for (const bool batch_norm : {false, true}) {
    Twins twins(Spec(batch_norm));
    const v1::JobSpec full = WithDefaults(Spec(batch_norm));
    GpuModelOptions options;
    options.gpu = twins.gpu.get();
    options.tables = twins.model->tables();
    options.features = kFeatures;
    options.global_batch = full.train().global_batch();
    // Of two or three samples.
    REQUIRE_OK_AND_ASSIGN(
        std::unique_ptr<GpuModel> model,
        CreateGpuCnnModel(options, full.model(), gpu::ActivationKind::kTanh, 6000));
    REQUIRE_OK_AND_ASSIGN(twins.on_gpu, CreateGpuRunner({.gpu = twins.gpu,
                                                         .tables = twins.model->tables(),
                                                         .features = kFeatures,
                                                         .loss_scale = LossScale(full.train()),
                                                         .clock = &twins.clock},
                                                        std::move(model)));
    for (const bool dense : {true, false}) {
      for (const uint64_t n : {1, 12, 13}) {
        CheckSamePredictions(&twins, RandomBatch(kFeatures, dense, n, 5));
      }
    }
  }
}

TEST_CASE("tables of a cnn become ready from the last layer to the first block") {
  for (const bool batch_norm : {false, true}) {
    Twins twins(Spec(batch_norm));
    const Batch batch = RandomBatch(kFeatures, true, 5, 5);
    const Gradients wanted = GradientOf(twins.on_gpu.get(), batch, twins.parameters).gradients;
    std::vector<int> order;
    Result result;
    REQUIRE_OK(twins.on_gpu->Gradient(batch, twins.parameters, 0.25f, &result.gradients,
                                      &result.loss, [&](int table) {
                                        order.push_back(table);
                                        CHECK(result.gradients[table].rows == wanted[table].rows);
                                      }));
    CHECK(order == (batch_norm ? std::vector<int>{13, 12, 11, 10, 8, 7, 6, 5, 9, 3, 2, 1, 0, 4}
                               : std::vector<int>{7, 6, 5, 4, 2, 3, 0, 1}));
  }
}

TEST_CASE("a cnn has the same bytes, however streams overtake one another") {
  for (const bool batch_norm : {false, true}) {
    const Batch batch = RandomBatch(kFeatures, true, 33, 5);
    Gradients first;
    for (uint64_t seed = 1; seed <= 3; ++seed) {
      Twins twins(Spec(batch_norm, 0.5), kFeatures, seed);
      const Gradients got = GradientOf(twins.on_gpu.get(), batch, twins.parameters).gradients;
      if (seed == 1) first = got;
      CHECK(SameBytes(got, first));
    }
  }
}

TEST_CASE("an empty batch moves nothing, running statistics neither") {
  for (const bool batch_norm : {false, true}) {
    for (const bool dense : {true, false}) {
      Twins twins(Spec(batch_norm, 0.5));
      const Batch empty = RandomBatch(kFeatures, dense, 0, 5);
      const Result got = GradientOf(twins.on_gpu.get(), empty, twins.parameters);
      CHECK(got.loss.sum == 0);
      CHECK(got.loss.count == 0);
      for (size_t t = 0; t < got.gradients.size(); ++t) {
        INFO(twins.model->tables()[t].name());
        CHECK(got.gradients[t].rows == TensorFloats(twins.parameters[t].rows.size(), 0.0f));
      }
      Predictions predictions;
      REQUIRE_OK(twins.on_gpu->Predict(empty, twins.parameters, &predictions));
      CHECK(predictions.scores.empty());
    }
  }
}

TEST_CASE("a cnn in lower precisions stays within their tolerance") {
  const struct {
    v1::Precision precision;
    double tolerance;
  } cases[] = {{v1::PRECISION_TF32, 5e-3}, {v1::PRECISION_BF16, 5e-2}, {v1::PRECISION_FP16, 5e-3}};
  for (const auto& [precision, tolerance] : cases) {
    for (const bool batch_norm : {false, true}) {
      INFO("precision " << precision << ", batch norm " << batch_norm);
      v1::JobSpec spec = Spec(batch_norm, 0.3);
      // No maxima: what is rounded would choose other ones.
      spec.mutable_model()->mutable_cnn()->mutable_conv(0)->set_pool(1);
      spec.mutable_train()->set_precision(precision);
      Twins twins(spec);
      const Batch batch = RandomBatch(kFeatures, true, 33, 5);
      // Small, as a mean over many samples: fp16 alone would lose it.
      const float scale = 1e-6f;
      const Result got = GradientOf(twins.on_gpu.get(), batch, twins.parameters, scale);
      const Result wanted = GradientOf(twins.on_cpu.get(), batch, twins.parameters, scale);
      CheckNear(twins.model->tables(), got.gradients, wanted.gradients, tolerance);
      CHECK_FALSE(SameBytes(got.gradients, wanted.gradients));
    }
  }
}

TEST_CASE("a cnn that has settled allocates nothing") {
  Twins twins(Spec(true, 0.5));
  uint64_t settled = 0;
  for (uint32_t i = 0; i < 6; ++i) {
    Batch batch = RandomBatch(kFeatures, true, 16, i);
    REQUIRE_OK(twins.on_gpu->Stage(&batch));
    GradientOf(twins.on_gpu.get(), batch, twins.parameters);
    if (i == 2) settled = twins.gpu->allocations();
  }
  CHECK(twins.gpu->allocations() == settled);
}

TEST_CASE("what does not fit a cnn is refused and named") {
  Twins twins(Spec(false));
  Result result;
  const auto run = [&](const Batch& batch) {
    return twins.on_gpu->Gradient(batch, twins.parameters, 1, &result.gradients, &result.loss,
                                  kIgnore);
  };
  CHECK_STATUS(run(RandomBatch(25, true, 2, 1)), absl::StatusCode::kInvalidArgument,
               "84 features expected, got 25");
  Batch label = RandomBatch(kFeatures, true, 2, 1);
  label.labels[1] = kClasses;
  CHECK_STATUS(run(label), absl::StatusCode::kInvalidArgument,
               "record 1: label a whole number from 0 to 2 expected, got 3");
  CHECK_OK(run(RandomBatch(kFeatures, true, 2, 1)));
}

}  // namespace
}  // namespace paceline::worker
