#include "common/tables/lm_tables.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "common/spec/defaults.h"
#include "common/status/status_matchers.h"
#include "common/tables/model_tables.h"

namespace paceline {
namespace {

v1::JobSpec Spec(uint32_t layers, v1::Positions positions) {
  v1::JobSpec spec;
  spec.mutable_model()->set_kind(v1::MODEL_KIND_LM);
  v1::LmSpec* lm = spec.mutable_model()->mutable_lm();
  lm->set_context(16);
  lm->set_layers(layers);
  lm->set_heads(2);
  lm->set_width(8);
  lm->set_positions(positions);
  return WithDefaults(spec);
}

TEST_CASE("tables are in name order, with the shapes of a transformer") {
  for (const uint32_t layers : {1, 2, 12}) {
    REQUIRE_OK_AND_ASSIGN(const auto tables,
                          ModelTables(Spec(layers, v1::POSITIONS_LEARNED), 17, 0));
    CHECK(tables.size() == 12 * layers + 4);
    std::string shapes;
    for (size_t t = 0; t < tables.size(); ++t) {
      if (t > 0) CHECK(tables[t - 1].name() < tables[t].name());
      CHECK(tables[t].kind() == v1::TABLE_KIND_DENSE);
      absl::StrAppend(&shapes, tables[t].name(), " ", tables[t].rows(), "x", tables[t].dim(), "\n");
    }
    if (layers != 1) continue;
    CHECK(shapes ==
          "block0/attention/norm/bias 1x8\nblock0/attention/norm/gain 1x8\n"
          "block0/attention/out/bias 1x8\nblock0/attention/out/weight 8x8\n"
          "block0/attention/qkv/bias 1x24\nblock0/attention/qkv/weight 8x24\n"
          "block0/mlp/down/bias 1x8\nblock0/mlp/down/weight 32x8\n"
          "block0/mlp/norm/bias 1x8\nblock0/mlp/norm/gain 1x8\n"
          "block0/mlp/up/bias 1x32\nblock0/mlp/up/weight 8x32\n"
          "embedding/bytes 256x8\nembedding/positions 16x8\nnorm/bias 1x8\nnorm/gain 1x8\n");
  }
  REQUIRE_OK_AND_ASSIGN(const auto rotary, ModelTables(Spec(1, v1::POSITIONS_ROTARY), 17, 0));
  CHECK(rotary.size() == 15);
}

TEST_CASE("how they start, and what is never decayed") {
  REQUIRE_OK_AND_ASSIGN(const auto tables, LmTables(Spec(2, v1::POSITIONS_ROTARY).model()));
  for (const v1::TableSpec& table : tables) {
    INFO(table.name());
    const v1::InitializerSpec& initializer = table.initializer();
    const bool bias = absl::EndsWith(table.name(), "/bias");
    const bool gain = absl::EndsWith(table.name(), "/gain");
    const bool residual =
        absl::EndsWith(table.name(), "/out/weight") || absl::EndsWith(table.name(), "/down/weight");
    CHECK(table.no_decay() == (bias || gain));
    CHECK(initializer.kind() == (bias   ? v1::INITIALIZER_KIND_ZEROS
                                 : gain ? v1::INITIALIZER_KIND_CONSTANT
                                        : v1::INITIALIZER_KIND_NORMAL));
    if (!bias) {
      CHECK(initializer.scale() == Approx(gain ? 1 : residual ? 0.02 / 2 : 0.02));
    }
  }
}

TEST_CASE("sizes that cannot be are refused and named") {
  const auto refuses = [](auto change, const char* part) {
    v1::ModelSpec model = Spec(1, v1::POSITIONS_ROTARY).model();
    change(model.mutable_lm());
    CHECK_STATUS(LmTables(model), absl::StatusCode::kInvalidArgument, part);
  };
  refuses([](v1::LmSpec* lm) { lm->set_context(1); },
          "model.lm.context: 2 to 4096 expected, got 1");
  refuses([](v1::LmSpec* lm) { lm->set_layers(65); }, "model.lm.layers: 1 to 64 expected, got 65");
  refuses([](v1::LmSpec* lm) { lm->set_width(9000); }, "model.lm.width: 2 to 8192 expected");
  refuses([](v1::LmSpec* lm) { lm->set_heads(0); }, "model.lm.heads: 1 to 8 expected, got 0");
  refuses([](v1::LmSpec* lm) { lm->set_heads(3); }, "a divisor of width (8) expected, got 3");
  refuses([](v1::LmSpec* lm) { lm->set_heads(8); }, "heads of an even width expected");
}

}  // namespace
}  // namespace paceline
