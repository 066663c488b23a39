#include "worker/io/node/worker_metrics.h"

#include <map>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"

namespace paceline::worker {
namespace {

using metrics::Samples;
using metrics::Scrape;

void AddRunningTasks(const std::vector<v1::TaskReport>& tasks, Scrape* out) {
  // An incarnation that is being stopped may run beside the next one: the newest counts.
  std::map<std::pair<uint64_t, uint32_t>, const v1::TaskReport*> newest;
  for (const v1::TaskReport& task : tasks) {
    if (task.state() != v1::TaskReport::RUNNING) continue;
    const v1::TaskReport*& of_rank = newest[{task.job_id(), task.rank()}];
    if (of_rank == nullptr || of_rank->incarnation() < task.incarnation()) of_rank = &task;
  }
  const std::vector<std::string> labels = {"job", "rank"};
  Samples user = out->Counters({.name = "paceline_worker_task_cpu_user_seconds_total",
                                .help = "Processor time of the task's own code.",
                                .labels = labels});
  Samples system = out->Counters({.name = "paceline_worker_task_cpu_system_seconds_total",
                                  .help = "Processor time that the kernel spent for the task.",
                                  .labels = labels});
  Samples resident = out->Gauges({.name = "paceline_worker_task_resident_bytes",
                                  .help = "Memory that the task's process occupies.",
                                  .labels = labels});
  for (const auto& [key, task] : newest) {
    const std::vector<std::string> values = {absl::StrCat(key.first), absl::StrCat(key.second)};
    user.Add(values, task->cpu_user_seconds());
    system.Add(values, task->cpu_system_seconds());
    resident.Add(values, static_cast<double>(task->resident_bytes()));
  }
}

}  // namespace

void AddWorkerMetrics(const WorkerFigures& figures, Scrape* out) {
  out->Gauge("paceline_worker_slots", "Tasks that this worker runs at most.",
             static_cast<double>(figures.slots));
  int running = 0;
  for (const v1::TaskReport& task : figures.tasks) {
    running += task.state() == v1::TaskReport::RUNNING ? 1 : 0;
  }
  out->Gauge("paceline_worker_tasks", "Tasks that run on this worker.", running);
  out->Gauge("paceline_worker_scheduler_up", "Whether the scheduler answered last.",
             figures.scheduler_up ? 1 : 0);
  Samples age = out->Gauges({.name = "paceline_worker_scheduler_heartbeat_age_seconds",
                             .help = "Time since the scheduler answered."});
  if (figures.heartbeat_age.has_value()) age.Add({}, absl::ToDoubleSeconds(*figures.heartbeat_age));
  AddRunningTasks(figures.tasks, out);
}

void AddTaskMetrics(const TaskStats& stats, Scrape* out) {
  out->Counter("paceline_worker_tasks_started_total", "Tasks started.",
               static_cast<double>(stats.started.value()));
  out->Counter("paceline_worker_tasks_restarted_total",
               "Tasks started in the place of one that had ended.",
               static_cast<double>(stats.restarted.value()));
  Samples ended = out->Counters({.name = "paceline_worker_tasks_ended_total",
                                 .help = "Tasks that ended, by cause.",
                                 .labels = {"cause"}});
  for (size_t ending = 0; ending < kTaskEndings; ++ending) {
    ended.Add({TaskEndingName(static_cast<TaskEnding>(ending))},
              static_cast<double>(stats.ended[ending].value()));
  }
}

}  // namespace paceline::worker
