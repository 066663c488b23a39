#include "common/tables/model_tables.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "common/spec/defaults.h"
#include "common/status/status_matchers.h"

namespace paceline {
namespace {

v1::JobSpec Spec(v1::ModelKind kind) {
  v1::JobSpec spec;
  spec.mutable_model()->set_kind(kind);
  spec.mutable_train()->mutable_optimizer()->set_kind(v1::OPTIMIZER_KIND_ADAM);
  return spec;
}

// "name dense 3x4 zeros no_decay": what a test compares.
std::string Describe(const v1::TableSpec& table) {
  std::string text = table.name();
  text += table.kind() == v1::TABLE_KIND_SPARSE ? " sparse " : " dense ";
  text += std::to_string(table.rows()) + "x" + std::to_string(table.dim());
  switch (table.initializer().kind()) {
    case v1::INITIALIZER_KIND_ZEROS:
      text += " zeros";
      break;
    case v1::INITIALIZER_KIND_HE:
      text += " he";
      break;
    case v1::INITIALIZER_KIND_XAVIER:
      text += " xavier";
      break;
    case v1::INITIALIZER_KIND_NORMAL:
      text += " normal";
      break;
    default:
      text += " ?";
  }
  if (table.no_decay()) text += " no_decay";
  return text;
}

std::vector<std::string> Described(const v1::JobSpec& spec, uint64_t features, uint32_t classes) {
  REQUIRE_OK_AND_ASSIGN(const std::vector<v1::TableSpec> tables,
                        ModelTables(WithDefaults(spec), features, classes));
  CHECK(std::is_sorted(tables.begin(), tables.end(),
                       [](const auto& a, const auto& b) { return a.name() < b.name(); }));
  std::vector<std::string> described;
  for (const v1::TableSpec& table : tables) described.push_back(Describe(table));
  return described;
}

using Lines = std::vector<std::string>;

TEST_CASE("tables of each kind of model") {
  CHECK(Described(Spec(v1::MODEL_KIND_LINEAR), 7, 0) ==
        Lines{"linear/bias dense 1x1 zeros no_decay", "linear/weight dense 7x1 zeros"});
  CHECK(Described(Spec(v1::MODEL_KIND_LOGISTIC), 7, 2) ==
        Lines{"logistic/bias dense 1x1 zeros no_decay", "logistic/weight dense 7x1 zeros"});
  CHECK(Described(Spec(v1::MODEL_KIND_SOFTMAX), 7, 3) ==
        Lines{"softmax/bias dense 1x3 zeros no_decay", "softmax/weight dense 7x3 zeros"});
  CHECK(Described(Spec(v1::MODEL_KIND_FM), 7, 0) == Lines{"fm/bias dense 1x1 zeros no_decay",
                                                          "fm/factors sparse 0x8 normal",
                                                          "fm/weight sparse 0x1 zeros"});
  CHECK(Described(Spec(v1::MODEL_KIND_COUNTING), 0, 0) ==
        Lines{"counting/values dense 64x4 zeros"});

  CHECK(Described(Spec(v1::MODEL_KIND_MF), 7, 0) ==
        Lines{"mf/bias dense 1x1 zeros no_decay", "mf/item sparse 0x8 normal",
              "mf/item_bias sparse 0x1 zeros", "mf/user sparse 0x8 normal",
              "mf/user_bias sparse 0x1 zeros"});
  v1::JobSpec kmeans = Spec(v1::MODEL_KIND_KMEANS);
  kmeans.mutable_model()->set_clusters(3);
  CHECK(Described(kmeans, 7, 0) == Lines{"kmeans/sums dense 3x8 zeros"});

  v1::JobSpec mlp = Spec(v1::MODEL_KIND_MLP);
  mlp.mutable_model()->add_hidden(256);
  CHECK(Described(mlp, 784, 10) ==
        Lines{"layer0/bias dense 1x256 zeros no_decay", "layer0/weight dense 784x256 he",
              "layer1/bias dense 1x10 zeros no_decay", "layer1/weight dense 256x10 he"});
  mlp.mutable_model()->set_activation(v1::ACTIVATION_TANH);
  mlp.mutable_model()->set_table(v1::TABLE_KIND_SPARSE);
  CHECK(Described(mlp, 784, 10) ==
        Lines{"layer0/bias dense 1x256 zeros no_decay", "layer0/weight sparse 0x256 xavier",
              "layer1/bias dense 1x10 zeros no_decay", "layer1/weight dense 256x10 xavier"});

  v1::JobSpec layers = Spec(v1::MODEL_KIND_LAYERS);
  layers.mutable_model()->add_layer_sizes(1000003);
  layers.mutable_model()->add_layer_sizes(5);
  CHECK(Described(layers, 0, 0) ==
        Lines{"layer0/values dense 1000003x1 zeros", "layer1/values dense 5x1 zeros"});
}

TEST_CASE("sparse tables where the spec says so") {
  for (const v1::ModelKind kind : {v1::MODEL_KIND_LINEAR, v1::MODEL_KIND_LOGISTIC,
                                   v1::MODEL_KIND_SOFTMAX, v1::MODEL_KIND_COUNTING}) {
    v1::JobSpec spec = Spec(kind);
    spec.mutable_model()->set_table(v1::TABLE_KIND_SPARSE);
    REQUIRE_OK_AND_ASSIGN(const std::vector<v1::TableSpec> tables,
                          ModelTables(WithDefaults(spec), 9, 3));
    CHECK(tables.back().kind() == v1::TABLE_KIND_SPARSE);
    CHECK(tables.back().rows() == 0);
  }
  v1::JobSpec fm = Spec(v1::MODEL_KIND_FM);
  fm.mutable_model()->set_table(v1::TABLE_KIND_DENSE);
  fm.mutable_model()->set_factors(3);
  CHECK(Described(fm, 9, 0) == Lines{"fm/bias dense 1x1 zeros no_decay",
                                     "fm/factors dense 9x3 normal", "fm/weight dense 9x1 zeros"});
  v1::JobSpec mf = Spec(v1::MODEL_KIND_MF);
  mf.mutable_model()->set_table(v1::TABLE_KIND_DENSE);
  mf.mutable_model()->set_factors(2);
  CHECK(Described(mf, 9, 0) == Lines{"mf/bias dense 1x1 zeros no_decay", "mf/item dense 9x2 normal",
                                     "mf/item_bias dense 9x1 zeros", "mf/user dense 9x2 normal",
                                     "mf/user_bias dense 9x1 zeros"});
}

TEST_CASE("ten and more layers keep name order") {
  v1::JobSpec mlp = Spec(v1::MODEL_KIND_MLP);
  for (uint32_t i = 0; i < 12; ++i) mlp.mutable_model()->add_hidden(i + 1);
  REQUIRE_OK_AND_ASSIGN(const std::vector<v1::TableSpec> tables,
                        ModelTables(WithDefaults(mlp), 20, 2));
  REQUIRE(tables.size() == 26);
  CHECK(tables[0].name() == "layer00/bias");
  CHECK(tables[25].name() == "layer12/weight");
  for (size_t i = 0; i + 1 < tables.size(); ++i) CHECK(tables[i].name() < tables[i + 1].name());
  for (int layer = 0; layer < 12; ++layer) {
    CHECK(tables[2 * layer].dim() == static_cast<uint32_t>(layer + 1));
    CHECK(tables[2 * layer + 1].fan_out() == static_cast<uint32_t>(layer + 1));
    CHECK(tables[2 * layer + 1].fan_in() == (layer == 0 ? 20u : static_cast<uint32_t>(layer)));
  }
}

TEST_CASE("the optimizer is copied into each table; counting always adds") {
  v1::JobSpec spec = Spec(v1::MODEL_KIND_LOGISTIC);
  spec.mutable_train()->mutable_optimizer()->set_learning_rate(0.125);
  REQUIRE_OK_AND_ASSIGN(std::vector<v1::TableSpec> tables, ModelTables(WithDefaults(spec), 3, 2));
  for (const v1::TableSpec& table : tables) {
    CHECK(table.optimizer().kind() == v1::OPTIMIZER_KIND_ADAM);
    CHECK(table.optimizer().learning_rate() == 0.125);
  }
  REQUIRE_OK_AND_ASSIGN(tables, ModelTables(WithDefaults(Spec(v1::MODEL_KIND_COUNTING)), 0, 0));
  CHECK(tables[0].optimizer().kind() == v1::OPTIMIZER_KIND_ADD);
}

TEST_CASE("compression names the codecs of all tables, and of some") {
  v1::JobSpec spec = Spec(v1::MODEL_KIND_LOGISTIC);
  spec.mutable_compression()->set_push(v1::CODEC_BF16);
  v1::TableCompressionSpec* const bias = spec.mutable_compression()->add_tables();
  bias->set_table("logistic/bias");
  bias->set_push(v1::CODEC_FLOAT32);
  bias->set_pull(v1::CODEC_FP16);
  REQUIRE_OK_AND_ASSIGN(const auto tables, ModelTables(WithDefaults(spec), 10, 2));
  REQUIRE(tables.size() == 2);
  CHECK(tables[0].push_codec() == v1::CODEC_FLOAT32);
  CHECK(tables[0].pull_codec() == v1::CODEC_FP16);
  CHECK(tables[1].push_codec() == v1::CODEC_BF16);
  CHECK(tables[1].pull_codec() == v1::CODEC_FLOAT32);
  bias->set_table("logistic/biases");
  CHECK_STATUS(ModelTables(WithDefaults(spec), 10, 2), absl::StatusCode::kInvalidArgument,
               "compression.tables[0].table: one of logistic/bias, logistic/weight expected, got "
               "logistic/biases");
}

TEST_CASE("what compression asks of tables is checked without the data") {
  v1::JobSpec spec = Spec(v1::MODEL_KIND_FM);
  CHECK_FALSE(FindCodecProblem(WithDefaults(spec)).has_value());
  // Its factors are sparse.
  spec.mutable_compression()->set_pull(v1::CODEC_DELTA);
  const auto problem = FindCodecProblem(WithDefaults(spec));
  REQUIRE(problem.has_value());
  CHECK(problem->field == "compression.pull");
  CHECK_THAT(problem->message, Catch::Contains("expected for fm/factors, which is sparse"));
  // Of a model that cannot be, nothing is said here.
  spec.mutable_model()->set_factors(kMaxFactors + 1);
  CHECK_FALSE(FindCodecProblem(WithDefaults(spec)).has_value());
}

TEST_CASE("topk brings its numbers, and parts of values are for dense tables") {
  v1::JobSpec spec = Spec(v1::MODEL_KIND_LOGISTIC);
  v1::CompressionSpec* const compression = spec.mutable_compression();
  compression->set_push(v1::CODEC_TOPK);
  compression->set_topk_momentum(0.9);
  compression->set_pull(v1::CODEC_DELTA);
  v1::TableCompressionSpec* const own = compression->add_tables();
  own->set_table("logistic/bias");
  own->set_push(v1::CODEC_BF16);
  REQUIRE_OK_AND_ASSIGN(const auto tables, ModelTables(WithDefaults(spec), 10, 2));
  CHECK(tables[0].push_codec() == v1::CODEC_BF16);
  CHECK(tables[0].topk_ratio() == 0);
  CHECK(tables[1].push_codec() == v1::CODEC_TOPK);
  CHECK(tables[1].pull_codec() == v1::CODEC_DELTA);
  CHECK(tables[1].topk_ratio() == 0.01);
  CHECK(tables[1].topk_momentum() == 0.9);

  spec.mutable_model()->set_table(v1::TABLE_KIND_SPARSE);
  CHECK_STATUS(ModelTables(WithDefaults(spec), 10, 2), absl::StatusCode::kInvalidArgument,
               "compression.push: float32, bf16, fp16 or int8 expected for logistic/weight, which "
               "is sparse: topk, onebit and delta are for dense tables");
  own->set_table("logistic/weight");
  own->set_pull(v1::CODEC_DELTA);
  CHECK_STATUS(ModelTables(WithDefaults(spec), 10, 2), absl::StatusCode::kInvalidArgument,
               "compression.tables[0].pull: float32, bf16, fp16 or int8 expected for "
               "logistic/weight, which is sparse: topk, onebit and delta are for dense tables");
  // Of its own, the rest is dense.
  own->set_pull(v1::CODEC_INT8);
  REQUIRE_OK(ModelTables(WithDefaults(spec), 10, 2).status());
}

TEST_CASE("sparse weights keep the fan of their features") {
  v1::JobSpec mlp = Spec(v1::MODEL_KIND_MLP);
  mlp.mutable_model()->add_hidden(6);
  mlp.mutable_model()->set_table(v1::TABLE_KIND_SPARSE);
  REQUIRE_OK_AND_ASSIGN(const std::vector<v1::TableSpec> tables,
                        ModelTables(WithDefaults(mlp), 50, 4));
  CHECK(tables[1].fan_in() == 50);
  CHECK(tables[1].fan_out() == 6);
}

TEST_CASE("models that cannot be are refused by name") {
  struct Case {
    v1::ModelKind kind;
    void (*change)(v1::ModelSpec*);
    uint64_t features;
    uint32_t classes;
    const char* part;
  };
  const auto nothing = [](v1::ModelSpec*) {};
  const Case cases[] = {
      {v1::MODEL_KIND_UNSPECIFIED, nothing, 3, 2, "model.kind"},
      {v1::MODEL_KIND_LINEAR, nothing, 0, 0, "number of features: 1 to"},
      {v1::MODEL_KIND_LOGISTIC, nothing, uint64_t{1} << 41, 0, "number of features"},
      {v1::MODEL_KIND_SOFTMAX, nothing, 3, 1, "number of classes: 2 to 1048576 expected, got 1"},
      {v1::MODEL_KIND_MLP, nothing, 3, 2, "model.hidden: number of layers: 1 to 64"},
      {v1::MODEL_KIND_MLP, [](v1::ModelSpec* m) { m->add_hidden(0); }, 3, 2,
       "model.hidden[0]: 1 to 65536 expected, got 0"},
      {v1::MODEL_KIND_MLP, [](v1::ModelSpec* m) { m->add_hidden(65537); }, 3, 2, "got 65537"},
      {v1::MODEL_KIND_MLP, [](v1::ModelSpec* m) { m->add_hidden(4); }, 3, 0, "number of classes"},
      {v1::MODEL_KIND_MLP,
       [](v1::ModelSpec* m) {
         for (int i = 0; i < 65; ++i) m->add_hidden(4);
       },
       3, 2, "got 65"},
      {v1::MODEL_KIND_FM, [](v1::ModelSpec* m) { m->set_factors(1025); }, 3, 2,
       "model.factors: 1 to 1024 expected, got 1025"},
      {v1::MODEL_KIND_LAYERS, nothing, 0, 0, "model.layer_sizes: number of layers"},
      {v1::MODEL_KIND_LAYERS, [](v1::ModelSpec* m) { m->add_layer_sizes(0); }, 0, 0,
       "model.layer_sizes[0]"},
      {v1::MODEL_KIND_COUNTING, [](v1::ModelSpec* m) { m->set_rows(uint64_t{1} << 41); }, 0, 0,
       "model.rows"},
      {v1::MODEL_KIND_COUNTING, [](v1::ModelSpec* m) { m->set_dim(1 << 30); }, 0, 0, "dim"},
  };
  for (const Case& c : cases) {
    v1::JobSpec spec = Spec(c.kind);
    c.change(spec.mutable_model());
    INFO(c.part);
    CHECK_STATUS(ModelTables(WithDefaults(spec), c.features, c.classes),
                 absl::StatusCode::kInvalidArgument, c.part);
  }
}

}  // namespace
}  // namespace paceline
