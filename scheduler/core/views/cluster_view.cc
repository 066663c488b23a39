#include "scheduler/core/views/cluster_view.h"

#include <map>
#include <set>

#include "absl/time/time.h"
#include "scheduler/core/nodes/drain.h"
#include "scheduler/core/nodes/liveness.h"
#include "scheduler/core/nodes/slots.h"
#include "scheduler/core/state/job_machine.h"

namespace paceline::scheduler {
namespace {

void AddGpus(const NodeObservation& seen, const WorkerLoad& load, v1::NodeStatus* status) {
  for (const v1::GpuStatus& gpu : seen.report.gpus()) {
    v1::GpuStatus* out = status->add_gpus();
    *out = gpu;
    const auto taken = load.gpus.find(gpu.ordinal());
    out->set_job_id(taken == load.gpus.end() ? 0 : taken->second);
  }
  status->set_no_gpu_reason(seen.report.no_gpu_reason());
}

void AddReport(const NodeObservation& seen, const WorkerLoad* load, v1::NodeStatus* status) {
  status->set_draining(seen.report.draining() || status->drain_requested());
  status->set_memory_limit(seen.report.memory_limit());
  if (seen.report.has_host()) *status->mutable_host() = seen.report.host();
  if (load != nullptr) AddGpus(seen, *load, status);
  std::set<uint64_t> jobs;
  for (const v1::ServerJobReport& job : seen.report.jobs()) {
    status->set_table_bytes(status->table_bytes() + job.table_bytes());
    jobs.insert(job.job_id());
  }
  for (const v1::TaskReport& task : seen.report.tasks()) jobs.insert(task.job_id());
  for (const uint64_t job : jobs) status->add_jobs(job);
}

// `load`: of a worker.
v1::NodeStatus StatusOf(const View& view, const v1::NodeRecord& node, const WorkerLoad* load) {
  v1::NodeStatus status;
  status.set_node_id(node.node_id());
  status.set_role(node.role());
  status.set_incarnation(node.incarnation());
  status.set_address(node.address());
  status.set_http_address(node.http_address());
  status.set_hostname(node.hostname());
  status.set_version(node.version());
  status.set_heartbeat_age_seconds(absl::ToDoubleSeconds(Silence(view, node)));
  status.set_live(IsLive(view, node));
  if (load != nullptr) {
    status.set_slots(node.slots());
    status.set_slots_used(load->slots);
  }
  status.set_draining(node.drain());
  status.set_drain_requested(node.drain());
  status.set_drain_reason(node.drain_reason());
  if (IsLeaving(view, node)) status.set_drain_waits_for(DrainWaitsFor(view, node));
  const NodeObservation* seen = view.seen.FindNode(node.node_id());
  if (seen != nullptr) AddReport(*seen, load, &status);
  return status;
}

const WorkerLoad* LoadOf(const std::map<uint64_t, WorkerLoad>& loads, const v1::NodeRecord& node) {
  return node.role() == v1::NODE_ROLE_WORKER ? &loads.at(node.node_id()) : nullptr;
}

}  // namespace

v1::NodeStatus BuildNode(const View& view, const v1::NodeRecord& node) {
  const std::map<uint64_t, WorkerLoad> loads = WorkerLoads(view);
  return StatusOf(view, node, LoadOf(loads, node));
}

v1::Cluster BuildCluster(const View& view) {
  v1::Cluster cluster;
  cluster.set_cluster_id(view.state.cluster_id());
  cluster.set_generation(view.state.generation());
  cluster.set_version(view.options.version);
  cluster.set_alarm(view.seen.alarm());
  const std::map<uint64_t, WorkerLoad> loads = WorkerLoads(view);
  for (const auto& [id, node] : view.state.nodes()) {
    *cluster.add_nodes() = StatusOf(view, node, LoadOf(loads, node));
  }
  for (const auto& [id, job] : view.state.jobs()) {
    ++(*cluster.mutable_jobs())[JobStateWord(job.state())];
  }
  return cluster;
}

}  // namespace paceline::scheduler
