// All that the scheduler must never forget, with one door in.
//
//   ClusterState state;
//   for (const v1::Update& update : journal) PL_RETURN_IF_ERROR(state.Apply(update));
//
// The state is a pure function of the updates in order. Apply checks that each
// follows from the state (ids count on, incarnations grow, job steps are in the
// table, grants leave no gap), so a journal that does not replay is damaged.
//
// Memory: jobs that have ended keep their spec, summary and events, and drop
// grants and shard map. Of those that ended longest ago the curves are thinned.
//
// Thread-compatible.
#ifndef PACELINE_SCHEDULER_CORE_STATE_CLUSTER_STATE_H_
#define PACELINE_SCHEDULER_CORE_STATE_CLUSTER_STATE_H_

#include <cstdint>
#include <deque>
#include <map>
#include <set>
#include <string>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "proto/state.pb.h"

namespace paceline::scheduler {

class ClusterState {
 public:
  ClusterState() = default;

  // The state that a snapshot holds.
  // Errors:  DataLoss            ids out of order.
  //          FailedPrecondition  a newer format version; names both.
  static absl::StatusOr<ClusterState> FromSnapshot(const v1::StateSnapshot& snapshot);
  v1::StateSnapshot Snapshot() const;

  // Takes the next update in. On an error the state is unchanged.
  // Errors:  InvalidArgument     the update says nothing, or an id of it leaves a gap.
  //          NotFound            it names a job, node or rank that does not exist.
  //          FailedPrecondition  it does not follow from the state.
  absl::Status Apply(const v1::Update& update);

  // Number of updates taken in since the beginning.
  uint64_t journal_index() const { return journal_index_; }
  // Empty before the first update.
  const std::string& cluster_id() const { return cluster_id_; }
  uint64_t generation() const { return generation_; }
  uint64_t start_nonce() const { return start_nonce_; }
  // The newest starts of the scheduler, in order; the last is the present one.
  const std::deque<v1::GenerationRecord>& generations() const { return generations_; }
  uint64_t next_node_id() const { return last_node_id_ + 1; }
  uint64_t next_job_id() const { return last_job_id_ + 1; }

  const std::map<uint64_t, v1::NodeRecord>& nodes() const { return nodes_; }
  const std::map<uint64_t, v1::JobRecord>& jobs() const { return jobs_; }
  // Jobs that have not ended, in the order of submission.
  const std::set<uint64_t>& active_jobs() const { return active_jobs_; }

  // Jobs that users or retention deleted, of which servers may still hold copies of cuts;
  // at most the newest kMaxDeletedJobs.
  const std::set<uint64_t>& deleted_jobs() const { return deleted_jobs_; }
  static constexpr size_t kMaxDeletedJobs = 10000;

  // Null if there is none. An empty request id names no job; the same id of another owner
  // names another job.
  const v1::NodeRecord* FindNode(uint64_t node_id) const;
  const v1::NodeRecord* FindNode(v1::NodeRole role, absl::string_view address) const;
  const v1::JobRecord* FindJob(uint64_t job_id) const;
  const v1::JobRecord* FindRequest(absl::string_view owner, absl::string_view request_id) const;

 private:
  absl::Status ApplyGeneration(const v1::GenerationStarted& update);
  absl::Status ApplyNode(const v1::NodeRegistered& update);
  absl::Status ApplyNode(const v1::NodeLost& update);
  absl::Status ApplyNode(const v1::NodeForgotten& update);
  absl::Status ApplyNode(const v1::NodeDrainSet& update);
  absl::Status ApplySubmit(const v1::JobSubmitted& update, int64_t time_ms);
  // JobForgotten or JobDeleted.
  absl::Status ApplyRemoval(uint64_t job_id, bool deleted);
  // Keeps curves in full of the jobs that ended last only.
  void KeepCurves(const v1::JobRecord& ended);
  // Everything that happens to a job that exists.
  absl::Status ApplyToJob(uint64_t job_id, const v1::Update& update);
  absl::Status ApplyKind(const v1::Update& update);

  uint64_t journal_index_ = 0;
  std::string cluster_id_;
  uint64_t generation_ = 0;
  uint64_t start_nonce_ = 0;
  std::deque<v1::GenerationRecord> generations_;
  uint64_t last_node_id_ = 0;
  uint64_t last_job_id_ = 0;
  std::map<uint64_t, v1::NodeRecord> nodes_;
  std::map<uint64_t, v1::JobRecord> jobs_;
  std::set<uint64_t> deleted_jobs_;

  // Found again from the above.
  std::set<uint64_t> active_jobs_;
  std::map<std::pair<int, std::string>, uint64_t> node_by_address_;
  // By owner and request id.
  absl::flat_hash_map<std::pair<std::string, std::string>, uint64_t> job_by_request_;
  // Ended jobs with curves in full: when they ended, and their ids.
  std::set<std::pair<int64_t, uint64_t>> full_curves_;
};

}  // namespace paceline::scheduler

#endif  // PACELINE_SCHEDULER_CORE_STATE_CLUSTER_STATE_H_
