#include "cli/local/chaos.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "common/status/status_macros.h"

namespace paceline::cli {

Chaos::Chaos(Options options, LocalCluster& cluster, Clock& clock)
    : options_(std::move(options)), cluster_(cluster), clock_(clock), trigger_(options_.events) {}

void Chaos::See(const v1::Job& job) {
  failed_.Update(Tend());
  if (job.state() != v1::JOB_STATE_RUNNING) {
    return;
  }
  std::vector<ChaosEvent> due = std::exchange(waiting_, {});
  for (const ChaosEvent& event : trigger_.Due(job.iterations_done())) due.push_back(event);
  for (const ChaosEvent& event : due) failed_.Update(Inject(event, job));
}

absl::Status Chaos::Inject(const ChaosEvent& event, const v1::Job& job) {
  const std::string what =
      absl::StrCat("chaos: ", ToString(event), " at iteration ", job.iterations_done());
  switch (event.action) {
    case ChaosAction::kKillScheduler:
      return Kill(DaemonRole::kScheduler, 1, what);
    case ChaosAction::kKillServer:
      return Kill(DaemonRole::kServer, options_.servers, what);
    case ChaosAction::kKillWorker:
      return Kill(DaemonRole::kWorker, options_.workers, what);
    case ChaosAction::kKillTask:
      return KillTask(event, job, what);
    case ChaosAction::kStopWorker: {
      const int worker = Next("worker", options_.workers);
      PL_RETURN_IF_ERROR(cluster_.Pause(DaemonRole::kWorker, worker));
      stopped_.push_back({worker, clock_.Monotonic() + options_.pause});
      Say(what,
          absl::StrCat("worker ", worker, " stopped for ", absl::FormatDuration(options_.pause)));
      return absl::OkStatus();
    }
  }
  return absl::InternalError("no such action");
}

absl::Status Chaos::Kill(DaemonRole role, int count, const std::string& what) {
  const char* name = role == DaemonRole::kScheduler ? "scheduler"
                     : role == DaemonRole::kServer  ? "server"
                                                    : "worker";
  const int index = Next(name, count);
  PL_RETURN_IF_ERROR(cluster_.KillAndRestart(role, index));
  std::erase_if(stopped_, [&](const Stopped& stopped) {
    return role == DaemonRole::kWorker && stopped.worker == index;
  });
  Say(what, role == DaemonRole::kScheduler
                ? "scheduler killed and started again"
                : absl::StrCat(name, " ", index, " killed and started again"));
  return absl::OkStatus();
}

absl::Status Chaos::KillTask(const ChaosEvent& event, const v1::Job& job, const std::string& what) {
  const int first = Next("task", job.ranks_size());
  for (int i = 0; i < job.ranks_size(); ++i) {
    const int rank = (first + i) % job.ranks_size();
    const int64_t pid = job.ranks(rank).pid();
    if (pid > 0) {
      PL_RETURN_IF_ERROR(options_.kill_task(pid));
      Say(what, absl::StrCat("task of rank ", rank, " (pid ", pid, ") killed"));
      return absl::OkStatus();
    }
  }
  // No rank is known to have a task just now, as after a start of the scheduler.
  waiting_.push_back(event);
  return absl::OkStatus();
}

absl::Status Chaos::Tend() {
  while (!stopped_.empty() && clock_.Monotonic() >= stopped_.front().until) {
    const int worker = stopped_.front().worker;
    stopped_.erase(stopped_.begin());
    failed_.Update(cluster_.Resume(DaemonRole::kWorker, worker));
    options_.report(absl::StrCat("chaos: worker ", worker, " goes on"));
  }
  return failed_;
}

void Chaos::Finish() {
  for (const Stopped& stopped : stopped_) {
    cluster_.Resume(DaemonRole::kWorker, stopped.worker).IgnoreError();
  }
  stopped_.clear();
  std::vector<ChaosEvent> missed = waiting_;
  missed.insert(missed.end(), trigger_.pending().begin(), trigger_.pending().end());
  for (const ChaosEvent& event : missed) {
    options_.report(absl::StrCat("chaos: ", ToString(event), " did not happen: the job had ended"));
  }
}

int Chaos::Next(const std::string& key, int count) { return count <= 0 ? 0 : next_[key]++ % count; }

void Chaos::Say(const std::string& what, const std::string& whom) {
  options_.report(absl::StrCat(what, ": ", whom));
}

}  // namespace paceline::cli
