// What a job of a language model says, what is filled in, and what it must not say.
#include <catch2/catch.hpp>
#include <string>

#include "common/spec/defaults.h"
#include "common/spec/parse.h"
#include "common/spec/validate.h"

namespace paceline {
namespace {

constexpr char kLm[] = R"(
name: a
model: {kind: lm}
data: {train: {path: /d, format: text}, holdout: 0.1}
train: {epochs: 1}
)";
constexpr char kLogistic[] = R"(
name: a
model: {kind: logistic}
data: {train: {path: /d, format: libsvm}}
train: {epochs: 1}
)";

v1::JobSpec Parse(const std::string& yaml) {
  const ParsedSpec parsed = ParseSpec(yaml, SpecFormat::kYaml);
  INFO(yaml);
  REQUIRE(ToStatus(parsed.problems).message() == "");
  return parsed.spec;
}

// Of `base` with the fields of `patch` merged in.
std::string Problems(const char* base, const std::string& patch) {
  v1::JobSpec spec = Parse(base);
  spec.MergeFrom(Parse(patch));
  CHECK(ToStatus(Validate(spec)) == ToStatus(Validate(WithDefaults(spec))));
  return std::string(ToStatus(Validate(spec)).message());
}

TEST_CASE("a language model has a size, and its data windows of it") {
  const v1::JobSpec spec = WithDefaults(Parse(kLm));
  CHECK(spec.model().lm().context() == 128);
  CHECK(spec.model().lm().layers() == 2);
  CHECK(spec.model().lm().heads() == 4);
  CHECK(spec.model().lm().width() == 128);
  CHECK(spec.model().lm().positions() == v1::POSITIONS_ROTARY);
  CHECK(spec.model().initializer().kind() == v1::INITIALIZER_KIND_NORMAL);
  CHECK(spec.model().initializer().scale() == 0.02F);
  CHECK(spec.data().features() == 129);
  CHECK(WithDefaults(spec).SerializeAsString() == spec.SerializeAsString());
  v1::JobSpec small = Parse(kLm);
  small.mutable_model()->mutable_lm()->set_context(32);
  CHECK(WithDefaults(small).data().features() == 33);
}

TEST_CASE("what may be") {
  for (const char* patch :
       {"name: a", "model: {lm: {context: 64, layers: 3, heads: 2, width: 96, dropout: 0.1}}",
        "model: {lm: {positions: learned, heads: 128}}", "data: {features: 129, scale: 1}",
        "train: {eval_every_iterations: 5}", "resources: {device: auto}"}) {
    INFO(patch);
    CHECK(Problems(kLm, patch) == "");
  }
  CHECK(Problems(kLogistic, "data: {holdout: 0.5}") == "");
  CHECK(Problems(kLogistic, "data: {holdout: 0}") == "");
}

TEST_CASE("what must not be is named") {
  const struct {
    const char* base;
    std::string patch;
    std::string problem;
  } cases[] = {
      {kLm, "model: {lm: {context: 1}}", "model.lm.context: a whole number from 2 to 4096"},
      {kLm, "model: {lm: {layers: 65}}", "model.lm.layers: a whole number from 1 to 64"},
      {kLm, "model: {lm: {width: 10000}}", "model.lm.width: a whole number from 2 to 8192"},
      {kLm, "model: {lm: {dropout: 1}}",
       "model.lm.dropout: a number of at least 0 and less than 1 expected, got 1"},
      {kLm, "model: {lm: {heads: 3}}",
       "model.lm.heads: a divisor of model.lm.width (128) expected, got 3"},
      {kLm, "model: {lm: {heads: 128}}",
       "model.lm.heads: heads of an even width (model.lm.positions rotary) expected, got 128 of "
       "width 1"},
      {kLm, "model: {table: sparse}", "model.table: dense (model.kind lm) expected, got sparse"},
      {kLm, "data: {scale: 0.5}", "data.scale: 1 (bytes are not scaled) expected, got 0.5"},
      {kLm, "data: {features: 100}",
       "data.features: model.lm.context + 1, that is 129, or none expected, got 100"},
      {kLm, "data: {train: {format: libsvm}}",
       "data.train.format: text (model.kind lm) expected, got libsvm"},
      {kLm, "resources: {device: cpu}\ntrain: {precision: bf16}",
       "train.precision: float32 (resources.device cpu; other precisions need cuda) expected, got "
       "bf16"},
      {kLm, "data: {eval: {path: /e, format: text}}",
       "data.holdout: data.eval and data.holdout are both given"},
      {kLm, "data: {holdout: 1}",
       "data.holdout: a number of at least 0 and less than 1 expected, got 1"},
      {kLogistic, "data: {train: {format: text}}",
       "data.train.format: allowed only with model.kind lm"},
      {kLogistic, "model: {lm: {layers: 2}}", "model.lm: allowed only with model.kind lm"},
      {kLogistic, "train: {eval_every_iterations: 5}",
       "train.eval_every_iterations: allowed only with data.eval or data.holdout"},
  };
  for (const auto& c : cases) {
    const std::string problems = Problems(c.base, c.patch);
    INFO(c.patch << ": " << problems);
    CHECK(problems.find(c.problem) != std::string::npos);
    CHECK(problems.find('\n') == std::string::npos);
  }
}

}  // namespace
}  // namespace paceline
