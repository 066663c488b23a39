// Convolutional networks against float64: losses, scores, gradients and statistics.
#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "common/status/status_matchers.h"
#include "common/tables/cnn_tables.h"
#include "worker/core/models/cnn/cnn_reference.h"
#include "worker/core/models/model_factory.h"
#include "worker/core/models/runner_factory.h"

namespace paceline::worker {
namespace {

using testing::CnnReference;
using testing::Values;

struct Case {
  ImageShape image;
  // channels, kernel, stride, pool
  std::vector<std::vector<uint32_t>> conv;
  std::vector<uint32_t> hidden;
};

const Case kCases[] = {
    {{1, 4, 4}, {{2, 3, 1, 2}}, {}},
    {{1, 5, 7}, {{3, 3, 1, 2}}, {4}},
    {{2, 6, 5}, {{2, 5, 2, 1}}, {3}},
    {{3, 8, 8}, {{2, 3, 1, 2}, {3, 3, 1, 2}}, {4, 3}},
    {{1, 9, 7}, {{2, 3, 2, 1}, {2, 1, 1, 3}}, {}},
    {{2, 3, 3}, {{2, 1, 1, 1}, {2, 3, 1, 1}, {3, 3, 1, 3}}, {5}},
};

v1::JobSpec SpecOf(const Case& c, v1::Activation activation, bool batch_norm) {
  v1::JobSpec spec;
  v1::ModelSpec* const model = spec.mutable_model();
  model->set_kind(v1::MODEL_KIND_CNN);
  model->set_activation(activation);
  for (const uint32_t units : c.hidden) model->add_hidden(units);
  v1::CnnSpec* const cnn = model->mutable_cnn();
  cnn->set_image_channels(c.image.channels);
  cnn->set_image_height(c.image.height);
  cnn->set_image_width(c.image.width);
  cnn->set_batch_norm(batch_norm);
  for (const std::vector<uint32_t>& numbers : c.conv) {
    v1::ConvSpec* const conv = cnn->add_conv();
    conv->set_channels(numbers[0]);
    conv->set_kernel(numbers[1]);
    conv->set_stride(numbers[2]);
    conv->set_pool(numbers[3]);
  }
  spec.mutable_train()->set_global_batch(20);
  return spec;
}

constexpr uint32_t kClasses = 3;

Batch RandomBatch(uint64_t features, bool dense, uint64_t n, std::mt19937* random) {
  std::uniform_real_distribution<float> uniform(-1, 1);
  Batch batch;
  batch.dense = dense;
  batch.features = features;
  batch.nominal = n;
  if (!dense) batch.offsets.push_back(0);
  for (uint64_t i = 0; i < n; ++i) {
    batch.labels.push_back(static_cast<float>((*random)() % kClasses));
    for (uint64_t f = 0; f < features; ++f) {
      const float value = uniform(*random);
      if (dense) {
        batch.dense_values.push_back(value);
      } else if ((*random)() % 3 > 0) {
        batch.indices.push_back(f);
        batch.values.push_back(value);
      }
    }
    if (!dense) batch.offsets.push_back(batch.indices.size());
  }
  return batch;
}

struct Built {
  std::unique_ptr<Model> model;
  std::unique_ptr<Runner> runner;
  std::vector<ConvBlock> blocks;
  Parameters parameters;
};

Built Build(const v1::JobSpec& spec, uint64_t features, std::mt19937* random) {
  Built built;
  REQUIRE_OK_AND_ASSIGN(built.model, CreateModel(spec, features, kClasses));
  REQUIRE_OK_AND_ASSIGN(built.runner, CreateCpuRunner(spec, *built.model, features, kClasses));
  REQUIRE_OK_AND_ASSIGN(const ImageShape image, ImageShapeOf(spec.model().cnn(), features));
  REQUIRE_OK_AND_ASSIGN(built.blocks, ConvBlocks(spec.model().cnn(), image));
  std::uniform_real_distribution<float> uniform(-0.5f, 0.5f);
  for (const v1::TableSpec& table : built.model->tables()) {
    TableRows rows;
    rows.rows.resize(table.rows() * table.dim());
    for (float& value : rows.rows) value = uniform(*random);
    if (absl::EndsWith(table.name(), "/variance")) {
      for (float& value : rows.rows) value += 1;
    }
    built.parameters.push_back(rows);
  }
  return built;
}

const GradientReady kIgnore = [](int) {};

// For every case, activation, form of data, with and without batch norm.
template <typename Work>
void ForEach(const Work& work) {
  uint32_t seed = 0;
  for (const Case& c : kCases) {
    for (const v1::Activation activation :
         {v1::ACTIVATION_RELU, v1::ACTIVATION_TANH, v1::ACTIVATION_GELU}) {
      for (const bool batch_norm : {false, true}) {
        std::mt19937 random(++seed);
        const v1::JobSpec spec = SpecOf(c, activation, batch_norm);
        const uint64_t features = c.image.values();
        const Built built = Build(spec, features, &random);
        const Batch batch = RandomBatch(features, seed % 2 == 0, 5, &random);
        INFO("seed " << seed << " blocks " << c.conv.size() << " "
                     << v1::Activation_Name(activation) << (batch_norm ? " batch norm" : ""));
        work(spec, built, batch);
      }
    }
  }
}

TEST_CASE("gradients are those of central differences, statistics move by what they lack") {
  ForEach([](const v1::JobSpec& spec, const Built& built, const Batch& batch) {
    CnnReference reference(spec.model(), built.blocks, batch, built.parameters);
    const Values wanted = reference.NumericalGradient();
    const double wanted_loss = reference.Loss(reference.values(), /*training=*/true);
    const float scale = 0.5f;
    Gradients gradients;
    LossSum loss;
    REQUIRE_OK(built.runner->Gradient(batch, built.parameters, scale, &gradients, &loss, kIgnore));
    CHECK(loss.count == batch.size());
    CHECK(loss.sum == Approx(wanted_loss).epsilon(1e-5));
    REQUIRE(gradients.size() == wanted.size());
    for (size_t t = 0; t < wanted.size(); ++t) {
      const v1::TableSpec& table = built.model->tables()[t];
      INFO(table.name());
      REQUIRE(gradients[t].rows.size() == wanted[t].size());
      for (size_t i = 0; i < wanted[t].size(); ++i) {
        double want = scale * wanted[t][i];
        if (table.optimizer().kind() == v1::OPTIMIZER_KIND_ADD) {
          const size_t block = t / 5;
          const double now = t % 5 == 0 ? reference.mean(block)[i] : reference.variance(block)[i];
          // 5 of 20 samples.
          want = 0.1 * 5 / 20 * (now - built.parameters[t].rows[i]);
        }
        CHECK(gradients[t].rows[i] == Approx(want).epsilon(1e-3).margin(3e-5));
      }
    }
  });
}

TEST_CASE("evaluation gives the scores and losses of running statistics") {
  ForEach([](const v1::JobSpec& spec, const Built& built, const Batch& batch) {
    CnnReference reference(spec.model(), built.blocks, batch, built.parameters);
    std::vector<double> scores;
    const double loss = reference.Loss(reference.values(), /*training=*/false, &scores);
    Predictions predictions;
    REQUIRE_OK(built.runner->Predict(batch, built.parameters, &predictions));
    CHECK(predictions.width == kClasses);
    double sum = 0;
    for (const float one : predictions.losses) sum += one;
    CHECK(sum == Approx(loss).epsilon(1e-5));
    REQUIRE(predictions.scores.size() == scores.size());
    for (size_t i = 0; i < scores.size(); ++i) {
      CHECK(predictions.scores[i] == Approx(scores[i]).epsilon(1e-4));
    }
  });
}

TEST_CASE("each table is ready once, complete, upper layers first; no samples give zeros") {
  ForEach([](const v1::JobSpec& spec, const Built& built, const Batch& batch) {
    for (const Batch& one : {batch, Batch{.dense = true, .features = batch.features}}) {
      Gradients gradients;
      std::vector<int> order;
      Gradients seen(built.parameters.size());
      LossSum loss;
      REQUIRE_OK(built.runner->Gradient(one, built.parameters, 1, &gradients, &loss, [&](int t) {
        order.push_back(t);
        seen[t] = gradients[t];
      }));
      const int of_block = spec.model().cnn().batch_norm() ? 5 : 2;
      const int blocks = spec.model().cnn().conv_size();
      const auto layer = [&](int t) {
        return t < of_block * blocks ? t / of_block : blocks + (t - of_block * blocks) / 2;
      };
      for (size_t i = 0; i + 1 < order.size(); ++i) CHECK(layer(order[i]) >= layer(order[i + 1]));
      for (size_t t = 0; t < seen.size(); ++t) {
        CHECK(seen[t].rows == gradients[t].rows);
        if (one.size() > 0) continue;
        CHECK(std::all_of(seen[t].rows.begin(), seen[t].rows.end(),
                          [](float value) { return value == 0; }));
      }
      std::sort(order.begin(), order.end());
      REQUIRE(order.size() == built.parameters.size());
      for (size_t t = 0; t < order.size(); ++t) CHECK(order[t] == static_cast<int>(t));
    }
  });
}

}  // namespace
}  // namespace paceline::worker
