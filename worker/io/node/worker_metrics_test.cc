#include "worker/io/node/worker_metrics.h"

#include <catch2/catch.hpp>

#include "common/metrics/registry.h"

namespace paceline::worker {
namespace {

using Catch::Contains;

v1::TaskReport Task(uint32_t rank, uint64_t incarnation, double user) {
  v1::TaskReport task;
  task.set_job_id(7);
  task.set_rank(rank);
  task.set_incarnation(incarnation);
  task.set_state(v1::TaskReport::RUNNING);
  task.set_cpu_user_seconds(user);
  task.set_resident_bytes(4096);
  return task;
}

TEST_CASE("a worker and its tasks have their lines") {
  WorkerFigures figures;
  figures.slots = 3;
  // Rank 1 twice: the old one is being stopped.
  figures.tasks = {Task(0, 1, 1.5), Task(1, 1, 2.5), Task(1, 2, 0.5), Task(2, 1, 9)};
  figures.tasks[3].set_state(v1::TaskReport::EXITED);
  figures.scheduler_up = true;
  figures.heartbeat_age = absl::Milliseconds(500);
  TaskStats stats;
  stats.started.Add(5);
  stats.restarted.Add();
  stats.ended[static_cast<size_t>(TaskEnding::kOutOfMemory)].Add();
  metrics::Registry registry;
  registry.AddCollector([&](metrics::Scrape* out) {
    AddWorkerMetrics(figures, out);
    AddTaskMetrics(stats, out);
  });
  const std::string text = registry.Text();
  for (const char* line :
       {"paceline_worker_slots 3\n", "paceline_worker_tasks 3\n",
        "paceline_worker_scheduler_up 1\n", "paceline_worker_scheduler_heartbeat_age_seconds 0.5\n",
        "paceline_worker_task_cpu_user_seconds_total{job=\"7\",rank=\"0\"} 1.5\n",
        "paceline_worker_task_cpu_user_seconds_total{job=\"7\",rank=\"1\"} 0.5\n",
        "paceline_worker_task_resident_bytes{job=\"7\",rank=\"1\"} 4096\n",
        "paceline_worker_tasks_started_total 5\n", "paceline_worker_tasks_restarted_total 1\n",
        "paceline_worker_tasks_ended_total{cause=\"out_of_memory\"} 1\n",
        "paceline_worker_tasks_ended_total{cause=\"signal\"} 0\n"}) {
    CHECK_THAT(text, Contains(line));
  }
  CHECK_THAT(text, !Contains("rank=\"2\""));
}

TEST_CASE("before the scheduler was heard there is no age") {
  metrics::Registry registry;
  registry.AddCollector([&](metrics::Scrape* out) { AddWorkerMetrics({}, out); });
  const std::string text = registry.Text();
  CHECK_THAT(text, Contains("paceline_worker_scheduler_up 0\n"));
  CHECK_THAT(text, !Contains("\npaceline_worker_scheduler_heartbeat_age_seconds "));
}

}  // namespace
}  // namespace paceline::worker
