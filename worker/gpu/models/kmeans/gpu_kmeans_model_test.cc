// k-means on a fake GPU whose kernels are the real ones: the bits of the CPU's runner.
#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <memory>
#include <numeric>
#include <random>
#include <vector>

#include "common/clock.h"
#include "common/status/status_matchers.h"
#include "worker/core/models/kmeans/memory_dataset.h"
#include "worker/core/models/model_factory.h"
#include "worker/core/models/runner_factory.h"
#include "worker/gpu/fake/fake_gpu.h"
#include "worker/gpu/gpu_device.h"
#include "worker/gpu/models/gpu_runner_fixture.h"

namespace paceline::worker {
namespace {

using gpu::fake::FakeGpu;
using testing::kIgnore;
using testing::MemoryDataset;
using testing::SameBytes;

v1::JobSpec SpecOf(uint32_t clusters) {
  v1::JobSpec spec;
  spec.mutable_model()->set_kind(v1::MODEL_KIND_KMEANS);
  spec.mutable_model()->set_clusters(clusters);
  spec.mutable_train()->set_seed(3);
  return spec;
}

// The same job on a GPU of its own and on the CPU.
struct Both {
  RealClock clock;
  std::shared_ptr<FakeGpu> gpu;
  std::unique_ptr<GpuDevice> device;
  std::unique_ptr<Model> model;
  std::unique_ptr<Runner> on_gpu;
  std::unique_ptr<Runner> on_cpu;
  // Centroids of no points.
  Parameters parameters;

  Both(const v1::JobSpec& spec, uint64_t features, uint64_t order = 1)
      : gpu(std::make_shared<FakeGpu>(gpu::fake::FakeGpuOptions{.seed = order})),
        device(std::make_unique<GpuDevice>(gpu, &clock, nullptr)) {
    REQUIRE_OK_AND_ASSIGN(model, CreateModel(spec, features, 0));
    REQUIRE_OK_AND_ASSIGN(on_gpu, device->CreateRunner(spec, *model, features, 0));
    REQUIRE_OK_AND_ASSIGN(on_cpu, CreateCpuRunner(spec, *model, features, 0));
    parameters.resize(1);
    parameters[0].rows.assign(spec.model().clusters() * (features + 1), 0.0f);
  }

  void Start(MemoryDataset* data) {
    REQUIRE_OK(on_gpu->Start(data));
    REQUIRE_OK(on_cpu->Start(data));
  }

  // What both say of the batch; the gradient.
  Gradients Compare(const Batch& batch) {
    Gradients got;
    Gradients wanted;
    LossSum got_loss;
    LossSum wanted_loss;
    int ready = 0;
    REQUIRE_OK(on_gpu->Gradient(batch, parameters, 0.1f, &got, &got_loss, [&](int) { ++ready; }));
    REQUIRE_OK(on_cpu->Gradient(batch, parameters, 7, &wanted, &wanted_loss, kIgnore));
    CHECK(ready == 1);
    CHECK(SameBytes(got, wanted));
    CHECK(got_loss.count == batch.size());
    CHECK(got_loss.sum == Approx(wanted_loss.sum));
    Predictions predictions;
    Predictions wanted_predictions;
    REQUIRE_OK(on_gpu->Predict(batch, parameters, &predictions));
    REQUIRE_OK(on_cpu->Predict(batch, parameters, &wanted_predictions));
    CHECK(predictions.width == 1);
    CHECK(predictions.scores == wanted_predictions.scores);
    CHECK(predictions.losses == wanted_predictions.losses);
    return got;
  }
};

// Whole numbers among which there are ties, or any; half of them 0.
std::vector<float> Points(uint64_t count, bool whole, std::mt19937* random) {
  std::vector<float> points;
  for (uint64_t i = 0; i < count; ++i) {
    const bool zero = (*random)() % 2 == 0;
    const auto pixel = static_cast<float>((*random)() % 4);
    const float any = std::uniform_real_distribution<float>(-2, 2)(*random);
    points.push_back(zero ? 0 : whole ? pixel : any);
  }
  return points;
}

Batch Part(MemoryDataset* data, uint64_t begin, uint64_t end) {
  std::vector<uint64_t> numbers(end - begin);
  std::iota(numbers.begin(), numbers.end(), begin);
  Batch batch;
  REQUIRE_OK(data->Read(numbers, &batch));
  return batch;
}

TEST_CASE("kmeans: rounds on a GPU have the bits of those on the cpu") {
  std::mt19937 random(7);
  const struct {
    uint32_t clusters;
    uint64_t features;
  } shapes[] = {{2, 1}, {9, 37}, {40, 20}, {5, 300}};
  for (const auto& shape : shapes) {
    for (const bool dense : {true, false}) {
      for (const bool whole : {true, false}) {
        INFO(shape.clusters << " clusters of " << shape.features << " features, dense " << dense
                            << ", whole numbers " << whole);
        MemoryDataset data(Points(120 * shape.features, whole, &random), shape.features, dense);
        v1::JobSpec spec = SpecOf(shape.clusters);
        // It makes no difference.
        spec.mutable_train()->set_deterministic(whole);
        Both both(spec, shape.features, /*order=*/random());
        both.Start(&data);
        for (int round = 0; round < 4; ++round) {
          // Two ranks, the second with less; a server with rho 0.
          Batch first = Part(&data, 0, 77);
          REQUIRE_OK(both.on_gpu->Stage(&first));
          REQUIRE(first.staged != nullptr);
          const Gradients low = both.Compare(first);
          const Gradients high = both.Compare(Part(&data, 77, 120));
          TensorFloats& rows = both.parameters[0].rows;
          for (size_t i = 0; i < rows.size(); ++i) rows[i] = low[0].rows[i] + high[0].rows[i];
        }
      }
    }
  }
}

TEST_CASE("kmeans: a batch without records has sums of zero") {
  std::mt19937 random(7);
  for (const bool dense : {true, false}) {
    MemoryDataset data(Points(60, true, &random), 3, dense);
    Both both(SpecOf(4), 3);
    both.Start(&data);
    // What was there before would show.
    both.Compare(Part(&data, 0, 20));
    const Gradients none = both.Compare(Part(&data, 0, 0));
    CHECK(none[0].rows == TensorFloats(16, 0.0f));
  }
}

TEST_CASE("kmeans: every precision is float64") {
  std::mt19937 random(7);
  MemoryDataset data(Points(300, false, &random), 10);
  for (const v1::Precision precision :
       {v1::PRECISION_TF32, v1::PRECISION_BF16, v1::PRECISION_FP16}) {
    v1::JobSpec spec = SpecOf(4);
    spec.mutable_train()->set_precision(precision);
    Both both(spec, 10);
    both.Start(&data);
    both.Compare(Part(&data, 0, 30));
  }
}

TEST_CASE("kmeans: equally near centroids, and clusters that lost their points") {
  MemoryDataset data({0, 0, 10, 0, 0, 10, 4, 4}, 2);
  Both both(SpecOf(3), 2);
  both.Start(&data);
  both.parameters[0].rows = {2, 0, 2, 0.5f, 4, 0.5f, 0, 0, 0};
  both.Compare(Part(&data, 0, 4));
  both.parameters[0].rows = {1, 1, 1, 1, 1, 1, 2, 2, 2};
  const Gradients tied = both.Compare(Part(&data, 0, 4));
  // All to the first.
  CHECK(tied[0].rows == TensorFloats{14, 14, 4, 0, 0, 0, 0, 0, 0});
}

TEST_CASE("kmeans: a steady state allocates nothing") {
  std::mt19937 random(3);
  for (const bool dense : {true, false}) {
    MemoryDataset data(Points(400, true, &random), 10, dense);
    Both both(SpecOf(4), 10);
    both.Start(&data);
    uint64_t settled = 0;
    for (int i = 0; i < 6; ++i) {
      Batch batch = Part(&data, 0, 40);
      REQUIRE_OK(both.on_gpu->Stage(&batch));
      both.Compare(batch);
      if (i == 2) settled = both.gpu->allocations();
    }
    CHECK(both.gpu->allocations() == settled);
    CHECK(both.gpu->unpinned_copies() == 0);
  }
}

TEST_CASE("kmeans: a GPU's runner that was not started, and what does not fit, is refused") {
  MemoryDataset data({0, 1, 100, 101}, 1);
  Both both(SpecOf(3), 1);
  Predictions predictions;
  Gradients gradients;
  LossSum loss;
  const Batch batch = Part(&data, 0, 4);
  CHECK_STATUS(both.on_gpu->Predict(batch, both.parameters, &predictions),
               absl::StatusCode::kFailedPrecondition, "no cluster has points yet");
  // Clusters without points are nobody's nearest.
  both.parameters[0].rows = {0, 0, 150, 3, 0, 0};
  REQUIRE_OK(both.on_gpu->Predict(batch, both.parameters, &predictions));
  CHECK(predictions.scores == std::vector<float>{1, 1, 1, 1});
  CHECK(predictions.losses == std::vector<float>{2500, 2401, 2500, 2601});
  CHECK_STATUS(both.on_gpu->Gradient(batch, both.parameters, 1, &gradients, &loss, kIgnore),
               absl::StatusCode::kFailedPrecondition, "after it has seen the data");
  MemoryDataset one({1}, 1);
  CHECK_STATUS(both.on_gpu->Start(&one), absl::StatusCode::kInvalidArgument,
               "got 3 clusters of 1 records");
  both.Start(&data);
  both.Compare(batch);
  MemoryDataset wide({1, 2, 3, 4}, 2);
  CHECK_STATUS(both.on_gpu->Predict(Part(&wide, 0, 2), both.parameters, &predictions),
               absl::StatusCode::kInvalidArgument, "1 features expected, got 2");
  both.parameters[0].rows.pop_back();
  CHECK_STATUS(both.on_gpu->Predict(batch, both.parameters, &predictions),
               absl::StatusCode::kInvalidArgument, "kmeans/sums");
}

}  // namespace
}  // namespace paceline::worker
