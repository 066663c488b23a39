// The rules of early stopping and of the best cut.
#include <catch2/catch.hpp>
#include <string>

#include "common/spec/defaults.h"
#include "common/spec/parse.h"
#include "common/spec/problem.h"
#include "common/spec/validate.h"

namespace paceline {
namespace {

constexpr char kBase[] = R"(
name: a
model: {kind: linear}
data: {train: {path: /d, format: csv}}
train: {epochs: 1}
)";
constexpr char kHoldout[] = "data: {holdout: 0.1}\ntrain: {eval_every_iterations: 20}\n";
constexpr char kEvery[] =
    "a multiple of checkpoint.every_iterations (checkpoint.keep_best under bsp)";

v1::JobSpec Parse(const std::string& yaml) {
  const ParsedSpec parsed = ParseSpec(yaml, SpecFormat::kYaml);
  INFO(yaml);
  REQUIRE(ToStatus(parsed.problems).message() == "");
  return parsed.spec;
}

std::string Problems(const std::string& base, const std::string& patch) {
  v1::JobSpec spec = Parse(kBase);
  spec.MergeFrom(Parse(base));
  spec.MergeFrom(Parse(patch));
  CHECK(ToStatus(Validate(spec)) == ToStatus(Validate(WithDefaults(spec))));
  return std::string(ToStatus(Validate(spec)).message());
}

TEST_CASE("evaluation.metric is loss unless it is given, and stays absent without need") {
  CHECK_FALSE(WithDefaults(Parse(kBase)).has_evaluation());
  v1::JobSpec spec = Parse(kBase);
  spec.mutable_evaluation()->set_patience(2);
  CHECK(WithDefaults(spec).evaluation().metric() == "loss");
  spec.clear_evaluation();
  spec.mutable_checkpoint()->set_keep_best(true);
  CHECK(WithDefaults(spec).evaluation().metric() == "loss");
  spec.mutable_evaluation()->set_metric("rmse");
  CHECK(WithDefaults(spec).evaluation().metric() == "rmse");
}

TEST_CASE("each rule of evaluation names the field and what is allowed") {
  const std::string needed =
      "allowed only with data.eval or data.holdout, and train.eval_every_iterations";
  struct Case {
    std::string base;
    std::string patch;
    std::string problem;
  };
  const Case cases[] = {
      {kHoldout, "evaluation: {patience: 3}", ""},
      {kHoldout, "evaluation: {metric: rmse, patience: 3, min_delta: 0.5}", ""},
      {kHoldout, "evaluation: {metric: loss}", ""},
      {"data: {eval: {path: /e, format: csv}}\ntrain: {eval_every_iterations: 5}",
       "evaluation: {patience: 1}", ""},
      {"name: b", "evaluation: {metric: loss}",
       "evaluation: allowed only with data.eval or data.holdout"},
      {"name: b", "evaluation: {patience: 3}", "evaluation.patience: " + needed},
      {"data: {holdout: 0.1}", "evaluation: {patience: 3}", "evaluation.patience: " + needed},
      {"name: b", "checkpoint: {keep_best: true}", "checkpoint.keep_best: " + needed},
      {kHoldout, "evaluation: {metric: auc, patience: 3}",
       "evaluation.metric: loss | rmse expected, got auc"},
      {kHoldout, "evaluation: {metric: calibration, patience: 3}",
       "evaluation.metric: loss | rmse expected, got calibration"},
      {kHoldout, "evaluation: {min_delta: 0.5}",
       "evaluation.min_delta: allowed only with evaluation.patience or checkpoint.keep_best"},
      {kHoldout, "checkpoint: {keep_best: true}",
       "train.eval_every_iterations: " + std::string(kEvery) +
           " expected, got 20, and no checkpoint.every_iterations"},
      {kHoldout, "checkpoint: {keep_best: true, every_iterations: 15}",
       "train.eval_every_iterations: " + std::string(kEvery) + " expected, got 20 of 15"},
      {kHoldout, "checkpoint: {keep_best: true, every_iterations: 10}", ""},
      {kHoldout, "checkpoint: {keep_best: true}\nconsistency: {policy: ssp}", ""},
      {kHoldout,
       "evaluation: {patience: 1}\ncheckpoint: {every_iterations: 15}\n"
       "compression: {push: onebit}",
       "train.eval_every_iterations: a multiple of checkpoint.every_iterations "
       "(evaluation.patience with push topk or onebit under bsp) expected, got 20 of 15"},
      {kHoldout,
       "evaluation: {patience: 1}\ncheckpoint: {every_iterations: 10}\n"
       "compression: {push: onebit}",
       ""},
  };
  for (const Case& c : cases) {
    INFO(c.base << "\n" << c.patch);
    CHECK(Problems(c.base, c.patch) == c.problem);
  }
}

TEST_CASE("min_delta and patience have ranges") {
  v1::JobSpec spec = Parse(kBase);
  spec.MergeFrom(Parse(kHoldout));
  spec.mutable_evaluation()->set_patience(1000001);
  spec.mutable_evaluation()->set_min_delta(-1);
  CHECK(ToStatus(Validate(spec)).message() ==
        "evaluation.min_delta: a number of at least 0 expected, got -1\n"
        "evaluation.patience: a whole number from 0 to 1000000 expected, got 1000001");
}

}  // namespace
}  // namespace paceline
