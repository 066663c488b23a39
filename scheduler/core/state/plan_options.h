// What the scheduler's decisions may be tuned with.
#ifndef PACELINE_SCHEDULER_CORE_STATE_PLAN_OPTIONS_H_
#define PACELINE_SCHEDULER_CORE_STATE_PLAN_OPTIONS_H_

#include <cstddef>
#include <string>

#include "absl/time/time.h"
#include "scheduler/core/state/limit_table.h"

namespace paceline::scheduler {

// Thread-compatible.
struct PlanOptions {
  // Time between reports of a node or task, told to them. Greater than 0.
  absl::Duration heartbeat = absl::Seconds(1);
  // Heartbeats of silence after which a node counts as lost. At least 2.
  int silent_heartbeats = 4;
  // Whoever was known before this scheduler started, or was cut off together with
  // others, has at least this long to be heard again: it may be backing off.
  absl::Duration start_grace = absl::Seconds(5);
  // A worker that said it does not reach a server gets no rank of a job on that
  // server for this long.
  absl::Duration broken_link_memory = absl::Seconds(60);
  // Time before a cut that failed, or a restore, is tried again.
  absl::Duration cut_retry = absl::Seconds(10);
  // A lost node that holds nothing is dropped from the state this long after it
  // was last heard.
  absl::Duration forget_node_after = absl::Minutes(10);
  // Ended jobs kept in the state; older ones are dropped, and their files stay.
  size_t max_ended_jobs = 10000;
  // Rules of retention (retention.h): ended jobs beyond this number, and those that ended
  // longer ago, are deleted with their files. 0: none are.
  size_t keep_ended_jobs = 0;
  absl::Duration keep_ended_for;
  // Time before files that could not be removed are tried again.
  absl::Duration delete_retry = absl::Minutes(5);
  // What each user may have.
  LimitTable limits;
  // Jobs that wait for resources at most.
  size_t max_active_jobs = 10000;
  // Folder for cuts and record indexes of jobs that name none. Absolute.
  std::string data_dir;
  // Version that nodes must have.
  std::string version;
};

}  // namespace paceline::scheduler

#endif  // PACELINE_SCHEDULER_CORE_STATE_PLAN_OPTIONS_H_
