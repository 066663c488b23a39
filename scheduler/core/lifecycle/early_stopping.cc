#include "scheduler/core/lifecycle/early_stopping.h"

#include "absl/strings/str_cat.h"
#include "common/spec/eval_metrics.h"

namespace paceline::scheduler {

EarlyStopping::EarlyStopping(const v1::JobRecord& job)
    : spec_(job.spec().evaluation()),
      every_(job.spec().train().eval_every_iterations()),
      last_(job.last_eval_iteration()),
      since_best_(job.evals_since_best()) {
  if (job.has_best_eval()) best_ = job.best_eval();
}

bool EarlyStopping::Take(const v1::EvalPoint& point) {
  last_ = point.iteration();
  const std::optional<double> value = MetricOf(point.result(), spec_.metric());
  const bool better = value.has_value() &&
                      (!best_.has_value() ||
                       IsBetter(spec_.metric(), *value, *MetricOf(best_->result(), spec_.metric()),
                                spec_.min_delta()));
  if (better) best_ = point;
  since_best_ = better ? 0 : since_best_ + 1;
  return better;
}

std::optional<uint64_t> EarlyStopping::End() const {
  if (spec_.patience() == 0 || since_best_ < spec_.patience()) return std::nullopt;
  return last_ + 2 * every_;
}

std::string EarlyStopping::Reason() const {
  const std::string in =
      absl::StrCat(" in ", since_best_, since_best_ == 1 ? " evaluation" : " evaluations");
  if (!best_.has_value()) {
    return absl::StrCat("stopped early: ", spec_.metric(), " was not measured", in);
  }
  return absl::StrCat("stopped early: ", spec_.metric(), " has not got better than ",
                      *MetricOf(best_->result(), spec_.metric()), " (iteration ",
                      best_->iteration(), ")", in);
}

}  // namespace paceline::scheduler
