// Models over the C interface, in this process: what they get, what comes back, what is refused.
#include "worker/core/models/library/library_model.h"

#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "common/spec/defaults.h"
#include "common/status/status_matchers.h"
#include "common/tables/model_tables.h"
#include "paceline_model.h"

namespace paceline::worker {
namespace {

// Says what it got: every value of a gradient is scale * (1000 * table + row's key + 0.5 *
// column), a score is the sum of a record's values plus its first weight; behaves as the option
// `mood` says.
class Echo final : public UserModel {
 public:
  explicit Echo(const Job& job)
      : job_(job), mood_(job.Option("mood", "")), width_(job.Number("width", 1)) {
    if (mood_ == "refuse") throw std::runtime_error("not today");
    if (mood_ == "refuse oddly") throw 7;
    weight_ = job.Find("weight");
  }

  paceline::Scores scores() const override {
    if (mood_ == "classes") return {paceline::ScoreKind::kClasses, width_};
    if (mood_ == "unknown") return {static_cast<paceline::ScoreKind>(9), width_};
    const bool sure = mood_ == "probability";
    return {sure ? paceline::ScoreKind::kProbability : paceline::ScoreKind::kValue, width_};
  }

  void Keys(const paceline::Batch& batch, size_t table,
            std::vector<uint64_t>& keys) const override {
    if (mood_ == "no keys") throw std::runtime_error("table " + job_.tables[table].name + "?");
    UserModel::Keys(batch, table, keys);
  }

  double Gradient(const paceline::Batch& batch, const paceline::Parameters& parameters, float scale,
                  paceline::Gradients& gradients) override {
    if (mood_ == "throw") throw std::runtime_error("a \xff byte");
    for (size_t t = 0; t < gradients.size(); ++t) {
      for (uint64_t row = 0; row < parameters[t].size(); ++row) {
        const uint64_t key = KeyOf(parameters[t], row);
        for (uint32_t c = 0; c < parameters[t].dim(); ++c) {
          gradients[t][row][c] += scale * (1000.0f * t + key + 0.5f * c);
        }
      }
    }
    return 10.0 * batch.size();
  }

  void Predict(const paceline::Batch& batch, const paceline::Parameters& parameters, float* scores,
               float* losses) override {
    for (uint64_t record = 0; record < batch.size(); ++record) {
      float sum = *parameters[weight_][parameters[weight_].Find(3)];
      batch.ForEach(record, [&](uint64_t, float value) { sum += value; });
      for (uint32_t c = 0; c < width_; ++c) scores[record * width_ + c] = sum;
      losses[record] = batch.label(record);
    }
  }

 private:
  static uint64_t KeyOf(const paceline::Rows& rows, uint64_t row) {
    for (uint64_t key = 0; key < 10; ++key) {
      try {
        if (rows.Find(key) == row) return key;
      } catch (const std::out_of_range&) {
      }
    }
    return 99;
  }

  const Job job_;
  const std::string mood_;
  const uint32_t width_;
  size_t weight_ = 0;
};

const PacelineModel* Api() { return model_internal::Export<Echo>(); }

v1::JobSpec Spec(v1::TableKind weight, const std::string& mood = "",
                 const std::string& width = "1") {
  v1::JobSpec spec;
  spec.mutable_model()->set_kind(v1::MODEL_KIND_LIBRARY);
  v1::LibrarySpec* library = spec.mutable_model()->mutable_library();
  library->set_file("echo.so");
  v1::LibraryTableSpec* table = library->add_tables();
  table->set_name("weight");
  table->set_kind(weight);
  table->set_dim(2);
  table = library->add_tables();
  table->set_name("bias");
  table->set_rows(1);
  table->set_dim(1);
  for (const auto& [name, value] : {std::pair("mood", mood), std::pair("width", width)}) {
    v1::OptionSpec* option = library->add_options();
    option->set_name(name);
    option->set_value(value);
  }
  return WithDefaults(spec);
}

absl::StatusOr<std::unique_ptr<UserLibrary>> Make(const v1::JobSpec& spec) {
  REQUIRE_OK_AND_ASSIGN(const std::vector<v1::TableSpec> tables, ModelTables(spec, 5, 3));
  return UserLibrary::Create(Api(), spec, tables, 5, 3);
}

struct Made {
  std::unique_ptr<Model> model;
  std::unique_ptr<Runner> runner;
};

Made MakeModel(const v1::JobSpec& spec) {
  REQUIRE_OK_AND_ASSIGN(std::unique_ptr<UserLibrary> library, Make(spec));
  Made made;
  made.model = std::make_unique<LibraryModel>(std::move(library));
  REQUIRE_OK_AND_ASSIGN(made.runner, CreateLibraryRunner(*made.model));
  return made;
}

// Records {3: 0.5, 4: 1} and {1: 2, 3: 3} with the labels 7 and 9.
Batch SparseBatch() {
  Batch batch;
  batch.features = 5;
  batch.nominal = 2;
  batch.labels = {7, 9};
  batch.offsets = {0, 2, 4};
  batch.indices = {3, 4, 1, 3};
  batch.values = {0.5f, 1, 2, 3};
  return batch;
}

// bias 0.25, weights 0.125 everywhere.
Parameters ParametersOf(const Model& model, const Batch& batch) {
  std::vector<std::vector<uint64_t>> keys;
  model.Keys(batch, &keys);
  Parameters parameters(2);
  parameters[0].rows = {0.25f};
  const uint64_t rows = model.tables()[1].rows();
  parameters[1].keys = keys[1];
  parameters[1].rows.assign(2 * (rows != 0 ? rows : keys[1].size()), 0.125f);
  return parameters;
}

const GradientReady kIgnore = [](int) {};

TEST_CASE("a library computes on rows of dense and of sparse tables") {
  for (const v1::TableKind kind : {v1::TABLE_KIND_DENSE, v1::TABLE_KIND_SPARSE}) {
    const Made made = MakeModel(Spec(kind));
    REQUIRE(made.model->tables().size() == 2);
    CHECK(made.model->tables()[0].name() == "bias");
    const Batch batch = SparseBatch();
    std::vector<std::vector<uint64_t>> keys;
    made.model->Keys(batch, &keys);
    const bool sparse = kind == v1::TABLE_KIND_SPARSE;
    CHECK(keys[0].empty());
    CHECK(keys[1] == (sparse ? std::vector<uint64_t>{1, 3, 4} : std::vector<uint64_t>{}));

    const Parameters parameters = ParametersOf(*made.model, batch);
    // What was there before is not added to.
    Gradients gradients(2);
    gradients[1].rows.assign(100, 5.0f);
    LossSum loss;
    std::vector<int> ready;
    REQUIRE_OK(made.runner->Gradient(batch, parameters, 2.0f, &gradients, &loss,
                                     [&](int table) { ready.push_back(table); }));
    CHECK(loss.sum == 20);
    CHECK(loss.count == 2);
    CHECK(ready == std::vector<int>{0, 1});
    CHECK(gradients[0].rows == TensorFloats{0});
    CHECK(gradients[1].keys == parameters[1].keys);
    const std::vector<uint64_t> rows = sparse ? keys[1] : std::vector<uint64_t>{0, 1, 2, 3, 4};
    REQUIRE(gradients[1].rows.size() == 2 * rows.size());
    for (size_t row = 0; row < rows.size(); ++row) {
      CHECK(gradients[1].rows[2 * row] == 2 * (1000.0f + rows[row]));
      CHECK(gradients[1].rows[2 * row + 1] == 2 * (1000.5f + rows[row]));
    }

    Predictions predictions;
    REQUIRE_OK(made.runner->Predict(batch, parameters, &predictions));
    CHECK(predictions.width == 1);
    CHECK(predictions.score_kind == ScoreKind::kValue);
    CHECK(predictions.scores == std::vector<float>{1.625f, 5.125f});
    CHECK(predictions.losses == std::vector<float>{7, 9});
  }
}

TEST_CASE("a library reads dense batches and batches by fields") {
  const Made made = MakeModel(Spec(v1::TABLE_KIND_SPARSE));
  Batch dense;
  dense.dense = true;
  dense.features = 5;
  dense.labels = {1, 2};
  dense.dense_values = {1, 2, 3, 4, 5, 0, 0, 0, 0, 1};
  std::vector<std::vector<uint64_t>> keys;
  made.model->Keys(dense, &keys);
  CHECK(keys[1] == std::vector<uint64_t>{0, 1, 2, 3, 4});
  Predictions predictions;
  REQUIRE_OK(made.runner->Predict(dense, ParametersOf(*made.model, dense), &predictions));
  CHECK(predictions.scores == std::vector<float>{15.125f, 1.125f});

  Batch fields;
  fields.fields = 2;
  fields.labels = {1};
  fields.indices = {3, 1};
  made.model->Keys(fields, &keys);
  CHECK(keys[1] == std::vector<uint64_t>{1, 3});
  REQUIRE_OK(made.runner->Predict(fields, ParametersOf(*made.model, fields), &predictions));
  CHECK(predictions.scores == std::vector<float>{0.125f});
  fields.indices = {3};
  CHECK_STATUS(made.runner->Predict(fields, ParametersOf(*made.model, fields), &predictions),
               absl::StatusCode::kInvalidArgument,
               "batch: 2 keys and 0 numbers expected for 1 records, got 1 and 0");
}

TEST_CASE("what a library throws is an error with its file and its text") {
  const Batch batch = SparseBatch();
  Gradients gradients;
  LossSum loss;
  CHECK_STATUS(Make(Spec(v1::TABLE_KIND_DENSE, "refuse")).status(),
               absl::StatusCode::kInvalidArgument, "model.library.file echo.so: not today");
  CHECK_STATUS(Make(Spec(v1::TABLE_KIND_DENSE, "refuse oddly")).status(),
               absl::StatusCode::kInvalidArgument,
               "echo.so: an exception that is not a std::exception");
  const Made throws = MakeModel(Spec(v1::TABLE_KIND_DENSE, "throw"));
  CHECK_STATUS(throws.runner->Gradient(batch, ParametersOf(*throws.model, batch), 1, &gradients,
                                       &loss, kIgnore),
               absl::StatusCode::kInvalidArgument, "echo.so: a \\xff byte");
  const Made keyless = MakeModel(Spec(v1::TABLE_KIND_SPARSE, "no keys"));
  CHECK_STATUS(keyless.runner->Gradient(batch, ParametersOf(*keyless.model, batch), 1, &gradients,
                                        &loss, kIgnore),
               absl::StatusCode::kInvalidArgument, "echo.so: table weight?");
  // A row that the batch did not ask for.
  const Made made = MakeModel(Spec(v1::TABLE_KIND_SPARSE));
  Batch other = SparseBatch();
  other.indices = {0, 4, 1, 2};
  Predictions predictions;
  CHECK_STATUS(made.runner->Predict(other, ParametersOf(*made.model, other), &predictions),
               absl::StatusCode::kInvalidArgument,
               "echo.so: key 3 is not among the 4 rows of the table");
  CHECK_STATUS(Make(Spec(v1::TABLE_KIND_DENSE, "", "wide")).status(),
               absl::StatusCode::kInvalidArgument,
               "model.library.options: width: a number expected, got wide");
}

TEST_CASE("scores are what the library says, within what can be") {
  CHECK_STATUS(Make(Spec(v1::TABLE_KIND_DENSE, "", "2")).status(),
               absl::StatusCode::kInvalidArgument, "echo.so: scores of width 1 expected, got 2");
  CHECK_STATUS(Make(Spec(v1::TABLE_KIND_DENSE, "classes")).status(),
               absl::StatusCode::kInvalidArgument,
               "echo.so: scores of width 2 to 1048576 expected, got 1");
  CHECK_STATUS(Make(Spec(v1::TABLE_KIND_DENSE, "unknown")).status(),
               absl::StatusCode::kInvalidArgument, "got kind 9");
  const Batch batch = SparseBatch();
  Predictions predictions;
  for (const char* mood : {"probability", "classes"}) {
    const Made made =
        MakeModel(Spec(v1::TABLE_KIND_DENSE, mood, std::string(mood) == "classes" ? "3" : "1"));
    CHECK_STATUS(made.runner->Predict(batch, ParametersOf(*made.model, batch), &predictions),
                 absl::StatusCode::kInvalidArgument,
                 "echo.so: batch record 0: a probability expected, got 1.625");
    Batch small = SparseBatch();
    small.values = {0.5f, 0.25f, 0, 0};
    REQUIRE_OK(made.runner->Predict(small, ParametersOf(*made.model, small), &predictions));
    CHECK(predictions.scores.size() == 2 * predictions.width);
    CHECK(predictions.scores[0] == 0.875f);
  }
  CHECK(predictions.width == 3);
  CHECK(predictions.score_kind == ScoreKind::kClasses);
}

TEST_CASE("batches and parameters are checked before a library gets them") {
  const Made made = MakeModel(Spec(v1::TABLE_KIND_DENSE));
  Batch batch = SparseBatch();
  Parameters parameters = ParametersOf(*made.model, batch);
  parameters[1].rows.pop_back();
  Predictions predictions;
  CHECK_STATUS(made.runner->Predict(batch, parameters, &predictions),
               absl::StatusCode::kInvalidArgument, "table weight: 5 x 2 values expected, got 9");
  batch.indices[1] = 5;
  CHECK_STATUS(made.runner->Predict(batch, ParametersOf(*made.model, SparseBatch()), &predictions),
               absl::StatusCode::kInvalidArgument, "feature index below 5 expected, got 5");
}

TEST_CASE("libraries of another interface are refused, naming both") {
  PacelineModel api = *Api();
  CHECK_OK(CheckInterface(&api, "echo.so"));
  api.major = 2;
  CHECK_STATUS(CheckInterface(&api, "echo.so"), absl::StatusCode::kFailedPrecondition,
               "echo.so: was built for version 2.0 of the interface, this worker has 1.0");
  api = *Api();
  api.minor = 1;
  CHECK_STATUS(CheckInterface(&api, "echo.so"), absl::StatusCode::kFailedPrecondition,
               "was built for version 1.1 of the interface, this worker has 1.0");
  api = *Api();
  api.struct_size = 16;
  CHECK_STATUS(CheckInterface(&api, "echo.so"), absl::StatusCode::kFailedPrecondition,
               "bytes expected, got 16");
  api = *Api();
  api.predict = nullptr;
  CHECK_STATUS(CheckInterface(&api, "echo.so"), absl::StatusCode::kFailedPrecondition,
               "got not all of them");
  CHECK_STATUS(CheckInterface(nullptr, "echo.so"), absl::StatusCode::kFailedPrecondition,
               "its paceline_model returned nothing");
  // Later ones may have more to say.
  api = *Api();
  api.struct_size += 8;
  CHECK_OK(CheckInterface(&api, "echo.so"));
}

}  // namespace
}  // namespace paceline::worker
