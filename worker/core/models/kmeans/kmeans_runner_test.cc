// kmeans against Lloyd's algorithm as a textbook has it, which shares no code with it.
#include <catch2/catch.hpp>
#include <cmath>
#include <memory>
#include <numeric>
#include <random>
#include <vector>

#include "common/status/status_matchers.h"
#include "worker/core/models/kmeans/kmeans_seeds.h"
#include "worker/core/models/kmeans/memory_dataset.h"
#include "worker/core/models/model_factory.h"
#include "worker/core/models/runner_factory.h"

namespace paceline::worker {
namespace {

using testing::MemoryDataset;

constexpr uint64_t kSeed = 3;
const GradientReady kIgnore = [](int) {};

struct Built {
  std::unique_ptr<Model> model;
  std::unique_ptr<Runner> runner;
  Parameters parameters;
};

Built Build(uint32_t clusters, uint64_t features) {
  v1::JobSpec spec;
  spec.mutable_model()->set_kind(v1::MODEL_KIND_KMEANS);
  spec.mutable_model()->set_clusters(clusters);
  spec.mutable_train()->set_seed(kSeed);
  Built built;
  REQUIRE_OK_AND_ASSIGN(built.model, CreateModel(spec, features, 0));
  REQUIRE_OK_AND_ASSIGN(built.runner, CreateCpuRunner(spec, *built.model, features, 0));
  built.parameters.resize(1);
  built.parameters[0].rows.assign(clusters * (features + 1), 0.0f);
  return built;
}

// Whole numbers from 0 to 255 around a few centres.
std::vector<float> Pixels(uint64_t n, uint64_t features, uint32_t seed) {
  std::mt19937 random(seed);
  std::vector<float> centres(6 * features);
  for (float& value : centres) value = static_cast<float>(random() % 256);
  std::vector<float> points;
  for (uint64_t i = 0; i < n; ++i) {
    for (uint64_t f = 0; f < features; ++f) {
      const float value = centres[random() % 2 * features + (i % 6) / 2 * 2 * features + f];
      points.push_back(std::fmin(255, std::floor(value / 2) + static_cast<float>(random() % 128)));
    }
  }
  return points;
}

Batch All(MemoryDataset* data, uint64_t begin, uint64_t end) {
  std::vector<uint64_t> numbers(end - begin);
  std::iota(numbers.begin(), numbers.end(), begin);
  Batch batch;
  REQUIRE_OK(data->Read(numbers, &batch));
  return batch;
}

// One round of Lloyd's: sums and counts of the points nearest to each centroid; a cluster
// without points has its seed.
std::vector<double> LloydRound(const std::vector<float>& points, uint64_t features,
                               const std::vector<float>& seeds, const std::vector<double>& sums) {
  const uint64_t clusters = seeds.size() / features;
  std::vector<double> next(sums.size(), 0);
  for (uint64_t i = 0; i < points.size() / features; ++i) {
    uint64_t best = 0;
    double best_distance = INFINITY;
    for (uint64_t c = 0; c < clusters; ++c) {
      const double* row = &sums[c * (features + 1)];
      double distance = 0;
      for (uint64_t f = 0; f < features; ++f) {
        const double centroid =
            row[features] > 0 ? row[f] / row[features] : seeds[c * features + f];
        distance += (points[i * features + f] - centroid) * (points[i * features + f] - centroid);
      }
      if (distance < best_distance) {
        best = c;
        best_distance = distance;
      }
    }
    for (uint64_t f = 0; f < features; ++f) {
      next[best * (features + 1) + f] += points[i * features + f];
    }
    next[best * (features + 1) + features] += 1;
  }
  return next;
}

TEST_CASE("rounds of the whole set, in two parts, are Lloyd's to the bit") {
  for (const bool dense : {true, false}) {
    const uint64_t features = 37;
    const uint32_t clusters = 9;
    const std::vector<float> points = Pixels(600, features, 1);
    MemoryDataset data(points, features, dense);
    Built built = Build(clusters, features);
    REQUIRE_OK(built.runner->Start(&data));
    REQUIRE_OK_AND_ASSIGN(const std::vector<float> seeds,
                          KMeansSeeds(&data, features, clusters, kSeed));
    std::vector<double> lloyd(clusters * (features + 1), 0);
    double last = INFINITY;
    for (int round = 0; round < 12; ++round) {
      lloyd = LloydRound(points, features, seeds, lloyd);
      // Two ranks, and a server with rho 0.
      Gradients low;
      Gradients high;
      LossSum loss_low;
      LossSum loss_high;
      REQUIRE_OK(built.runner->Gradient(All(&data, 0, 250), built.parameters, 0.1f, &low, &loss_low,
                                        kIgnore));
      REQUIRE_OK(built.runner->Gradient(All(&data, 250, 600), built.parameters, 7, &high,
                                        &loss_high, kIgnore));
      CHECK(loss_low.count + loss_high.count == 600);
      TensorFloats& rows = built.parameters[0].rows;
      for (size_t i = 0; i < rows.size(); ++i) {
        rows[i] = low[0].rows[i] + high[0].rows[i];
        REQUIRE(rows[i] == lloyd[i]);
      }
      CHECK(loss_low.sum + loss_high.sum <= last);
      last = loss_low.sum + loss_high.sum;
    }
  }
}

TEST_CASE("predictions are the nearest centroid and the squared distance to it") {
  MemoryDataset data({0, 0, 10, 0, 0, 10, 4, 4}, 2);
  Built built = Build(2, 2);
  REQUIRE_OK(built.runner->Start(&data));
  // Centroids (1, 0), of two points, and (1, 8), of half of one.
  built.parameters[0].rows = {2, 0, 2, 0.5f, 4, 0.5f};
  Batch batch = All(&data, 0, 4);
  batch.labels = {NAN, 5, -1, 0.5f};
  Predictions predictions;
  REQUIRE_OK(built.runner->Predict(batch, built.parameters, &predictions));
  CHECK(predictions.width == 1);
  // (4, 4) is as near to both: the first.
  CHECK(predictions.scores == std::vector<float>{0, 0, 1, 0});
  CHECK(predictions.losses == std::vector<float>{1, 81, 5, 25});
  Gradients gradients;
  LossSum loss;
  int ready = 0;
  REQUIRE_OK(built.runner->Gradient(batch, built.parameters, 1, &gradients, &loss, [&](int table) {
    CHECK(table == 0);
    ++ready;
  }));
  CHECK(ready == 1);
  CHECK(gradients[0].rows == TensorFloats{14, 4, 3, 0, 10, 1});
  CHECK(loss.sum == 112);
  CHECK(loss.count == 4);
}

TEST_CASE("a cluster that lost its points starts over where it began") {
  MemoryDataset data({0, 1, 100, 101}, 1);
  Built built = Build(2, 1);
  REQUIRE_OK(built.runner->Start(&data));
  REQUIRE_OK_AND_ASSIGN(const std::vector<float> seeds, KMeansSeeds(&data, 1, 2, kSeed));
  built.parameters[0].rows = {0, 0, 50, 1};
  Predictions predictions;
  REQUIRE_OK(built.runner->Predict(All(&data, 0, 4), built.parameters, &predictions));
  for (uint64_t i = 0; i < 4; ++i) {
    const float x = std::vector<float>{0, 1, 100, 101}[i];
    const float to_seed = (x - seeds[0]) * (x - seeds[0]);
    const float to_other = (x - 50) * (x - 50);
    CHECK(predictions.losses[i] == std::fmin(to_seed, to_other));
  }
}

TEST_CASE("without the training data, clusters without points are nobody's nearest") {
  MemoryDataset data({0, 1, 100, 101}, 1);
  Built built = Build(3, 1);
  built.parameters[0].rows = {0, 0, 150, 3, 0, 0};
  Predictions predictions;
  REQUIRE_OK(built.runner->Predict(All(&data, 0, 4), built.parameters, &predictions));
  CHECK(predictions.scores == std::vector<float>{1, 1, 1, 1});
  CHECK(predictions.losses == std::vector<float>{2500, 2401, 2500, 2601});
}

TEST_CASE("a runner that was not started, and what does not fit, is refused") {
  Built built = Build(2, 3);
  MemoryDataset data({1, 2, 3, 4, 5, 6}, 3);
  const Batch batch = All(&data, 0, 2);
  Predictions predictions;
  Gradients gradients;
  LossSum loss;
  CHECK_STATUS(built.runner->Gradient(batch, built.parameters, 1, &gradients, &loss, kIgnore),
               absl::StatusCode::kFailedPrecondition, "after it has seen the data");
  CHECK_STATUS(built.runner->Predict(batch, built.parameters, &predictions),
               absl::StatusCode::kFailedPrecondition, "no cluster has points yet");
  MemoryDataset one({1, 2, 3}, 3);
  CHECK_STATUS(built.runner->Start(&one), absl::StatusCode::kInvalidArgument,
               "got 2 clusters of 1 records");
  REQUIRE_OK(built.runner->Start(&data));
  CHECK_OK(built.runner->Predict(batch, built.parameters, &predictions));
  MemoryDataset narrow({1, 2, 3, 4}, 2);
  CHECK_STATUS(built.runner->Predict(All(&narrow, 0, 2), built.parameters, &predictions),
               absl::StatusCode::kInvalidArgument, "3 features expected, got 2");
  built.parameters[0].rows.pop_back();
  CHECK_STATUS(built.runner->Predict(batch, built.parameters, &predictions),
               absl::StatusCode::kInvalidArgument, "kmeans/sums");
}

}  // namespace
}  // namespace paceline::worker
