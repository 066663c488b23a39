#include "scheduler/core/lifecycle/restarts.h"

#include <optional>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "scheduler/core/lifecycle/end_job.h"
#include "scheduler/core/nodes/job_device.h"
#include "scheduler/core/nodes/liveness.h"
#include "scheduler/core/nodes/slots.h"
#include "scheduler/core/ranks/progress.h"
#include "scheduler/core/ranks/task_exit.h"
#include "scheduler/core/ranks/task_loss.h"
#include "scheduler/core/ranks/waiting.h"

namespace paceline::scheduler {
namespace {

struct Exit {
  v1::TaskExit how;
  // By itself, not with its node.
  bool died = false;
};

// How the present task of a rank was lost; nothing if it was not.
std::optional<Exit> FindExit(const View& view, const v1::JobRecord& job, uint32_t rank) {
  const v1::RankRecord& record = job.ranks(rank);
  if (record.node_id() == 0) return std::nullopt;
  Exit exit;
  const v1::TaskReport* task = view.seen.FindTaskReport(record.node_id(), record.node_incarnation(),
                                                        job.job_id(), rank, record.incarnation());
  if (task != nullptr && task->state() == v1::TaskReport::EXITED) {
    exit.how = task->exit();
    if (exit.how.cause().empty()) exit.how.set_cause("its task ended");
    exit.died = true;
    return exit;
  }
  if (std::string gone = NodeGone(view, record.node_id(), record.node_incarnation());
      !gone.empty()) {
    exit.how.set_cause(std::move(gone));
    return exit;
  }
  const absl::Duration silence = TaskSilence(view, job, rank);
  if (silence <= TaskSilenceLimit(view, job, rank)) return std::nullopt;
  exit.how.set_cause(
      absl::StrCat("its task hangs: not heard for ",
                   absl::FormatDuration(absl::Trunc(silence, absl::Milliseconds(100)))));
  exit.died = true;
  return exit;
}

// "rank 1 on worker 3 (host:7072): killed by signal 9 (SIGKILL): last log line".
std::string Describe(const View& view, uint32_t rank, const v1::RankRecord& record,
                     const v1::TaskExit& exit) {
  const v1::NodeRecord* node = view.state.FindNode(record.node_id());
  std::string text = absl::StrCat("rank ", rank);
  if (node != nullptr) absl::StrAppend(&text, " on ", NodeName(*node));
  absl::StrAppend(&text, ": ", exit.cause());
  if (!exit.last_log_lines().empty()) {
    absl::StrAppend(&text, ": ", *exit.last_log_lines().rbegin());
  }
  return text;
}

}  // namespace

void PlanExits(const View& view, const v1::JobRecord& job, Decisions* out) {
  for (uint32_t rank = 0; rank < static_cast<uint32_t>(job.ranks_size()); ++rank) {
    const std::optional<Exit> exit = FindExit(view, job, rank);
    if (!exit.has_value()) continue;
    const v1::RankRecord& record = job.ranks(rank);
    const uint64_t iteration = ProgressOf(view, job)[rank].iterations;
    AddTaskExited(view, job, rank, exit->how, exit->died, out);
    const bool again = record.deaths() > 0 && record.death_iteration() == iteration;
    if (exit->died && again && record.deaths() + 1 >= kMaxDeathsAtIteration) {
      v1::JobRecord after = job;
      *after.mutable_ranks(rank)->mutable_last_exit() = exit->how;
      EndJob(view, after, JobTrigger::kFail,
             absl::StrCat(Describe(view, rank, record, exit->how), " (", kMaxDeathsAtIteration,
                          " times at iteration ", iteration, ")"),
             out);
    } else {
      PlanTaskLoss(view, job, rank, exit->how.cause(), out);
    }
    return;
  }
}

void PlanRestarts(const View& view, const v1::JobRecord& job, Decisions* out) {
  const std::vector<uint32_t> ranks = RanksWithoutTask(job);
  if (ranks.empty()) return;
  const std::vector<Slot> slots = ChooseSlots(view, ranks.size(), NeedsOfRank(job));
  if (slots.empty()) return;
  v1::TasksAssigned* assigned = out->Add(view.now).mutable_tasks_assigned();
  assigned->set_job_id(job.job_id());
  for (size_t i = 0; i < slots.size(); ++i) {
    const uint64_t incarnation = job.ranks(static_cast<int>(ranks[i])).incarnation() + 1;
    *assigned->add_tasks() = AssignTask(ranks[i], incarnation, slots[i]);
  }
}

}  // namespace paceline::scheduler
