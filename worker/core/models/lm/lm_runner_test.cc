// The language model against float64: losses and every value of every gradient.
#include "worker/core/models/lm/lm_runner.h"

#include <catch2/catch.hpp>
#include <cmath>
#include <cstring>
#include <memory>
#include <random>
#include <set>
#include <vector>

#include "common/spec/defaults.h"
#include "common/status/status_matchers.h"
#include "worker/core/models/dropout.h"
#include "worker/core/models/lm/lm_network.h"
#include "worker/core/models/lm/lm_reference.h"
#include "worker/core/models/lm/lm_shape.h"
#include "worker/core/models/model_factory.h"
#include "worker/core/models/runner_factory.h"

namespace paceline::worker {
namespace {

using testing::LmReference;

const GradientReady kIgnore = [](int) {};

v1::JobSpec Spec(uint32_t context, uint32_t layers, uint32_t heads, uint32_t width,
                 v1::Positions positions = v1::POSITIONS_ROTARY, double dropout = 0) {
  v1::JobSpec spec;
  spec.mutable_model()->set_kind(v1::MODEL_KIND_LM);
  v1::LmSpec* lm = spec.mutable_model()->mutable_lm();
  lm->set_context(context);
  lm->set_layers(layers);
  lm->set_heads(heads);
  lm->set_width(width);
  lm->set_positions(positions);
  lm->set_dropout(dropout);
  return WithDefaults(spec);
}

// A model with random parameters, and a batch of random bytes.
struct Case {
  v1::JobSpec spec;
  LmShape shape;
  std::unique_ptr<Model> model;
  std::unique_ptr<Runner> runner;
  Parameters parameters;
  Batch batch;

  Case(const v1::JobSpec& job, uint64_t records, uint32_t seed)
      : spec(job), shape(LmShape::FromSpec(job.model().lm())) {
    REQUIRE_OK_AND_ASSIGN(model, CreateModel(spec, shape.context + 1, 0));
    REQUIRE_OK_AND_ASSIGN(runner, CreateCpuRunner(spec, *model, shape.context + 1, 0));
    std::mt19937 random(seed);
    std::uniform_real_distribution<float> value(-0.5f, 0.5f);
    for (const v1::TableSpec& table : model->tables()) {
      parameters.emplace_back().rows.resize(table.rows() * table.dim());
      for (float& x : parameters.back().rows) x = value(random);
    }
    batch.dense = true;
    batch.features = shape.context + 1;
    batch.nominal = records;
    batch.rank = 3;
    batch.iteration = 17;
    batch.labels.assign(records, 0);
    for (uint64_t i = 0; i < records * batch.features; ++i) {
      batch.dense_values.push_back(static_cast<float>(random() % kByteValues));
    }
  }

  std::vector<uint8_t> Window(uint64_t record) const {
    const auto first = batch.dense_values.begin() + record * batch.features;
    return {first, first + batch.features};
  }

  LmReference::Mask Mask() const {
    if (shape.dropout == 0) return nullptr;
    return [this](uint64_t site, uint64_t row, uint64_t column) {
      const Dropout dropout(shape.dropout, spec.train().seed(), batch.rank, batch.iteration);
      float one = 1;
      dropout.Apply(site, row * shape.width + column, {&one, 1});
      return double{one};
    };
  }

  double ReferenceLoss(const LmReference::Values& values) const {
    double sum = 0;
    for (uint64_t i = 0; i < batch.size(); ++i) {
      sum += LmReference(shape).Loss(values, Window(i), Mask(), i * shape.context);
    }
    return sum;
  }
};

LmReference::Values ValuesOf(const Parameters& parameters) {
  LmReference::Values values;
  for (const TableRows& table : parameters) {
    values.emplace_back(table.rows.begin(), table.rows.end());
  }
  return values;
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

TEST_CASE("every value of every gradient is that of central differences") {
  const std::vector<v1::JobSpec> specs = {
      Spec(4, 2, 2, 4),
      Spec(5, 1, 1, 6),
      Spec(3, 2, 3, 6, v1::POSITIONS_LEARNED),
      Spec(4, 2, 2, 4, v1::POSITIONS_ROTARY, 0.3),
  };
  for (const v1::JobSpec& spec : specs) {
    const Case c(spec, 3, 7);
    INFO(spec.model().lm().ShortDebugString());
    const float scale = 0.5f;
    Gradients gradients;
    LossSum loss;
    REQUIRE_OK(c.runner->Gradient(c.batch, c.parameters, scale, &gradients, &loss, kIgnore));
    LmReference::Values at = ValuesOf(c.parameters);
    CHECK(loss.count == 3);
    CHECK(loss.sum == Approx(c.ReferenceLoss(at)).epsilon(1e-5));
    REQUIRE(gradients.size() == at.size());
    const double h = 1e-5;
    double worst = 0;
    for (size_t t = 0; t < at.size(); ++t) {
      REQUIRE(gradients[t].rows.size() == at[t].size());
      double largest = 0;
      for (size_t i = 0; i < at[t].size(); ++i) {
        // A byte that does not go in has one way to its row only: few of them will do.
        if (static_cast<int>(t) == c.shape.Embedding() && i % 7 != 0 && i / c.shape.width > 20) {
          continue;
        }
        const double value = at[t][i];
        at[t][i] = value + h;
        const double above = c.ReferenceLoss(at);
        at[t][i] = value - h;
        const double below = c.ReferenceLoss(at);
        at[t][i] = value;
        const double want = scale * (above - below) / (2 * h);
        largest = std::max(largest, std::abs(want));
        const double error = std::abs(gradients[t].rows[i] - want) / (1 + std::abs(want));
        worst = std::isnan(error) ? INFINITY : std::max(worst, error);
      }
      INFO(c.model->tables()[t].name());
      CHECK(largest > 1e-4);
    }
    CHECK(worst < 2e-5);
  }
}

TEST_CASE("a batch of several chunks is the sum of its records") {
  const v1::JobSpec spec = Spec(200, 1, 2, 4, v1::POSITIONS_ROTARY, 0.2);
  const Case all(spec, 5, 11);
  Gradients gradients;
  LossSum loss;
  REQUIRE_OK(all.runner->Gradient(all.batch, all.parameters, 1, &gradients, &loss, kIgnore));
  CHECK(loss.sum == Approx(all.ReferenceLoss(ValuesOf(all.parameters))).epsilon(1e-5));
  // The same bytes once more.
  Gradients again;
  REQUIRE_OK(all.runner->Gradient(all.batch, all.parameters, 1, &again, &loss, kIgnore));
  CHECK(SameBytes(gradients, again));
}

TEST_CASE("tables become ready once, complete, from the last to the embedding") {
  for (const uint64_t records : {0, 1, 300}) {
    const Case c(Spec(4, 2, 2, 4, v1::POSITIONS_LEARNED), records, 3);
    Gradients gradients;
    Gradients seen(c.parameters.size());
    std::vector<int> order;
    LossSum loss;
    REQUIRE_OK(c.runner->Gradient(c.batch, c.parameters, 1, &gradients, &loss, [&](int table) {
      order.push_back(table);
      seen[table] = gradients[table];
    }));
    CHECK(SameBytes(seen, gradients));
    CHECK(order.size() == c.parameters.size());
    CHECK(std::set<int>(order.begin(), order.end()).size() == order.size());
    if (records == 0) continue;
    CHECK(order.front() == c.shape.NormGain());
    CHECK(order.back() == c.shape.Embedding());
    const int block = static_cast<int>(BlockTable::kCount);
    CHECK(order[2] / block == 1);
    CHECK(order[2 + block] / block == 0);
  }
}

TEST_CASE("predictions are losses and their probabilities, without dropout") {
  const Case c(Spec(6, 2, 2, 4, v1::POSITIONS_ROTARY, 0.5), 40, 5);
  Predictions predictions;
  REQUIRE_OK(c.runner->Predict(c.batch, c.parameters, &predictions));
  CHECK(predictions.width == 1);
  REQUIRE(predictions.losses.size() == 40);
  REQUIRE(predictions.scores.size() == 40);
  const LmReference reference(c.shape);
  for (uint64_t i = 0; i < 40; ++i) {
    const double loss = reference.Loss(ValuesOf(c.parameters), c.Window(i));
    CHECK(predictions.losses[i] == Approx(loss).epsilon(1e-5));
    CHECK(predictions.scores[i] == Approx(std::exp(-loss)).epsilon(1e-5));
  }
}

TEST_CASE("a later byte changes nothing of what is predicted before it") {
  for (const v1::Positions positions : {v1::POSITIONS_ROTARY, v1::POSITIONS_LEARNED}) {
    const uint64_t length = 150;
    const Case c(Spec(length, 2, 2, 8, positions), 1, 13);
    const LmPass pass = {.sequences = 1, .length = length, .parameters = &c.parameters};
    std::vector<uint8_t> bytes = c.Window(0);
    bytes.pop_back();
    LmNetwork network(c.shape);
    network.Forward(bytes, pass);
    const std::vector<float> before = network.logits();
    for (const uint64_t changed : {0, 1, 70, 127, 128, 149}) {
      std::vector<uint8_t> others = bytes;
      others[changed] ^= 0x55;
      network.Forward(others, pass);
      CHECK(std::memcmp(before.data(), network.logits().data(),
                        changed * kByteValues * sizeof(float)) == 0);
      // It does change the rest.
      CHECK(std::memcmp(before.data() + changed * kByteValues,
                        network.logits().data() + changed * kByteValues,
                        kByteValues * sizeof(float)) != 0);
    }
  }
}

TEST_CASE("what does not fit is refused and named") {
  const Case c(Spec(4, 1, 1, 4), 2, 1);
  Gradients gradients;
  LossSum loss;
  Predictions predictions;
  const auto check = [&](const Batch& batch, const Parameters& parameters, const char* part) {
    CHECK_STATUS(c.runner->Gradient(batch, parameters, 1, &gradients, &loss, kIgnore),
                 absl::StatusCode::kInvalidArgument, part);
    CHECK_STATUS(c.runner->Predict(batch, parameters, &predictions),
                 absl::StatusCode::kInvalidArgument, part);
  };
  for (const float byte : {-1.0f, 256.0f, 0.5f, NAN}) {
    Batch wrong = c.batch;
    wrong.dense_values[7] = byte;
    check(wrong, c.parameters, "record 1: bytes from 0 to 255 expected");
  }
  Batch wrong = c.batch;
  wrong.dense_values.pop_back();
  check(wrong, c.parameters, "10 values expected");
  wrong = c.batch;
  wrong.dense = false;
  check(wrong, c.parameters, "sparse records");
  Parameters misfit = c.parameters;
  misfit.pop_back();
  check(c.batch, misfit, "tables expected");
  CHECK_STATUS(CreateCpuRunner(c.spec, *c.model, 9, 0), absl::StatusCode::kInvalidArgument,
               "context + 1 = 5 bytes expected, got data with 9 features");
}

}  // namespace
}  // namespace paceline::worker
