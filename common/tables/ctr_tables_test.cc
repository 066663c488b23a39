#include "common/tables/ctr_tables.h"

#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "common/spec/defaults.h"
#include "common/status/status_matchers.h"
#include "common/tables/model_tables.h"

namespace paceline {
namespace {

constexpr uint64_t kBuckets = 1000;

// Criteo's 13 numbers and 26 categories, and one cross.
v1::JobSpec Spec(v1::ModelKind kind) {
  v1::JobSpec spec;
  spec.mutable_model()->set_kind(kind);
  spec.mutable_model()->set_factors(4);
  spec.mutable_model()->add_hidden(16);
  spec.mutable_model()->add_hidden(8);
  if (kind == v1::MODEL_KIND_DCN) spec.mutable_model()->set_cross_layers(2);
  spec.mutable_data()->set_hash_buckets(kBuckets);
  spec.mutable_data()->mutable_train()->set_format(v1::DATA_FORMAT_CRITEO);
  v1::CrossSpec* const cross = spec.mutable_data()->add_crosses();
  cross->add_columns("c1");
  cross->add_columns("c2");
  return WithDefaults(spec);
}

std::string Shapes(const v1::JobSpec& spec, uint64_t features) {
  REQUIRE_OK_AND_ASSIGN(const auto tables, ModelTables(spec, features, 2));
  std::string shapes;
  for (size_t t = 0; t < tables.size(); ++t) {
    if (t > 0) CHECK(tables[t - 1].name() < tables[t].name());
    const bool sparse = tables[t].kind() == v1::TABLE_KIND_SPARSE;
    absl::StrAppend(&shapes, tables[t].name(), " ", sparse ? "*" : absl::StrCat(tables[t].rows()),
                    "x", tables[t].dim(), "\n");
  }
  return shapes;
}

TEST_CASE("tables are in name order, with the shapes of their models") {
  // 26 x 4 + 13: the cross of wide_deep has no vector.
  CHECK(Shapes(Spec(v1::MODEL_KIND_WIDE_DEEP), kBuckets + 13) ==
        "layer0/bias 1x16\nlayer0/weight 117x16\nlayer1/bias 1x8\nlayer1/weight 16x8\n"
        "layer2/bias 1x1\nlayer2/weight 8x1\n"
        "wide_deep/factors *x4\nwide_deep/numbers 13x1\nwide_deep/weight *x1\n");
  CHECK(Shapes(Spec(v1::MODEL_KIND_DEEPFM), kBuckets + 13) ==
        "deepfm/factors *x4\ndeepfm/numbers 13x1\ndeepfm/weight *x1\n"
        "layer0/bias 1x16\nlayer0/weight 121x16\nlayer1/bias 1x8\nlayer1/weight 16x8\n"
        "layer2/bias 1x1\nlayer2/weight 8x1\n");
  CHECK(Shapes(Spec(v1::MODEL_KIND_DCN), kBuckets + 13) ==
        "cross0/bias 1x121\ncross0/weight 121x121\ncross1/bias 1x121\ncross1/weight 121x121\n"
        "dcn/factors *x4\ndcn/output 121x1\n"
        "layer0/bias 1x16\nlayer0/weight 121x16\nlayer1/bias 1x8\nlayer1/weight 16x8\n"
        "layer2/bias 1x1\nlayer2/weight 8x1\n");
}

TEST_CASE("columns of csv count; without numbers there are no weights of them") {
  v1::JobSpec spec = Spec(v1::MODEL_KIND_DEEPFM);
  spec.mutable_model()->set_table(v1::TABLE_KIND_DENSE);
  v1::DataFile* const train = spec.mutable_data()->mutable_train();
  train->set_format(v1::DATA_FORMAT_CSV);
  train->add_categories("a");
  train->add_categories("b");
  REQUIRE_OK_AND_ASSIGN(const CtrShape shape, CtrShapeOf(spec, kBuckets));
  CHECK(shape.fields == 3);
  CHECK(shape.embedded == 3);
  CHECK(shape.numbers == 0);
  CHECK(Shapes(spec, kBuckets) ==
        "deepfm/factors 1000x4\ndeepfm/weight 1000x1\n"
        "layer0/bias 1x16\nlayer0/weight 12x16\nlayer1/bias 1x8\nlayer1/weight 16x8\n"
        "layer2/bias 1x1\nlayer2/weight 8x1\n");
}

TEST_CASE("how they start, and what is never decayed") {
  for (const auto activation : {v1::ACTIVATION_RELU, v1::ACTIVATION_TANH}) {
    v1::JobSpec spec = Spec(v1::MODEL_KIND_DCN);
    spec.mutable_model()->set_activation(activation);
    REQUIRE_OK_AND_ASSIGN(const auto tables, CtrTables(spec, kBuckets + 13));
    for (const v1::TableSpec& table : tables) {
      INFO(table.name());
      const bool bias = absl::EndsWith(table.name(), "/bias");
      CHECK(table.no_decay() == bias);
      const auto kind = table.initializer().kind();
      if (bias) {
        CHECK(kind == v1::INITIALIZER_KIND_ZEROS);
      } else if (table.name() == "dcn/factors") {
        CHECK(kind == v1::INITIALIZER_KIND_NORMAL);
        CHECK(table.initializer().scale() == 0.01F);
      } else {
        const bool he =
            absl::StartsWith(table.name(), "layer") && activation == v1::ACTIVATION_RELU;
        CHECK(kind == (he ? v1::INITIALIZER_KIND_HE : v1::INITIALIZER_KIND_XAVIER));
      }
    }
  }
}

TEST_CASE("sparse tables have their own optimizer, or that of all") {
  v1::JobSpec spec = Spec(v1::MODEL_KIND_DEEPFM);
  spec.mutable_train()->mutable_optimizer()->set_kind(v1::OPTIMIZER_KIND_ADAM);
  const auto kinds = [](const v1::JobSpec& given) {
    REQUIRE_OK_AND_ASSIGN(const auto tables, ModelTables(WithDefaults(given), kBuckets + 13, 2));
    for (const v1::TableSpec& table : tables) {
      const bool own =
          given.train().has_sparse_optimizer() && table.kind() == v1::TABLE_KIND_SPARSE;
      INFO(table.name());
      CHECK(table.optimizer().kind() == (own ? v1::OPTIMIZER_KIND_FTRL : v1::OPTIMIZER_KIND_ADAM));
      // With its defaults.
      CHECK(table.optimizer().epsilon() == (own ? 1 : 1e-8));
    }
  };
  kinds(spec);
  spec.mutable_train()->mutable_sparse_optimizer()->set_kind(v1::OPTIMIZER_KIND_FTRL);
  kinds(spec);
}

TEST_CASE("sizes that cannot be are refused and named") {
  const auto refuses = [](auto change, uint64_t features, const char* part) {
    v1::JobSpec spec = Spec(v1::MODEL_KIND_DCN);
    change(&spec);
    CHECK_STATUS(CtrTables(spec, features), absl::StatusCode::kInvalidArgument, part);
  };
  const uint64_t features = kBuckets + 13;
  const auto nothing = [](v1::JobSpec*) {};
  refuses(nothing, kBuckets - 1, "number of features: 1000 to 66536 expected, got 999");
  refuses([](v1::JobSpec* s) { s->mutable_model()->clear_hidden(); }, features,
          "model.hidden: number of layers: 1 to 64 expected, got 0");
  refuses([](v1::JobSpec* s) { s->mutable_model()->set_factors(0); }, features,
          "model.factors: 1 to 1024 expected, got 0");
  refuses([](v1::JobSpec* s) { s->mutable_model()->set_cross_layers(17); }, features,
          "model.cross_layers: 1 to 16 expected, got 17");
  refuses([](v1::JobSpec* s) { s->mutable_data()->mutable_train()->clear_format(); }, features,
          "data.train: columns of categories expected (model.kind dcn), got none");
  refuses(
      [](v1::JobSpec* s) {
        s->mutable_model()->set_factors(1024);
        for (int i = 0; i < 64; ++i) s->mutable_data()->add_crosses();
      },
      features, "values of the embedded fields and numbers: 1 to 65536 expected, got");
}

}  // namespace
}  // namespace paceline
