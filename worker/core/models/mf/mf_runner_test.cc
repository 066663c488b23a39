// Matrix factorization against its formula in float64, and learned to the noise.
#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <memory>
#include <random>
#include <vector>

#include "common/status/status_matchers.h"
#include "worker/core/models/mf/mf_model.h"
#include "worker/core/models/model_factory.h"
#include "worker/core/models/runner_factory.h"

namespace paceline::worker {
namespace {

const GradientReady kIgnore = [](int) {};

struct Built {
  std::unique_ptr<Model> model;
  std::unique_ptr<Runner> runner;
};

Built Build(v1::TableKind table, uint32_t factors, uint64_t rows) {
  v1::JobSpec spec;
  spec.mutable_model()->set_kind(v1::MODEL_KIND_MF);
  spec.mutable_model()->set_table(table);
  spec.mutable_model()->set_factors(factors);
  Built built;
  REQUIRE_OK_AND_ASSIGN(built.model, CreateModel(spec, rows, 0));
  REQUIRE_OK_AND_ASSIGN(built.runner, CreateCpuRunner(spec, *built.model, rows, 0));
  return built;
}

Batch Ratings(const std::vector<uint64_t>& pairs, const std::vector<float>& ratings) {
  Batch batch;
  batch.fields = 2;
  batch.indices = pairs;
  batch.labels = ratings;
  batch.nominal = ratings.size();
  return batch;
}

Batch RandomBatch(uint64_t n, uint64_t users, uint64_t items, std::mt19937* random) {
  std::vector<uint64_t> pairs;
  std::vector<float> ratings;
  for (uint64_t i = 0; i < n; ++i) {
    pairs.push_back((*random)() % users);
    pairs.push_back((*random)() % items);
    ratings.push_back(std::uniform_real_distribution<float>(1, 5)(*random));
  }
  return Ratings(pairs, ratings);
}

Parameters RandomParameters(const Model& model, const Batch& batch, std::mt19937* random) {
  std::vector<std::vector<uint64_t>> keys;
  model.Keys(batch, &keys);
  Parameters parameters(keys.size());
  for (size_t t = 0; t < keys.size(); ++t) {
    const v1::TableSpec& table = model.tables()[t];
    const bool sparse = table.kind() == v1::TABLE_KIND_SPARSE;
    parameters[t].keys = keys[t];
    parameters[t].rows.resize((sparse ? keys[t].size() : table.rows()) * table.dim());
    for (float& value : parameters[t].rows) {
      value = std::uniform_real_distribution<float>(-1, 1)(*random);
    }
  }
  return parameters;
}

using Values = std::vector<std::vector<double>>;

// Sum of the losses at `values`, whose rows lie as those of `parameters`.
double LossOf(const Batch& batch, const Parameters& parameters, const Values& values,
              uint32_t factors) {
  const auto row = [&](int table, uint64_t key) -> uint64_t {
    const std::vector<uint64_t>& keys = parameters[table].keys;
    if (keys.empty()) return key;
    return static_cast<uint64_t>(std::find(keys.begin(), keys.end(), key) - keys.begin());
  };
  double sum = 0;
  for (uint64_t i = 0; i < batch.size(); ++i) {
    const uint64_t user = row(kMfUser, batch.indices[2 * i]);
    const uint64_t item = row(kMfItem, batch.indices[2 * i + 1]);
    double z = values[kMfBias][0] + values[kMfUserBias][user] + values[kMfItemBias][item];
    for (uint32_t f = 0; f < factors; ++f) {
      z += values[kMfUser][user * factors + f] * values[kMfItem][item * factors + f];
    }
    sum += 0.5 * (z - batch.labels[i]) * (z - batch.labels[i]);
  }
  return sum;
}

TEST_CASE("gradients are those of central differences") {
  for (const v1::TableKind table : {v1::TABLE_KIND_SPARSE, v1::TABLE_KIND_DENSE}) {
    for (const uint32_t factors : {1, 3, 8, 17}) {
      for (const uint64_t n : {0, 1, 5, 40}) {
        INFO(v1::TableKind_Name(table) << " factors " << factors << " n " << n);
        const Built built = Build(table, factors, 9);
        std::mt19937 random(static_cast<uint32_t>(100 * factors + n));
        const Batch batch = RandomBatch(n, 9, 7, &random);
        const Parameters parameters = RandomParameters(*built.model, batch, &random);
        const float scale = 0.25f;
        Gradients gradients;
        LossSum loss;
        std::vector<int> order;
        REQUIRE_OK(built.runner->Gradient(batch, parameters, scale, &gradients, &loss,
                                          [&](int t) { order.push_back(t); }));
        Values values;
        for (const TableRows& rows : parameters)
          values.emplace_back(rows.rows.begin(), rows.rows.end());
        CHECK(loss.count == n);
        CHECK(loss.sum == Approx(LossOf(batch, parameters, values, factors)).epsilon(1e-5));
        for (size_t t = 0; t < values.size(); ++t) {
          REQUIRE(gradients[t].keys == parameters[t].keys);
          REQUIRE(gradients[t].rows.size() == values[t].size());
          for (size_t i = 0; i < values[t].size(); ++i) {
            const double value = values[t][i];
            const double h = 1e-5;
            values[t][i] = value + h;
            const double above = LossOf(batch, parameters, values, factors);
            values[t][i] = value - h;
            const double below = LossOf(batch, parameters, values, factors);
            values[t][i] = value;
            REQUIRE(gradients[t].rows[i] ==
                    Approx(scale * (above - below) / (2 * h)).epsilon(2e-5).margin(2e-5));
          }
        }
        std::sort(order.begin(), order.end());
        CHECK(order == std::vector<int>{0, 1, 2, 3, 4});
        // The same once more, in a used runner.
        Gradients again;
        REQUIRE_OK(built.runner->Gradient(batch, parameters, scale, &again, &loss, kIgnore));
        for (size_t t = 0; t < values.size(); ++t) {
          CHECK(again[t].rows == gradients[t].rows);
        }
      }
    }
  }
}

TEST_CASE("users and items have keys of their own") {
  const Built built = Build(v1::TABLE_KIND_SPARSE, 2, 100);
  const Batch batch = Ratings({7, 3, 2, 9, 7, 3, 50, 7}, {1, 2, 3, 4});
  std::vector<std::vector<uint64_t>> keys(1, {99});
  built.model->Keys(batch, &keys);
  using Keys = std::vector<uint64_t>;
  CHECK(keys == std::vector<Keys>{{}, {3, 7, 9}, {3, 7, 9}, {2, 7, 50}, {2, 7, 50}});
  Build(v1::TABLE_KIND_DENSE, 2, 100).model->Keys(batch, &keys);
  CHECK(keys == std::vector<Keys>(5));
  built.model->Keys(Batch(), &keys);
  CHECK(keys == std::vector<Keys>(5));
}

TEST_CASE("what does not fit is refused and named") {
  std::mt19937 random(1);
  const Built built = Build(v1::TABLE_KIND_SPARSE, 2, 100);
  const Batch batch = Ratings({7, 3, 2, 9}, {1, 2});
  const Parameters parameters = RandomParameters(*built.model, batch, &random);
  Gradients gradients;
  LossSum loss;
  Predictions predictions;
  const auto check = [&](const Batch& b, const Parameters& p, const char* part) {
    CHECK_STATUS(built.runner->Gradient(b, p, 1, &gradients, &loss, kIgnore),
                 absl::StatusCode::kInvalidArgument, part);
    CHECK_STATUS(built.runner->Predict(b, p, &predictions), absl::StatusCode::kInvalidArgument,
                 part);
  };
  Batch wrong = batch;
  wrong.fields = 0;
  check(wrong, parameters, "2 fields (user, item) expected, got 0");
  wrong = batch;
  wrong.indices.pop_back();
  check(wrong, parameters, "4 keys expected for 2 ratings, got 3");
  wrong = batch;
  wrong.labels[1] = INFINITY;
  check(wrong, parameters, "record 1: label");
  wrong = batch;
  wrong.indices[2] = 8;
  check(wrong, parameters, "record 1: user 8 is not among the 2 keys of table mf/user");
  wrong = batch;
  wrong.indices[1] = 4;
  check(wrong, parameters, "record 0: item 4 is not among the 2 keys of table mf/item");
  Parameters misfit = parameters;
  misfit.pop_back();
  check(batch, misfit, "5 tables expected, got 4");
  misfit = parameters;
  misfit[kMfUserBias].keys = {1, 2};
  check(batch, misfit, "mf/user and mf/user_bias: the same keys expected");
  const Built dense = Build(v1::TABLE_KIND_DENSE, 2, 5);
  CHECK_STATUS(
      dense.runner->Predict(batch, RandomParameters(*dense.model, batch, &random), &predictions),
      absl::StatusCode::kInvalidArgument, "record 0: user below 5 expected");
}

// A server with adagrad, for what follows.
class Learner {
 public:
  explicit Learner(v1::TableKind table)
      : built_(Build(table, kFactors, kUsers)), rows_(kMfTables, std::vector<State>(kUsers)) {}

  static constexpr uint32_t kFactors = 2;
  static constexpr uint64_t kUsers = 150;

  Parameters Pull(const Batch& batch) {
    std::vector<std::vector<uint64_t>> keys;
    built_.model->Keys(batch, &keys);
    Parameters parameters(keys.size());
    for (int t = 0; t < kMfTables; ++t) {
      const v1::TableSpec& table = built_.model->tables()[t];
      parameters[t].keys = keys[t];
      const uint64_t rows = table.kind() == v1::TABLE_KIND_SPARSE ? keys[t].size() : table.rows();
      for (uint64_t row = 0; row < rows; ++row) {
        const std::vector<float>& values = Row(t, Key(parameters[t], row)).values;
        for (const float value : values) parameters[t].rows.push_back(value);
      }
    }
    return parameters;
  }

  void Step(const Batch& batch, float rate, float l2) {
    const Parameters parameters = Pull(batch);
    LossSum loss;
    REQUIRE_OK(built_.runner->Gradient(batch, parameters, 1.0f / static_cast<float>(batch.size()),
                                       &gradients_, &loss, kIgnore));
    for (int t = 0; t < kMfTables; ++t) {
      const v1::TableSpec& table = built_.model->tables()[t];
      for (uint64_t i = 0; i < gradients_[t].rows.size(); ++i) {
        State& state = Row(t, Key(gradients_[t], i / table.dim()));
        float& w = state.values[i % table.dim()];
        float g = gradients_[t].rows[i];
        if (!table.no_decay()) g += l2 * w;
        float& sum = state.squares[i % table.dim()];
        sum += g * g;
        w -= rate * g / (std::sqrt(sum) + 1e-10f);
      }
    }
  }

  double Rmse(const Batch& batch) {
    Predictions predictions;
    REQUIRE_OK(built_.runner->Predict(batch, Pull(batch), &predictions));
    double sum = 0;
    for (uint64_t i = 0; i < batch.size(); ++i) {
      sum += std::pow(double{predictions.scores[i]} - batch.labels[i], 2);
    }
    return std::sqrt(sum / static_cast<double>(batch.size()));
  }

 private:
  struct State {
    std::vector<float> values;
    std::vector<float> squares;
  };

  static uint64_t Key(const TableRows& rows, uint64_t row) {
    return rows.keys.empty() ? row : rows.keys[row];
  }

  State& Row(int t, uint64_t key) {
    State& state = rows_[t][key];
    const v1::TableSpec& table = built_.model->tables()[t];
    if (!state.values.empty()) return state;
    std::normal_distribution<float> normal(0, 0.1f);
    for (uint32_t i = 0; i < table.dim(); ++i) {
      const bool spread = table.initializer().kind() == v1::INITIALIZER_KIND_NORMAL;
      state.values.push_back(spread ? normal(random_) : 0);
    }
    state.squares.resize(table.dim());
    return state;
  }

  Built built_;
  std::mt19937 random_{5};
  // By table and key.
  std::vector<std::vector<State>> rows_;
  Gradients gradients_;
};

TEST_CASE("ratings of low rank are learned to their noise") {
  constexpr uint64_t kItems = 100;
  constexpr double kNoise = 0.3;
  std::mt19937 random(11);
  std::normal_distribution<double> normal;
  const auto draw = [&](uint64_t n, double spread) {
    std::vector<double> values(n);
    for (double& value : values) value = spread * normal(random);
    return values;
  };
  const std::vector<double> user_bias = draw(Learner::kUsers, 0.4);
  const std::vector<double> item_bias = draw(kItems, 0.4);
  const std::vector<double> user = draw(Learner::kUsers * 2, 0.7);
  const std::vector<double> item = draw(kItems * 2, 0.7);
  const auto rate = [&](uint64_t n) {
    std::vector<uint64_t> pairs;
    std::vector<float> ratings;
    for (uint64_t i = 0; i < n; ++i) {
      const uint64_t u = random() % Learner::kUsers;
      const uint64_t v = random() % kItems;
      pairs.insert(pairs.end(), {u, v});
      const double z = 3.5 + user_bias[u] + item_bias[v] + user[2 * u] * item[2 * v] +
                       user[2 * u + 1] * item[2 * v + 1];
      ratings.push_back(static_cast<float>(z + kNoise * normal(random)));
    }
    return Ratings(pairs, ratings);
  };
  std::vector<Batch> batches;
  for (int i = 0; i < 60; ++i) batches.push_back(rate(500));
  const Batch held_out = rate(4000);
  for (const v1::TableKind table : {v1::TABLE_KIND_SPARSE, v1::TABLE_KIND_DENSE}) {
    Learner learner(table);
    CHECK(learner.Rmse(held_out) > 3);
    for (int epoch = 0; epoch < 20; ++epoch) {
      for (const Batch& batch : batches) learner.Step(batch, 0.3f, 1e-5f);
    }
    INFO(v1::TableKind_Name(table));
    CHECK(learner.Rmse(held_out) < 1.05 * kNoise);
  }
}

}  // namespace
}  // namespace paceline::worker
