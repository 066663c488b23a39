#include <algorithm>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "common/spec/eval_metrics.h"
#include "common/spec/flush_schedule.h"
#include "common/spec/rules.h"

namespace paceline::spec_rules {
namespace {

void CheckMetric(const v1::JobSpec& spec, std::vector<Problem>* problems) {
  const std::string& metric = spec.evaluation().metric();
  const std::vector<std::string> known = ComparableMetrics(spec.model());
  if (known.empty() || std::find(known.begin(), known.end(), metric) != known.end()) return;
  problems->push_back(Expected("evaluation.metric", absl::StrJoin(known, " | "), metric));
}

}  // namespace

void CheckEvaluation(const v1::JobSpec& spec, std::vector<Problem>* problems) {
  const bool evaluates = !spec.data().eval().path().empty() || spec.data().holdout() > 0;
  const uint64_t every = spec.train().eval_every_iterations();
  const bool keep_best = spec.checkpoint().keep_best();
  const bool stops = spec.evaluation().patience() > 0;
  const std::string needed = "data.eval or data.holdout, and train.eval_every_iterations";
  if (spec.has_evaluation() && evaluates) CheckMetric(spec, problems);
  RefuseIf(spec.has_evaluation() && !evaluates && !stops && !keep_best, "evaluation",
           "data.eval or data.holdout", problems);
  RefuseIf(stops && (!evaluates || every == 0), "evaluation.patience", needed, problems);
  RefuseIf(keep_best && (!evaluates || every == 0), "checkpoint.keep_best", needed, problems);
  RefuseIf(spec.evaluation().min_delta() > 0 && !stops && !keep_best, "evaluation.min_delta",
           "evaluation.patience or checkpoint.keep_best", problems);
  if (spec.consistency().policy() != v1::POLICY_BSP || every == 0) return;
  const uint64_t cuts = spec.checkpoint().every_iterations();
  if (keep_best && (cuts == 0 || every % cuts != 0)) {
    problems->push_back(
        Expected("train.eval_every_iterations",
                 "a multiple of checkpoint.every_iterations (checkpoint.keep_best under bsp)",
                 absl::StrCat(every, cuts == 0 ? ", and no checkpoint.every_iterations"
                                               : absl::StrCat(" of ", cuts))));
  }
  // Training ends after a multiple of it, in a round after which nothing is left behind.
  if (stops && FlushSchedule(spec).flushes() && every % std::max<uint64_t>(cuts, 1) != 0) {
    problems->push_back(Expected(
        "train.eval_every_iterations",
        absl::StrCat("a multiple of checkpoint.every_iterations (evaluation.patience with push ",
                     "topk or onebit under bsp)"),
        absl::StrCat(every, " of ", cuts)));
  }
}

}  // namespace paceline::spec_rules
