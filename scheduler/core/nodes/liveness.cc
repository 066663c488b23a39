#include "scheduler/core/nodes/liveness.h"

#include <algorithm>
#include <optional>

#include "absl/strings/str_cat.h"

namespace paceline::scheduler {
namespace {

// Nodes below which losing most of them is no reason to doubt oneself.
constexpr int kSmallestClusterToSuspect = 4;

// Silence as it counts against a node.
absl::Duration CountedSilence(const View& view, const v1::NodeRecord& node) {
  return std::min(Silence(view, node), view.now.monotonic - view.seen.silence_counts_from());
}

absl::Duration SilenceLimit(const View& view, const v1::NodeRecord& node) {
  const absl::Duration limit = view.options.heartbeat * view.options.silent_heartbeats;
  const NodeObservation* seen = view.seen.FindNode(node.node_id());
  const bool heard = seen != nullptr && seen->last_heard >= view.seen.silence_counts_from();
  return heard ? limit : std::max(limit, view.options.start_grace);
}

// From when silence of a task counts. What cut its node off, or this scheduler, has
// cut it off as well, and it comes back by a connection of its own.
absl::Duration TaskSilenceCountsFrom(const View& view, uint64_t node_id) {
  const NodeObservation* node = view.seen.FindNode(node_id);
  const absl::Duration from = view.seen.silence_counts_from();
  return node == nullptr ? from : std::max(from, node->heard_since);
}

// Said that it is about to stop: its silence is no surprise.
bool IsDraining(const View& view, const v1::NodeRecord& node) {
  const NodeObservation* seen = view.seen.FindNode(node.node_id());
  return seen != nullptr && seen->report.draining();
}

// Whether an active job has a task or a shard on the node.
bool HoldsSomething(const View& view, uint64_t node_id) {
  for (const uint64_t job_id : view.state.active_jobs()) {
    const v1::JobRecord& job = *view.state.FindJob(job_id);
    for (const v1::RankRecord& rank : job.ranks()) {
      if (rank.node_id() == node_id) return true;
    }
    for (const v1::ShardServer& server : job.map().servers()) {
      if (server.node_id() == node_id) return true;
    }
  }
  return false;
}

}  // namespace

std::string NodeName(const v1::NodeRecord& node) {
  return absl::StrCat(node.role() == v1::NODE_ROLE_SERVER ? "server " : "worker ", node.node_id(),
                      " (", node.address(), ")");
}

absl::Duration Silence(const View& view, const v1::NodeRecord& node) {
  const NodeObservation* seen = view.seen.FindNode(node.node_id());
  return view.now.monotonic - (seen == nullptr ? view.seen.started() : seen->last_heard);
}

bool IsLive(const View& view, const v1::NodeRecord& node) {
  return !node.lost() && CountedSilence(view, node) <= SilenceLimit(view, node);
}

bool IsHeard(const View& view, const v1::NodeRecord& node) {
  return !node.lost() && CountedSilence(view, node) * 2 <= SilenceLimit(view, node);
}

bool IsUsable(const View& view, const v1::NodeRecord& node) {
  const NodeObservation* seen = view.seen.FindNode(node.node_id());
  return seen != nullptr && seen->incarnation == node.incarnation() && !IsLeaving(view, node) &&
         IsLive(view, node);
}

bool IsLeaving(const View& view, const v1::NodeRecord& node) {
  return node.drain() || IsDraining(view, node);
}

std::string NodeGone(const View& view, uint64_t node_id, uint64_t incarnation) {
  const v1::NodeRecord* node = view.state.FindNode(node_id);
  if (node == nullptr) return absl::StrCat("node ", node_id, " is gone");
  if (node->incarnation() != incarnation) return absl::StrCat(NodeName(*node), " was restarted");
  if (node->lost()) {
    return absl::StrCat(
        NodeName(*node), " is lost: not heard for ",
        absl::FormatDuration(absl::Trunc(Silence(view, *node), absl::Milliseconds(100))));
  }
  return "";
}

absl::Duration TaskSilence(const View& view, const v1::JobRecord& job, uint32_t rank) {
  const v1::RankRecord& record = job.ranks(rank);
  const v1::NodeRecord* node = view.state.FindNode(record.node_id());
  // A node on its way to being lost says nothing about the task alone.
  if (node == nullptr || !view.seen.alarm().empty() || !IsHeard(view, *node)) {
    return absl::ZeroDuration();
  }
  const TaskObservation* task = view.seen.FindTask(job.job_id(), rank, record.incarnation());
  const std::optional<absl::Duration> running =
      view.seen.RunningSince(job.job_id(), rank, record.incarnation());
  if (task == nullptr && !running.has_value()) return absl::ZeroDuration();
  const absl::Duration heard = task != nullptr ? task->last_heard : *running;
  return view.now.monotonic - std::max(heard, TaskSilenceCountsFrom(view, record.node_id()));
}

absl::Duration TaskSilenceLimit(const View& view, const v1::JobRecord& job, uint32_t rank) {
  const absl::Duration limit = view.options.heartbeat * view.options.silent_heartbeats;
  const v1::RankRecord& record = job.ranks(rank);
  const TaskObservation* task = view.seen.FindTask(job.job_id(), rank, record.incarnation());
  const bool heard =
      task != nullptr && task->last_heard >= TaskSilenceCountsFrom(view, record.node_id());
  return heard ? limit : std::max(limit, view.options.start_grace);
}

std::vector<const v1::NodeRecord*> UsableNodes(const View& view, v1::NodeRole role) {
  std::vector<const v1::NodeRecord*> nodes;
  for (const auto& [id, node] : view.state.nodes()) {
    if (node.role() == role && IsUsable(view, node)) nodes.push_back(&node);
  }
  return nodes;
}

std::string Alarm(const View& view) {
  // Nodes that fall silent together do not cross the limit together, so those
  // half way to it count as well.
  int members = 0;
  int suspects = 0;
  int silent = 0;
  for (const auto& [id, node] : view.state.nodes()) {
    if (node.lost() || IsDraining(view, node)) continue;
    ++members;
    if (CountedSilence(view, node) * 2 > SilenceLimit(view, node)) ++suspects;
    if (!IsLive(view, node)) ++silent;
  }
  if (silent == 0 || members < kSmallestClusterToSuspect || suspects * 2 <= members) return "";
  return absl::StrCat(suspects, " of ", members,
                      " nodes fell silent at once: this scheduler may be cut off; nothing is "
                      "reassigned until they are heard");
}

void PlanLiveness(const View& view, Decisions* out) {
  const bool alarm = !Alarm(view).empty();
  for (const auto& [id, node] : view.state.nodes()) {
    if (!node.lost()) {
      if (IsLive(view, node) || (alarm && !IsDraining(view, node))) continue;
      v1::NodeLost* lost = out->Add(view.now).mutable_node_lost();
      lost->set_node_id(id);
      lost->set_incarnation(node.incarnation());
    } else if (!node.drain() && Silence(view, node) > view.options.forget_node_after &&
               !HoldsSomething(view, id)) {
      out->Add(view.now).mutable_node_forgotten()->set_node_id(id);
    }
  }
}

}  // namespace paceline::scheduler
