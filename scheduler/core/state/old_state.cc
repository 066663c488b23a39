#include "scheduler/core/state/old_state.h"

#include <algorithm>

#include "scheduler/core/state/job_machine.h"

namespace paceline::scheduler {

v1::StateSnapshot MovePast(const v1::SchedulerIdentity& seen, v1::StateSnapshot state) {
  const uint64_t beyond = std::max(seen.journal_index(), state.journal_index()) + 1;
  state.set_journal_index(beyond);
  state.set_generation(std::max(seen.generation(), state.generation()) + 1);
  // Whatever began before is behind this start.
  state.clear_generations();
  v1::GenerationRecord* record = state.add_generations();
  record->set_generation(state.generation());
  record->set_start_nonce(state.start_nonce());
  record->set_start_index(beyond);
  state.set_last_node_id(beyond);
  state.set_last_job_id(beyond);
  for (v1::NodeRecord& node : *state.mutable_nodes()) {
    node.set_incarnation(beyond);
    node.set_lost(true);
  }
  for (v1::JobRecord& job : *state.mutable_jobs()) {
    if (HasEnded(job.state())) continue;
    // Also of a job that waits: it may have started since.
    job.mutable_map()->set_job_id(job.job_id());
    job.mutable_map()->set_timeline(beyond);
    job.mutable_map()->set_epoch(beyond);
    for (v1::RankRecord& rank : *job.mutable_ranks()) rank.set_incarnation(beyond);
    job.set_last_cut_id(beyond);
  }
  return state;
}

}  // namespace paceline::scheduler
