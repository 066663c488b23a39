#include "scheduler/core/cluster_view.h"

#include <map>
#include <set>

#include "absl/time/time.h"
#include "scheduler/core/job_machine.h"
#include "scheduler/core/liveness.h"
#include "scheduler/core/slots.h"

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

}  // namespace

v1::Cluster BuildCluster(const View& view) {
  v1::Cluster cluster;
  cluster.set_cluster_id(view.state.cluster_id());
  cluster.set_generation(view.state.generation());
  cluster.set_version(view.options.version);
  cluster.set_alarm(view.seen.alarm());
  const std::map<uint64_t, WorkerLoad> loads = WorkerLoads(view);
  for (const auto& [id, node] : view.state.nodes()) {
    v1::NodeStatus* status = cluster.add_nodes();
    status->set_node_id(id);
    status->set_role(node.role());
    status->set_incarnation(node.incarnation());
    status->set_address(node.address());
    status->set_http_address(node.http_address());
    status->set_hostname(node.hostname());
    status->set_version(node.version());
    status->set_heartbeat_age_seconds(absl::ToDoubleSeconds(Silence(view, node)));
    status->set_live(IsLive(view, node));
    if (node.role() == v1::NODE_ROLE_WORKER) {
      status->set_slots(node.slots());
      status->set_slots_used(loads.at(id).slots);
    }
    const NodeObservation* seen = view.seen.FindNode(id);
    if (seen == nullptr) continue;
    status->set_draining(seen->report.draining());
    status->set_resident_bytes(seen->report.resident_bytes());
    if (seen->report.has_host()) *status->mutable_host() = seen->report.host();
    if (node.role() == v1::NODE_ROLE_WORKER) AddGpus(*seen, loads.at(id), status);
    std::set<uint64_t> jobs;
    for (const v1::ServerJobReport& job : seen->report.jobs()) {
      status->set_table_bytes(status->table_bytes() + job.table_bytes());
      jobs.insert(job.job_id());
    }
    for (const v1::TaskReport& task : seen->report.tasks()) jobs.insert(task.job_id());
    for (const uint64_t job : jobs) status->add_jobs(job);
  }
  for (const auto& [id, job] : view.state.jobs()) {
    ++(*cluster.mutable_jobs())[JobStateWord(job.state())];
  }
  return cluster;
}

}  // namespace paceline::scheduler
