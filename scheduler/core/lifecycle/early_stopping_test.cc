#include "scheduler/core/lifecycle/early_stopping.h"

#include <catch2/catch.hpp>
#include <cmath>
#include <optional>
#include <string>
#include <vector>

namespace paceline::scheduler {
namespace {

v1::JobRecord Job(const std::string& metric, uint32_t patience, double min_delta = 0) {
  v1::JobRecord job;
  job.mutable_spec()->mutable_train()->set_eval_every_iterations(10);
  v1::EvaluationSpec* evaluation = job.mutable_spec()->mutable_evaluation();
  evaluation->set_metric(metric);
  evaluation->set_patience(patience);
  evaluation->set_min_delta(min_delta);
  return job;
}

v1::EvalPoint Loss(uint64_t iteration, double loss) {
  v1::EvalPoint point;
  point.set_iteration(iteration);
  point.mutable_result()->set_loss(loss);
  return point;
}

// Takes losses before iterations 10, 20, ...: "b" for each that was the best, else ".".
std::string Taken(EarlyStopping* stopping, const std::vector<double>& losses) {
  std::string taken;
  for (const double loss : losses) {
    taken += stopping->Take(Loss(stopping->last() + 10, loss)) ? "b" : ".";
  }
  return taken;
}

TEST_CASE("training ends two evaluations behind the last of a row that was not better") {
  EarlyStopping stopping(Job("loss", 3));
  CHECK(Taken(&stopping, {0.5, 0.4, 0.45, 0.4, 0.3, 0.35, 0.3}) == "bb..b..");
  CHECK_FALSE(stopping.End().has_value());
  CHECK(Taken(&stopping, {0.31}) == ".");
  CHECK(stopping.End() == 80 + 20);
  CHECK(stopping.Reason() ==
        "stopped early: loss has not got better than 0.3 (iteration 50) in 3 evaluations");
}

TEST_CASE("without patience training does not end, and the best is known all the same") {
  EarlyStopping stopping(Job("loss", 0));
  CHECK(Taken(&stopping, {0.5, 0.6, 0.7, 0.4, 0.5}) == "b..b.");
  CHECK_FALSE(stopping.End().has_value());
}

TEST_CASE("a change by min_delta is not enough") {
  EarlyStopping stopping(Job("loss", 1, 0.125));
  CHECK(Taken(&stopping, {0.5, 0.25}) == "bb");
  CHECK(Taken(&stopping, {0.125}) == ".");
  CHECK(stopping.End() == 50);
  CHECK(stopping.Reason() ==
        "stopped early: loss has not got better than 0.25 (iteration 20) in 1 evaluation");
}

TEST_CASE("of auc the greater is better") {
  EarlyStopping stopping(Job("auc", 1));
  v1::EvalPoint point = Loss(10, 1);
  point.mutable_result()->set_auc(0.75);
  CHECK(stopping.Take(point));
  point.set_iteration(20);
  point.mutable_result()->set_auc(0.8);
  CHECK(stopping.Take(point));
  point.set_iteration(30);
  CHECK_FALSE(stopping.Take(point));
  CHECK(stopping.End() == 50);
}

TEST_CASE("what was not measured, or is not a number, is not better") {
  EarlyStopping stopping(Job("auc", 2));
  CHECK_FALSE(stopping.Take(Loss(10, 1)));
  CHECK_FALSE(stopping.Take(Loss(20, 1)));
  CHECK(stopping.End() == 40);
  CHECK(stopping.Reason() == "stopped early: auc was not measured in 2 evaluations");
  EarlyStopping diverged(Job("loss", 2));
  CHECK(Taken(&diverged, {0.5, std::nan(""), std::nan("")}) == "b..");
  CHECK(diverged.End() == 50);
}

TEST_CASE("it goes on from what a job's record has") {
  v1::JobRecord job = Job("loss", 2);
  job.set_last_eval_iteration(70);
  job.set_evals_since_best(1);
  *job.mutable_best_eval() = Loss(60, 0.25);
  EarlyStopping stopping(job);
  CHECK(stopping.last() == 70);
  CHECK_FALSE(stopping.End().has_value());
  CHECK_FALSE(stopping.Take(Loss(80, 0.25)));
  CHECK(stopping.End() == 100);
}

}  // namespace
}  // namespace paceline::scheduler
