// Tiny problems, learned to the end with plain gradient descent: whether forward and
// backward together learn what they should, for every kind of table and data.
#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <map>
#include <memory>
#include <random>
#include <vector>

#include "common/status/status_matchers.h"
#include "worker/core/models/cases.h"
#include "worker/core/models/model_factory.h"
#include "worker/core/models/runner_factory.h"

namespace paceline::worker {
namespace {

using testing::ModelCase;

// Rows by key of each table; rows that were never pushed have their initial value.
class Learner {
 public:
  explicit Learner(const ModelCase& c) : random_(17) {
    REQUIRE_OK_AND_ASSIGN(model_, CreateModel(c.Spec(), c.features, c.classes));
    REQUIRE_OK_AND_ASSIGN(runner_, CreateCpuRunner(c.Spec(), *model_, c.features, c.classes));
    rows_.resize(model_->tables().size());
  }

  void Train(const Batch& batch, int steps, float learning_rate) {
    for (int step = 0; step < steps; ++step) {
      const Parameters parameters = Pull(batch);
      LossSum loss;
      REQUIRE_OK(runner_->Gradient(batch, parameters, 1.0f / static_cast<float>(batch.size()),
                                   &gradients_, &loss, [](int) {}));
      for (size_t t = 0; t < gradients_.size(); ++t) {
        const uint32_t dim = model_->tables()[t].dim();
        for (size_t i = 0; i < gradients_[t].rows.size(); ++i) {
          const uint64_t key = gradients_[t].keys.empty() ? i / dim : gradients_[t].keys[i / dim];
          Row(t, key)[i % dim] -= learning_rate * gradients_[t].rows[i];
        }
      }
    }
  }

  Predictions Predict(const Batch& batch) {
    Predictions predictions;
    REQUIRE_OK(runner_->Predict(batch, Pull(batch), &predictions));
    return predictions;
  }

  double MeanLoss(const Batch& batch) {
    double sum = 0;
    for (const float loss : Predict(batch).losses) sum += loss;
    return sum / static_cast<double>(batch.size());
  }

  double Accuracy(const Batch& batch) {
    const Predictions predictions = Predict(batch);
    const uint64_t width = predictions.width;
    int right = 0;
    for (size_t i = 0; i < batch.size(); ++i) {
      const float* scores = predictions.scores.data() + i * width;
      const int64_t said =
          width == 1 ? (scores[0] >= 0.5f) : std::max_element(scores, scores + width) - scores;
      right += static_cast<float>(said) == batch.labels[i];
    }
    return right / static_cast<double>(batch.size());
  }

  std::vector<float>& Row(size_t table, uint64_t key) {
    std::vector<float>& row = rows_[table][key];
    const v1::TableSpec& spec = model_->tables()[table];
    while (row.size() < spec.dim()) {
      const bool zeros = spec.initializer().kind() == v1::INITIALIZER_KIND_ZEROS;
      row.push_back(zeros ? 0 : std::normal_distribution<float>(0, 0.5f)(random_));
    }
    return row;
  }

 private:
  Parameters Pull(const Batch& batch) {
    std::vector<std::vector<uint64_t>> keys;
    model_->Keys(batch, &keys);
    Parameters parameters(keys.size());
    for (size_t t = 0; t < keys.size(); ++t) {
      const v1::TableSpec& spec = model_->tables()[t];
      const bool sparse = spec.kind() == v1::TABLE_KIND_SPARSE;
      parameters[t].keys = keys[t];
      for (uint64_t i = 0; i < (sparse ? keys[t].size() : spec.rows()); ++i) {
        const std::vector<float>& row = Row(t, sparse ? keys[t][i] : i);
        parameters[t].rows.insert(parameters[t].rows.end(), row.begin(), row.end());
      }
    }
    return parameters;
  }

  std::unique_ptr<Model> model_;
  std::unique_ptr<Runner> runner_;
  std::vector<std::map<uint64_t, std::vector<float>>> rows_;
  std::mt19937 random_;
  Gradients gradients_;
};

// The same records as a dense or a CSR batch.
Batch ToBatch(const std::vector<std::vector<float>>& x, std::vector<float> labels, bool dense) {
  Batch batch;
  batch.dense = dense;
  batch.features = x[0].size();
  batch.labels = std::move(labels);
  if (!dense) batch.offsets = {0};
  for (const std::vector<float>& record : x) {
    for (size_t f = 0; f < record.size(); ++f) {
      if (dense) {
        batch.dense_values.push_back(record[f]);
      } else if (record[f] != 0) {
        batch.indices.push_back(f);
        batch.values.push_back(record[f]);
      }
    }
    if (!dense) batch.offsets.push_back(batch.indices.size());
  }
  return batch;
}

template <typename F>
void ForEachForm(const F& f) {
  for (const v1::TableKind table : {v1::TABLE_KIND_DENSE, v1::TABLE_KIND_SPARSE}) {
    for (const bool dense : {false, true}) {
      INFO((table == v1::TABLE_KIND_SPARSE ? "sparse" : "dense")
           << " tables, " << (dense ? "dense" : "csr") << " data");
      f(table, dense);
    }
  }
}

TEST_CASE("linear regression finds the plane") {
  std::vector<std::vector<float>> x;
  std::vector<float> y;
  for (int i = 0; i < 25; ++i) {
    const float a = static_cast<float>(i % 5) - 2;
    const float b = static_cast<float>(i / 5) - 2;
    x.push_back({a, b});
    y.push_back(2 * a - 3 * b + 0.5f);
  }
  ForEachForm([&](v1::TableKind table, bool dense) {
    Learner learner({.kind = v1::MODEL_KIND_LINEAR, .table = table, .features = 2});
    const Batch batch = ToBatch(x, y, dense);
    learner.Train(batch, 200, 0.2f);
    CHECK(learner.MeanLoss(batch) < 1e-8);
    CHECK(learner.Row(1, 0)[0] == Approx(2).margin(1e-3));
    CHECK(learner.Row(1, 1)[0] == Approx(-3).margin(1e-3));
    CHECK(learner.Row(0, 0)[0] == Approx(0.5).margin(1e-3));
  });
}

const std::vector<std::vector<float>> kSquare = {{1, 1}, {1, -1}, {-1, 1}, {-1, -1}};
const std::vector<float> kAnd = {1, 0, 0, 0};
const std::vector<float> kEqual = {1, 0, 0, 1};

TEST_CASE("logistic regression separates what is separable, and knows when it cannot") {
  ForEachForm([&](v1::TableKind table, bool dense) {
    const ModelCase c = {.kind = v1::MODEL_KIND_LOGISTIC, .table = table, .features = 2};
    Learner learner(c);
    const Batch batch = ToBatch(kSquare, kAnd, dense);
    learner.Train(batch, 500, 1);
    CHECK(learner.Accuracy(batch) == 1);
    CHECK(learner.MeanLoss(batch) < 0.05);
    Learner hopeless(c);
    const Batch equal = ToBatch(kSquare, kEqual, dense);
    hopeless.Train(equal, 500, 1);
    CHECK(hopeless.MeanLoss(equal) == Approx(std::log(2.0)));
  });
}

TEST_CASE("factors learn what no linear model can: whether two features agree") {
  ForEachForm([&](v1::TableKind table, bool dense) {
    Learner learner({.kind = v1::MODEL_KIND_FM, .table = table, .factors = 2, .features = 2});
    const Batch batch = ToBatch(kSquare, kEqual, dense);
    learner.Train(batch, 500, 0.5f);
    CHECK(learner.Accuracy(batch) == 1);
    CHECK(learner.MeanLoss(batch) < 0.05);
    Learner squared({.kind = v1::MODEL_KIND_FM,
                     .table = table,
                     .factors = 2,
                     .loss = v1::LOSS_SQUARED,
                     .features = 2});
    const Batch product = ToBatch(kSquare, {2, -2, -2, 2}, dense);
    squared.Train(product, 500, 0.1f);
    CHECK(squared.MeanLoss(product) < 1e-4);
  });
}

TEST_CASE("softmax regression tells three directions apart") {
  std::vector<std::vector<float>> x;
  std::vector<float> y;
  for (int i = 0; i < 30; ++i) {
    const double angle = 2 * M_PI * (i % 3) / 3 + 0.02 * (i - 15);
    x.push_back({static_cast<float>(std::cos(angle)), static_cast<float>(std::sin(angle))});
    y.push_back(static_cast<float>(i % 3));
  }
  ForEachForm([&](v1::TableKind table, bool dense) {
    Learner learner({.kind = v1::MODEL_KIND_SOFTMAX, .table = table, .features = 2, .classes = 3});
    const Batch batch = ToBatch(x, y, dense);
    learner.Train(batch, 300, 1);
    CHECK(learner.Accuracy(batch) == 1);
    CHECK(learner.MeanLoss(batch) < 0.1);
  });
}

TEST_CASE("hidden layers learn whether two features agree, with every activation") {
  ForEachForm([&](v1::TableKind table, bool dense) {
    for (const v1::Activation activation :
         {v1::ACTIVATION_RELU, v1::ACTIVATION_TANH, v1::ACTIVATION_GELU}) {
      for (const std::vector<uint32_t>& hidden : {std::vector<uint32_t>{8}, {8, 6}}) {
        Learner learner({.kind = v1::MODEL_KIND_MLP,
                         .table = table,
                         .hidden = hidden,
                         .activation = activation,
                         .features = 2,
                         .classes = 2});
        const Batch batch = ToBatch(kSquare, kEqual, dense);
        learner.Train(batch, 1000, 0.3f);
        INFO(v1::Activation_Name(activation) << " layers " << hidden.size());
        CHECK(learner.Accuracy(batch) == 1);
        CHECK(learner.MeanLoss(batch) < 0.05);
      }
    }
  });
}

}  // namespace
}  // namespace paceline::worker
