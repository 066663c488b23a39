#include "scheduler/core/views/summary.h"

#include <algorithm>
#include <string>

#include "absl/strings/str_cat.h"
#include "common/partition/shares.h"
#include "common/spec/enum_names.h"
#include "scheduler/core/state/job_machine.h"
#include "scheduler/core/views/wait_reason.h"

namespace paceline::scheduler {
namespace {

const v1::TaskProgress* ProgressReport(const View& view, const v1::JobRecord& job, uint32_t rank) {
  const TaskObservation* task =
      view.seen.FindTask(job.job_id(), rank, job.ranks(rank).incarnation());
  return task == nullptr ? nullptr : &task->report.progress();
}

void AddServerCounters(const View& view, const v1::JobRecord& job, v1::RunSummary* summary) {
  double staleness_count = 0;
  double staleness_sum = 0;
  for (const v1::ShardServer& server : job.map().servers()) {
    const v1::ServerJobReport* report =
        view.seen.FindServerJob(server.node_id(), server.incarnation(), job.job_id());
    if (report == nullptr) continue;
    summary->set_duplicates_dropped(summary->duplicates_dropped() + report->duplicates_dropped());
    summary->set_pushes_refused(summary->pushes_refused() + report->pushes_refused());
    summary->set_bytes_pushed(summary->bytes_pushed() + report->bytes_pushed());
    summary->set_bytes_pulled(summary->bytes_pulled() + report->bytes_pulled());
    staleness_count += report->staleness_count();
    staleness_sum += report->staleness_sum();
    summary->set_staleness_max(std::max<double>(summary->staleness_max(), report->staleness_max()));
  }
  if (staleness_count > 0) summary->set_staleness_mean(staleness_sum / staleness_count);
}

// The newest evaluation: the final one, else the last during training.
void AddEval(const View& view, const v1::JobRecord& job, v1::RunSummary* summary) {
  if (job.has_final_eval()) {
    *summary->mutable_eval() = job.final_eval().result();
    return;
  }
  if (job.ranks().empty()) return;
  const TaskObservation* task = view.seen.FindTask(job.job_id(), 0, job.ranks(0).incarnation());
  if (task == nullptr || task->report.evals().empty()) return;
  *summary->mutable_eval() = task->report.evals().rbegin()->result();
}

}  // namespace

double SamplesOf(const View& view, const v1::JobRecord& job, uint32_t rank, uint64_t iterations) {
  if (job.facts().records() > 0) {
    return static_cast<double>(NominalSamples(job, rank, iterations));
  }
  const v1::TaskProgress* report = ProgressReport(view, job, rank);
  return report == nullptr ? 0 : static_cast<double>(report->samples());
}

double RecentLoss(const View& view, const v1::JobRecord& job) {
  double sum = 0;
  double weight = 0;
  for (uint32_t rank = 0; rank < static_cast<uint32_t>(job.ranks_size()); ++rank) {
    const v1::TaskProgress* report = ProgressReport(view, job, rank);
    if (report == nullptr || report->loss_count() <= 0) continue;
    sum += report->recent_loss() * report->loss_count();
    weight += report->loss_count();
  }
  return weight > 0 ? sum / weight : 0;
}

v1::RunSummary BuildSummary(const View& view, const v1::JobRecord& job,
                            const std::vector<RankProgress>& progress) {
  const v1::JobSpec& spec = job.spec();
  v1::RunSummary summary;
  summary.set_job_id(absl::StrCat(job.job_id()));
  summary.set_name(spec.name());
  summary.set_state(JobStateWord(job.state()));
  summary.set_reason(ReasonNow(view, job));
  summary.set_policy(EnumWord(spec.consistency().policy()));
  summary.set_device(job.has_facts() ? job.facts().device() : EnumWord(spec.resources().device()));
  summary.set_device_name(job.facts().device_name());
  summary.set_device_reason(job.facts().device_reason());
  summary.set_ranks(spec.resources().workers());
  summary.set_servers(spec.resources().servers());
  for (uint32_t rank = 0; rank < progress.size(); ++rank) {
    const uint64_t iterations = progress[rank].iterations;
    summary.set_iterations(summary.iterations() + static_cast<double>(iterations));
    summary.set_samples(summary.samples() + SamplesOf(view, job, rank, iterations));
  }
  if (job.running_ms() > 0) {
    const int64_t end_ms = job.ended_ms() > 0 ? job.ended_ms() : view.now.wall_ms;
    summary.set_wall_seconds(static_cast<double>(std::max<int64_t>(end_ms - job.running_ms(), 0)) /
                             1000);
  }
  summary.set_train_loss(RecentLoss(view, job));
  AddEval(view, job, &summary);
  summary.set_best_iteration(static_cast<double>(job.best_eval().iteration()));
  summary.set_stopped_early(job.last_iteration() != 0);
  summary.set_restarts(job.restarts());
  summary.set_rollbacks(job.rollbacks());
  AddServerCounters(view, job, &summary);
  summary.set_parameters_sha256(job.cut().parameters_sha256());
  return summary;
}

}  // namespace paceline::scheduler
