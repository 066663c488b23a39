// What a convolutional network's runner promises beside the right numbers
// (cnn_gradient_test): chunks, the same bytes, dropout, learning, refusals.
#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <cstring>
#include <memory>
#include <random>
#include <utility>
#include <vector>

#include "common/status/status_matchers.h"
#include "worker/core/models/model_factory.h"
#include "worker/core/models/runner_factory.h"

namespace paceline::worker {
namespace {

const GradientReady kIgnore = [](int) {};

// One block on square planes of one channel, and hidden layers.
v1::JobSpec Spec(uint32_t channels, bool batch_norm, std::vector<uint32_t> hidden = {},
                 double dropout = 0) {
  v1::JobSpec spec;
  spec.mutable_model()->set_kind(v1::MODEL_KIND_CNN);
  for (const uint32_t units : hidden) spec.mutable_model()->add_hidden(units);
  v1::CnnSpec* const cnn = spec.mutable_model()->mutable_cnn();
  cnn->add_conv()->set_channels(channels);
  cnn->set_batch_norm(batch_norm);
  cnn->set_dropout(dropout);
  return spec;
}

struct Built {
  std::unique_ptr<Model> model;
  std::unique_ptr<Runner> runner;
  Parameters parameters;
};

Built Build(const v1::JobSpec& spec, uint64_t features, uint32_t classes = 2) {
  Built built;
  REQUIRE_OK_AND_ASSIGN(built.model, CreateModel(spec, features, classes));
  REQUIRE_OK_AND_ASSIGN(built.runner, CreateCpuRunner(spec, *built.model, features, classes));
  std::mt19937 random(5);
  for (const v1::TableSpec& table : built.model->tables()) {
    TableRows rows;
    const double deviation = std::sqrt(2.0 / table.fan_in());
    std::normal_distribution<float> normal(0, static_cast<float>(deviation));
    const bool constant = table.initializer().kind() == v1::INITIALIZER_KIND_CONSTANT;
    for (uint64_t i = 0; i < table.rows() * table.dim(); ++i) {
      rows.rows.push_back(constant ? 1 : table.rows() == 1 ? 0 : normal(random));
    }
    built.parameters.push_back(rows);
  }
  return built;
}

// Noise with a bar in it: upright ones have label 1.
Batch Bars(uint64_t side, uint64_t n, uint32_t seed) {
  std::mt19937 random(seed);
  std::normal_distribution<float> noise(0, 0.1f);
  Batch batch;
  batch.dense = true;
  batch.features = side * side;
  batch.nominal = n;
  for (uint64_t i = 0; i < n; ++i) {
    const bool upright = random() % 2 == 0;
    const uint64_t at = random() % side;
    batch.labels.push_back(upright ? 1 : 0);
    for (uint64_t y = 0; y < side; ++y) {
      for (uint64_t x = 0; x < side; ++x) {
        batch.dense_values.push_back(noise(random) + ((upright ? x : y) == at ? 1.0f : 0.0f));
      }
    }
  }
  return batch;
}

Batch Part(const Batch& batch, uint64_t first, uint64_t count) {
  Batch part = batch;
  const auto from = static_cast<int64_t>(first);
  const auto values = static_cast<int64_t>(batch.features);
  const auto to = static_cast<int64_t>(first + count);
  part.labels.assign(batch.labels.begin() + from, batch.labels.begin() + to);
  part.dense_values.assign(batch.dense_values.begin() + from * values,
                           batch.dense_values.begin() + to * values);
  part.nominal = count;
  return part;
}

bool SameBytes(const Gradients& a, const Gradients& b) {
  return a.size() == b.size() && std::equal(a.begin(), a.end(), b.begin(), [](auto& x, auto& y) {
           return x.rows.size() == y.rows.size() &&
                  std::memcmp(x.rows.data(), y.rows.data(), x.rows.size() * sizeof(float)) == 0;
         });
}

Gradients GradientOf(const Built& built, const Batch& batch) {
  Gradients gradients;
  LossSum loss;
  REQUIRE_OK(built.runner->Gradient(batch, built.parameters, 1, &gradients, &loss, kIgnore));
  return gradients;
}

TEST_CASE("a batch of several chunks is the sum of its parts") {
  // About 4 MB a sample: three chunks and a part of one.
  const Built built = Build(Spec(64, false, {5}), 64 * 64);
  const Batch batch = Bars(64, 50, 1);
  Gradients gradients;
  LossSum loss;
  std::vector<int> order;
  REQUIRE_OK(built.runner->Gradient(batch, built.parameters, 0.5f, &gradients, &loss,
                                    [&](int table) { order.push_back(table); }));
  CHECK(order == std::vector<int>{5, 4, 3, 2, 0, 1});
  CHECK(loss.count == 50);
  Gradients sum(gradients.size());
  double loss_sum = 0;
  std::vector<float> scores;
  for (uint64_t first = 0; first < 50; first += 10) {
    Gradients part;
    LossSum part_loss;
    REQUIRE_OK(built.runner->Gradient(Part(batch, first, 10), built.parameters, 0.5f, &part,
                                      &part_loss, kIgnore));
    loss_sum += part_loss.sum;
    for (size_t t = 0; t < part.size(); ++t) {
      sum[t].rows.resize(part[t].rows.size(), 0);
      for (size_t i = 0; i < part[t].rows.size(); ++i) sum[t].rows[i] += part[t].rows[i];
    }
    Predictions predictions;
    REQUIRE_OK(built.runner->Predict(Part(batch, first, 10), built.parameters, &predictions));
    scores.insert(scores.end(), predictions.scores.begin(), predictions.scores.end());
  }
  CHECK(loss.sum == Approx(loss_sum));
  double worst = 0;
  for (size_t t = 0; t < sum.size(); ++t) {
    for (size_t i = 0; i < sum[t].rows.size(); ++i) {
      const double wanted = sum[t].rows[i];
      worst = std::max(worst, std::abs(gradients[t].rows[i] - wanted) / (1 + std::abs(wanted)));
    }
  }
  CHECK(worst < 1e-4);
  Predictions predictions;
  REQUIRE_OK(built.runner->Predict(batch, built.parameters, &predictions));
  REQUIRE(predictions.scores.size() == scores.size());
  for (size_t i = 0; i < scores.size(); ++i) CHECK(predictions.scores[i] == Approx(scores[i]));
}

TEST_CASE("a step that is repeated has the same bytes, what is dropped too") {
  for (const bool batch_norm : {false, true}) {
    const v1::JobSpec spec = Spec(4, batch_norm, {20, 10}, 0.5);
    const Built built = Build(spec, 100);
    Batch batch = Bars(10, 30, 2);
    batch.rank = 1;
    batch.iteration = 7;
    const Gradients first = GradientOf(built, batch);
    GradientOf(built, Bars(10, 17, 3));
    CHECK(SameBytes(first, GradientOf(built, batch)));
    CHECK(SameBytes(first, GradientOf(Build(spec, 100), batch)));
    batch.iteration = 8;
    CHECK_FALSE(SameBytes(first, GradientOf(built, batch)));
    batch.iteration = 7;
    batch.rank = 0;
    CHECK_FALSE(SameBytes(first, GradientOf(built, batch)));
    batch.rank = 1;
    v1::JobSpec other = spec;
    other.mutable_train()->set_seed(2);
    CHECK_FALSE(SameBytes(first, GradientOf(Build(other, 100), batch)));
    // Evaluation drops nothing.
    Predictions dropped;
    Predictions whole;
    REQUIRE_OK(built.runner->Predict(batch, built.parameters, &dropped));
    const Built without = Build(Spec(4, batch_norm, {20, 10}), 100);
    REQUIRE_OK(without.runner->Predict(batch, built.parameters, &whole));
    CHECK(dropped.scores == whole.scores);
  }
}

TEST_CASE("gradients under dropout are those of the units that are left") {
  // With one hidden layer: a unit that is dropped for all samples has no gradient.
  const Built built = Build(Spec(2, false, {400}, 0.5), 16);
  const Gradients gradients = GradientOf(built, Bars(4, 1, 4));
  // conv0/bias, conv0/weight, layer0/bias, layer0/weight, layer1/bias, layer1/weight
  const TensorFloats& below = gradients[2].rows;
  const TensorFloats& above = gradients[5].rows;
  int silent = 0;
  for (size_t unit = 0; unit < 400; ++unit) {
    if (above[2 * unit] != 0) continue;
    ++silent;
    CHECK(below[unit] == 0);
  }
  // Half are dropped, and relu keeps about half of the others.
  CHECK(silent > 200);
  CHECK(silent < 380);
}

TEST_CASE("bars are told apart, also by running statistics") {
  for (const bool batch_norm : {false, true}) {
    v1::JobSpec spec = Spec(4, batch_norm, {8});
    spec.mutable_train()->set_global_batch(32);
    Built built = Build(spec, 64);
    for (uint32_t step = 0; step < 300; ++step) {
      const Batch batch = Bars(8, 32, step);
      Gradients gradients;
      LossSum loss;
      REQUIRE_OK(
          built.runner->Gradient(batch, built.parameters, 1.0f / 32, &gradients, &loss, kIgnore));
      for (size_t t = 0; t < gradients.size(); ++t) {
        const bool add = built.model->tables()[t].optimizer().kind() == v1::OPTIMIZER_KIND_ADD;
        for (size_t i = 0; i < gradients[t].rows.size(); ++i) {
          built.parameters[t].rows[i] += (add ? 1 : -0.2f) * gradients[t].rows[i];
        }
      }
    }
    const Batch unseen = Bars(8, 200, 1000);
    Predictions predictions;
    REQUIRE_OK(built.runner->Predict(unseen, built.parameters, &predictions));
    int right = 0;
    for (size_t i = 0; i < unseen.size(); ++i) {
      right += (predictions.scores[2 * i + 1] > 0.5f) == (unseen.labels[i] == 1);
    }
    INFO((batch_norm ? "with" : "without") << " batch norm");
    CHECK(right >= 190);
  }
}

TEST_CASE("what does not fit is refused and named") {
  const Built built = Build(Spec(2, false), 16);
  const auto check = [&](const Batch& batch, const Parameters& parameters, const char* part) {
    Gradients gradients;
    LossSum loss;
    Predictions predictions;
    CHECK_STATUS(built.runner->Gradient(batch, parameters, 1, &gradients, &loss, kIgnore),
                 absl::StatusCode::kInvalidArgument, part);
    CHECK_STATUS(built.runner->Predict(batch, parameters, &predictions),
                 absl::StatusCode::kInvalidArgument, part);
  };
  check(Bars(5, 2, 1), built.parameters, "16 features expected, got 25");
  Batch label = Bars(4, 2, 1);
  label.labels[1] = 2;
  check(label, built.parameters, "record 1: label a whole number from 0 to 1 expected, got 2");
  Parameters misfit = built.parameters;
  misfit[1].rows.push_back(0);
  check(Bars(4, 2, 1), misfit, "conv0/weight: 9 x 2 values expected, got 19");
}

TEST_CASE("samples that need more memory than there may be are refused") {
  // Of each sample 4096 channels of 64 x 64 pixels, several times.
  v1::JobSpec spec = Spec(4096, true);
  spec.mutable_model()->mutable_cnn()->mutable_conv(0)->set_pool(8);
  const Built built = Build(spec, 64 * 64);
  Gradients gradients;
  LossSum loss;
  CHECK_STATUS(
      built.runner->Gradient(Bars(64, 100, 1), built.parameters, 1, &gradients, &loss, kIgnore),
      absl::StatusCode::kResourceExhausted,
      "100 samples at once need 27159756800 bytes for what layers make of them, at most "
      "17179869184 expected; a smaller train.global_batch is needed, or more workers");
}

}  // namespace
}  // namespace paceline::worker
