// What click models do beside computing (ctr_gradient_test): keys, the same bytes, learning,
// refusals.
#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "common/spec/defaults.h"
#include "common/status/status_matchers.h"
#include "worker/core/models/model_factory.h"
#include "worker/core/models/runner_factory.h"

namespace paceline::worker {
namespace {

constexpr v1::ModelKind kKinds[] = {v1::MODEL_KIND_WIDE_DEEP, v1::MODEL_KIND_DEEPFM,
                                    v1::MODEL_KIND_DCN};
constexpr uint64_t kBuckets = 100;
constexpr uint64_t kFeatures = kBuckets + 1;
const GradientReady kIgnore = [](int) {};

// Two columns of categories, their cross, a number.
v1::JobSpec SpecOf(v1::ModelKind kind, v1::TableKind table = v1::TABLE_KIND_SPARSE) {
  v1::JobSpec spec;
  spec.mutable_model()->set_kind(kind);
  spec.mutable_model()->set_table(table);
  spec.mutable_model()->set_factors(4);
  spec.mutable_model()->add_hidden(8);
  v1::DataSpec* const data = spec.mutable_data();
  data->set_hash_buckets(kBuckets);
  data->mutable_train()->set_format(v1::DATA_FORMAT_CSV);
  for (const char* column : {"0", "1"}) data->mutable_train()->add_categories(column);
  v1::CrossSpec* const cross = data->add_crosses();
  for (const char* column : {"0", "1"}) cross->add_columns(column);
  return WithDefaults(spec);
}

struct Built {
  explicit Built(const v1::JobSpec& spec) {
    REQUIRE_OK_AND_ASSIGN(model, CreateModel(spec, kFeatures, 2));
    REQUIRE_OK_AND_ASSIGN(runner, CreateCpuRunner(spec, *model, kFeatures, 2));
  }

  size_t Place(const std::string& name) const {
    const std::vector<v1::TableSpec>& tables = model->tables();
    return static_cast<size_t>(
        std::find_if(tables.begin(), tables.end(),
                     [&](const v1::TableSpec& table) { return table.name() == name; }) -
        tables.begin());
  }

  std::unique_ptr<Model> model;
  std::unique_ptr<Runner> runner;
};

Batch BatchOf(const std::vector<uint64_t>& keys, const std::vector<float>& labels) {
  Batch batch;
  batch.fields = 3;
  batch.features = 1;
  batch.indices = keys;
  batch.labels = labels;
  batch.nominal = labels.size();
  batch.dense_values.assign(labels.size(), 0.5f);
  return batch;
}

// Rows by key of each table, as servers that hold them all.
class Rows {
 public:
  explicit Rows(const Model& model) : model_(model), rows_(model.tables().size()) {}

  Parameters Pull(const Batch& batch) {
    std::vector<std::vector<uint64_t>> keys;
    model_.Keys(batch, &keys);
    Parameters parameters(keys.size());
    for (size_t t = 0; t < keys.size(); ++t) {
      const v1::TableSpec& table = model_.tables()[t];
      const bool sparse = table.kind() == v1::TABLE_KIND_SPARSE;
      parameters[t].keys = keys[t];
      for (uint64_t i = 0; i < (sparse ? keys[t].size() : table.rows()); ++i) {
        for (const float value : Row(t, sparse ? keys[t][i] : i)) {
          parameters[t].rows.push_back(value);
        }
      }
    }
    return parameters;
  }

  // AdaGrad.
  void Push(const Gradients& gradients, float rate) {
    for (size_t t = 0; t < gradients.size(); ++t) {
      const uint32_t dim = model_.tables()[t].dim();
      for (size_t i = 0; i < gradients[t].rows.size(); ++i) {
        const uint64_t row = i / dim;
        const uint64_t key = gradients[t].keys.empty() ? row : gradients[t].keys[row];
        const float g = gradients[t].rows[i];
        float& sum = squares_[{t, key * dim + i % dim}];
        sum += g * g;
        Row(t, key)[i % dim] -= rate * g / (std::sqrt(sum) + 1e-8f);
      }
    }
  }

 private:
  std::vector<float>& Row(size_t t, uint64_t key) {
    std::vector<float>& row = rows_[t][key];
    const v1::TableSpec& table = model_.tables()[t];
    std::normal_distribution<float> normal(0, 0.3f);
    const bool zeros = table.initializer().kind() == v1::INITIALIZER_KIND_ZEROS;
    while (row.size() < table.dim()) row.push_back(zeros ? 0 : normal(random_));
    return row;
  }

  const Model& model_;
  std::mt19937 random_{7};
  std::vector<std::map<uint64_t, std::vector<float>>> rows_;
  std::map<std::pair<size_t, uint64_t>, float> squares_;
};

TEST_CASE("a batch needs the keys of its fields, each once") {
  using Keys = std::vector<uint64_t>;
  const Batch batch = BatchOf({7, 3, 90, 2, 7, 3}, {0, 1});
  std::vector<Keys> keys(1, {99});
  for (const v1::ModelKind kind : kKinds) {
    INFO(v1::ModelKind_Name(kind));
    const Built built(SpecOf(kind));
    built.model->Keys(batch, &keys);
    REQUIRE(keys.size() == built.model->tables().size());
    for (size_t t = 0; t < keys.size(); ++t) {
      const std::string& name = built.model->tables()[t].name();
      INFO(name);
      // Crosses are for the wide part alone.
      if (name == "wide_deep/factors") {
        CHECK(keys[t] == Keys{2, 3, 7});
      } else if (name == "deepfm/factors" || name == "dcn/factors" || name == "wide_deep/weight" ||
                 name == "deepfm/weight") {
        CHECK(keys[t] == Keys{2, 3, 7, 90});
      } else {
        CHECK(keys[t].empty());
      }
    }
    Built(SpecOf(kind, v1::TABLE_KIND_DENSE)).model->Keys(batch, &keys);
    CHECK(keys == std::vector<Keys>(keys.size()));
    built.model->Keys(Batch(), &keys);
    CHECK(keys == std::vector<Keys>(keys.size()));
  }
}

TEST_CASE("the same batch gives the same bytes, in a new runner and in a used one") {
  for (const v1::ModelKind kind : kKinds) {
    INFO(v1::ModelKind_Name(kind));
    const Built built(SpecOf(kind));
    Rows rows(*built.model);
    const Batch batch = BatchOf({7, 3, 90, 2, 7, 3, 7, 7, 7}, {0, 1, 1});
    const Batch other = BatchOf({1, 2, 3}, {1});
    const Parameters parameters = rows.Pull(batch);
    Gradients first;
    Gradients again;
    Gradients fresh;
    LossSum loss;
    REQUIRE_OK(built.runner->Gradient(batch, parameters, 0.1f, &first, &loss, kIgnore));
    REQUIRE_OK(built.runner->Gradient(other, rows.Pull(other), 3, &again, &loss, kIgnore));
    REQUIRE_OK(built.runner->Gradient(batch, parameters, 0.1f, &again, &loss, kIgnore));
    REQUIRE_OK(
        Built(SpecOf(kind)).runner->Gradient(batch, parameters, 0.1f, &fresh, &loss, kIgnore));
    for (size_t t = 0; t < first.size(); ++t) {
      CHECK(first[t].keys == again[t].keys);
      CHECK(first[t].rows == again[t].rows);
      CHECK(first[t].rows == fresh[t].rows);
    }
  }
}

TEST_CASE("what two columns are together is learned") {
  // A click where both categories are odd or both even; crosses say nothing here.
  std::vector<uint64_t> keys;
  std::vector<float> labels;
  for (uint64_t a = 0; a < 8; ++a) {
    for (uint64_t b = 0; b < 8; ++b) {
      keys.insert(keys.end(), {a, 10 + b, 50});
      labels.push_back((a + b) % 2 == 0 ? 1.0f : 0.0f);
    }
  }
  const Batch batch = BatchOf(keys, labels);
  for (const v1::ModelKind kind : kKinds) {
    for (const v1::TableKind table : {v1::TABLE_KIND_SPARSE, v1::TABLE_KIND_DENSE}) {
      INFO(v1::ModelKind_Name(kind) << " " << v1::TableKind_Name(table));
      const Built built(SpecOf(kind, table));
      Rows rows(*built.model);
      Gradients gradients;
      LossSum loss;
      for (int step = 0; step < 300; ++step) {
        REQUIRE_OK(
            built.runner->Gradient(batch, rows.Pull(batch), 1.0f / 64, &gradients, &loss, kIgnore));
        rows.Push(gradients, 0.1f);
      }
      CHECK(loss.sum / 64 < 0.1);
    }
  }
}

TEST_CASE("what does not fit is refused and named") {
  for (const v1::ModelKind kind : kKinds) {
    INFO(v1::ModelKind_Name(kind));
    const Built built(SpecOf(kind));
    const Batch batch = BatchOf({7, 3, 90, 2, 7, 3}, {0, 1});
    const Parameters parameters = Rows(*built.model).Pull(batch);
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
    wrong.fields = 2;
    check(wrong, parameters, "3 fields and 1 numbers expected, got 2 and 1");
    wrong = batch;
    wrong.indices.pop_back();
    check(wrong, parameters, "6 keys and 2 numbers expected for 2 records, got 5 and 2");
    wrong = batch;
    wrong.labels[1] = 2;
    check(wrong, parameters, "record 1: label 0 or 1 expected, got 2");
    wrong = batch;
    wrong.indices[3] = 5;
    check(wrong, parameters, "record 1, field 0: key 5 is not among the");
    Parameters misfit = parameters;
    misfit.pop_back();
    check(batch, misfit, "tables expected");
    misfit = parameters;
    misfit[built.Place("layer0/weight")].rows.pop_back();
    check(batch, misfit, "table layer0/weight");

    const Built dense(SpecOf(kind, v1::TABLE_KIND_DENSE));
    wrong = batch;
    wrong.indices[4] = 100;
    CHECK_STATUS(dense.runner->Predict(wrong, Rows(*dense.model).Pull(wrong), &predictions),
                 absl::StatusCode::kInvalidArgument,
                 "record 1, field 1: a key below 100 expected, got 100");
  }
}

TEST_CASE("data without categories make no click model") {
  for (const v1::ModelKind kind : kKinds) {
    v1::JobSpec spec = SpecOf(kind);
    spec.mutable_data()->mutable_train()->clear_categories();
    spec.mutable_data()->clear_crosses();
    CHECK_STATUS(CreateModel(spec, kFeatures, 2), absl::StatusCode::kInvalidArgument,
                 "data.train: columns of categories expected");
  }
}

}  // namespace
}  // namespace paceline::worker
