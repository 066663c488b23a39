#include "scheduler/core/state/cluster_state.h"

#include "absl/strings/str_cat.h"
#include "common/format_version/format_version.h"
#include "common/status/status_macros.h"
#include "scheduler/core/observed/history.h"
#include "scheduler/core/state/job_apply.h"
#include "scheduler/core/state/job_machine.h"

namespace paceline::scheduler {
namespace {

constexpr uint32_t kFormatVersion = 1;
// Starts of the scheduler that are remembered.
constexpr size_t kMaxGenerations = 1000;
// Ended jobs that keep their curves in full, and points of all others.
constexpr size_t kMaxFullCurves = 200;
constexpr int kThinnedPoints = 64;

bool HasFullCurves(const v1::JobRecord& job) {
  return HasEnded(job.state()) && job.curves().history_size() > kThinnedPoints;
}

}  // namespace

absl::StatusOr<ClusterState> ClusterState::FromSnapshot(const v1::StateSnapshot& snapshot) {
  PL_RETURN_IF_ERROR(CheckFormatVersion("snapshot of the scheduler's state", kFormatVersion,
                                        snapshot.format_version()));
  ClusterState state;
  state.journal_index_ = snapshot.journal_index();
  state.cluster_id_ = snapshot.cluster_id();
  state.generation_ = snapshot.generation();
  state.start_nonce_ = snapshot.start_nonce();
  state.generations_.assign(snapshot.generations().begin(), snapshot.generations().end());
  state.last_node_id_ = snapshot.last_node_id();
  state.last_job_id_ = snapshot.last_job_id();
  for (const v1::NodeRecord& node : snapshot.nodes()) {
    if (node.node_id() == 0 || node.node_id() > state.last_node_id_ ||
        !state.nodes_.emplace(node.node_id(), node).second) {
      return absl::DataLossError(absl::StrCat("snapshot of the scheduler's state: node id ",
                                              node.node_id(), " is repeated or not in 1..",
                                              state.last_node_id_));
    }
    state.node_by_address_[{node.role(), node.address()}] = node.node_id();
  }
  for (const v1::JobRecord& job : snapshot.jobs()) {
    if (job.job_id() == 0 || job.job_id() > state.last_job_id_ ||
        !state.jobs_.emplace(job.job_id(), job).second) {
      return absl::DataLossError(absl::StrCat("snapshot of the scheduler's state: job id ",
                                              job.job_id(), " is repeated or not in 1..",
                                              state.last_job_id_));
    }
    if (!HasEnded(job.state())) state.active_jobs_.insert(job.job_id());
    if (HasFullCurves(job)) state.full_curves_.emplace(job.ended_ms(), job.job_id());
    if (!job.request_id().empty()) {
      state.job_by_request_[{job.owner(), job.request_id()}] = job.job_id();
    }
  }
  state.deleted_jobs_.insert(snapshot.deleted_jobs().begin(), snapshot.deleted_jobs().end());
  return state;
}

v1::StateSnapshot ClusterState::Snapshot() const {
  v1::StateSnapshot snapshot;
  snapshot.set_format_version(kFormatVersion);
  snapshot.set_journal_index(journal_index_);
  snapshot.set_cluster_id(cluster_id_);
  snapshot.set_generation(generation_);
  snapshot.set_start_nonce(start_nonce_);
  snapshot.set_last_node_id(last_node_id_);
  snapshot.set_last_job_id(last_job_id_);
  for (const v1::GenerationRecord& record : generations_) *snapshot.add_generations() = record;
  for (const auto& [id, node] : nodes_) *snapshot.add_nodes() = node;
  for (const auto& [id, job] : jobs_) *snapshot.add_jobs() = job;
  for (const uint64_t id : deleted_jobs_) snapshot.add_deleted_jobs(id);
  return snapshot;
}

absl::Status ClusterState::Apply(const v1::Update& update) {
  PL_RETURN_IF_ERROR(ApplyKind(update));
  ++journal_index_;
  return absl::OkStatus();
}

absl::Status ClusterState::ApplyKind(const v1::Update& update) {
  if (cluster_id_.empty() != update.has_cluster_created()) {
    return absl::FailedPreconditionError(cluster_id_.empty()
                                             ? "the first update must create the cluster"
                                             : "the cluster exists already");
  }
  switch (update.kind_case()) {
    case v1::Update::kClusterCreated:
      if (update.cluster_created().cluster_id().empty()) {
        return absl::InvalidArgumentError("a cluster needs an id");
      }
      cluster_id_ = update.cluster_created().cluster_id();
      return absl::OkStatus();
    case v1::Update::kGenerationStarted:
      return ApplyGeneration(update.generation_started());
    case v1::Update::kNodeRegistered:
      return ApplyNode(update.node_registered());
    case v1::Update::kNodeLost:
      return ApplyNode(update.node_lost());
    case v1::Update::kNodeForgotten:
      return ApplyNode(update.node_forgotten());
    case v1::Update::kNodeDrainSet:
      return ApplyNode(update.node_drain_set());
    case v1::Update::kJobSubmitted:
      return ApplySubmit(update.job_submitted(), update.time_ms());
    case v1::Update::kJobForgotten:
      return ApplyRemoval(update.job_forgotten().job_id(), /*deleted=*/false);
    case v1::Update::kJobDeleted:
      return ApplyRemoval(update.job_deleted().job_id(), /*deleted=*/true);
    case v1::Update::KIND_NOT_SET:
      return absl::InvalidArgumentError("an update without a kind, or of a newer version");
    default:
      return ApplyToJob(JobOfUpdate(update), update);
  }
}

absl::Status ClusterState::ApplyGeneration(const v1::GenerationStarted& update) {
  if (update.generation() <= generation_) {
    return absl::InvalidArgumentError(absl::StrCat("generation greater than ", generation_,
                                                   " required, got ", update.generation()));
  }
  generation_ = update.generation();
  start_nonce_ = update.start_nonce();
  v1::GenerationRecord& record = generations_.emplace_back();
  record.set_generation(generation_);
  record.set_start_nonce(start_nonce_);
  record.set_start_index(journal_index_ + 1);
  if (generations_.size() > kMaxGenerations) generations_.pop_front();
  return absl::OkStatus();
}

absl::Status ClusterState::ApplyNode(const v1::NodeRegistered& update) {
  auto it = nodes_.find(update.node_id());
  if (it == nodes_.end()) {
    if (update.node_id() != next_node_id()) {
      return absl::InvalidArgumentError(
          absl::StrCat("node ", update.node_id(), ": the next new node is ", next_node_id()));
    }
    if (FindNode(update.role(), update.address()) != nullptr) {
      return absl::FailedPreconditionError(absl::StrCat(
          "node ", update.node_id(), ": another node has the address ", update.address()));
    }
    last_node_id_ = update.node_id();
    it = nodes_.emplace(update.node_id(), v1::NodeRecord()).first;
    node_by_address_[{update.role(), update.address()}] = update.node_id();
  } else if (it->second.role() != update.role() || it->second.address() != update.address() ||
             update.incarnation() < it->second.incarnation()) {
    return absl::FailedPreconditionError(absl::StrCat(
        "node ", update.node_id(), ": incarnation ", it->second.incarnation(), " at ",
        it->second.address(), " cannot become ", update.incarnation(), " at ", update.address()));
  }
  v1::NodeRecord& node = it->second;
  node.set_node_id(update.node_id());
  node.set_incarnation(update.incarnation());
  node.set_role(update.role());
  node.set_address(update.address());
  node.set_http_address(update.http_address());
  node.set_hostname(update.hostname());
  node.set_version(update.version());
  node.set_process_nonce(update.process_nonce());
  node.set_slots(update.slots());
  node.set_lost(false);
  return absl::OkStatus();
}

absl::Status ClusterState::ApplyNode(const v1::NodeLost& update) {
  const auto it = nodes_.find(update.node_id());
  if (it == nodes_.end()) {
    return absl::NotFoundError(absl::StrCat("node ", update.node_id(), " does not exist"));
  }
  if (it->second.incarnation() != update.incarnation() || it->second.lost()) {
    return absl::FailedPreconditionError(
        absl::StrCat("node ", update.node_id(), ": incarnation ", update.incarnation(),
                     " cannot be lost, incarnation ", it->second.incarnation(), " is ",
                     it->second.lost() ? "lost" : "there"));
  }
  it->second.set_lost(true);
  return absl::OkStatus();
}

absl::Status ClusterState::ApplyNode(const v1::NodeForgotten& update) {
  const auto it = nodes_.find(update.node_id());
  if (it == nodes_.end()) {
    return absl::NotFoundError(absl::StrCat("node ", update.node_id(), " does not exist"));
  }
  if (!it->second.lost()) {
    return absl::FailedPreconditionError(
        absl::StrCat("node ", update.node_id(), " is not lost and cannot be forgotten"));
  }
  node_by_address_.erase({it->second.role(), it->second.address()});
  nodes_.erase(it);
  return absl::OkStatus();
}

absl::Status ClusterState::ApplyNode(const v1::NodeDrainSet& update) {
  const auto it = nodes_.find(update.node_id());
  if (it == nodes_.end()) {
    return absl::NotFoundError(absl::StrCat("node ", update.node_id(), " does not exist"));
  }
  it->second.set_drain(update.drain());
  it->second.set_drain_reason(update.drain() ? update.reason() : "");
  return absl::OkStatus();
}

absl::Status ClusterState::ApplySubmit(const v1::JobSubmitted& update, int64_t time_ms) {
  if (update.job_id() != next_job_id()) {
    return absl::InvalidArgumentError(
        absl::StrCat("job ", update.job_id(), ": the next new job is ", next_job_id()));
  }
  if (FindRequest(update.owner(), update.request_id()) != nullptr) {
    return absl::FailedPreconditionError(absl::StrCat("job ", update.job_id(), ": request_id ",
                                                      update.request_id(), " is used already"));
  }
  last_job_id_ = update.job_id();
  jobs_.emplace(update.job_id(), NewJob(update, time_ms));
  active_jobs_.insert(update.job_id());
  if (!update.request_id().empty()) {
    job_by_request_[{update.owner(), update.request_id()}] = update.job_id();
  }
  return absl::OkStatus();
}

absl::Status ClusterState::ApplyRemoval(uint64_t job_id, bool deleted) {
  const auto it = jobs_.find(job_id);
  if (it == jobs_.end()) {
    return absl::NotFoundError(absl::StrCat("job ", job_id, " does not exist"));
  }
  if (!HasEnded(it->second.state())) {
    return absl::FailedPreconditionError(absl::StrCat(
        "job ", job_id, " is ", JobStateWord(it->second.state()), " and cannot be forgotten"));
  }
  // Only then somebody else may still hold files of it.
  if (deleted && it->second.spec().checkpoint().replicas() > 0) {
    deleted_jobs_.insert(job_id);
    if (deleted_jobs_.size() > kMaxDeletedJobs) deleted_jobs_.erase(deleted_jobs_.begin());
  }
  job_by_request_.erase({it->second.owner(), it->second.request_id()});
  full_curves_.erase({it->second.ended_ms(), it->first});
  jobs_.erase(it);
  return absl::OkStatus();
}

absl::Status ClusterState::ApplyToJob(uint64_t job_id, const v1::Update& update) {
  const auto it = jobs_.find(job_id);
  if (it == jobs_.end()) {
    return absl::NotFoundError(absl::StrCat("job ", job_id, " does not exist"));
  }
  PL_RETURN_IF_ERROR(ApplyJobUpdate(update, &it->second));
  if (HasEnded(it->second.state())) {
    active_jobs_.erase(job_id);
    KeepCurves(it->second);
  }
  return absl::OkStatus();
}

void ClusterState::KeepCurves(const v1::JobRecord& ended) {
  if (HasFullCurves(ended)) full_curves_.emplace(ended.ended_ms(), ended.job_id());
  if (full_curves_.size() <= kMaxFullCurves) return;
  const auto oldest = full_curves_.begin();
  ThinHistory(kThinnedPoints, jobs_.at(oldest->second).mutable_curves()->mutable_history());
  full_curves_.erase(oldest);
}

const v1::NodeRecord* ClusterState::FindNode(uint64_t node_id) const {
  const auto it = nodes_.find(node_id);
  return it == nodes_.end() ? nullptr : &it->second;
}

const v1::NodeRecord* ClusterState::FindNode(v1::NodeRole role, absl::string_view address) const {
  const auto it = node_by_address_.find({role, std::string(address)});
  return it == node_by_address_.end() ? nullptr : FindNode(it->second);
}

const v1::JobRecord* ClusterState::FindJob(uint64_t job_id) const {
  const auto it = jobs_.find(job_id);
  return it == jobs_.end() ? nullptr : &it->second;
}

const v1::JobRecord* ClusterState::FindRequest(absl::string_view owner,
                                               absl::string_view request_id) const {
  if (request_id.empty()) return nullptr;
  const auto it = job_by_request_.find({std::string(owner), std::string(request_id)});
  return it == job_by_request_.end() ? nullptr : FindJob(it->second);
}

}  // namespace paceline::scheduler
