#include "scheduler/io/cluster_metrics.h"

#include <map>
#include <string>
#include <utility>

#include "absl/strings/string_view.h"
#include "common/spec/enum_names.h"

namespace paceline::scheduler {
namespace {

using metrics::Samples;
using metrics::Scrape;

// One value a node; negative: the node has none.
template <typename Value>
void AddGauge(const v1::Cluster& cluster, const char* name, const char* help, Value value,
              Scrape* out) {
  Samples samples = out->Gauges(
      {.name = name, .help = help, .labels = {"role", "node"}, .most_series = kMaxNodesInMetrics});
  for (const v1::NodeStatus& node : cluster.nodes()) {
    const double of_node = value(node);
    if (of_node >= 0) samples.Add({EnumWord(node.role()), node.address()}, of_node);
  }
}

// Of the host, if the node has said anything of it.
template <typename Value>
void AddHostGauge(const v1::Cluster& cluster, const char* name, const char* help, Value value,
                  Scrape* out) {
  AddGauge(
      cluster, name, help,
      [&value](const v1::NodeStatus& node) {
        return node.has_host() ? static_cast<double>(value(node.host())) : -1;
      },
      out);
}

double MemoryLimit(const v1::NodeStatus& node) {
  return node.memory_limit() == 0 ? -1 : static_cast<double>(node.memory_limit());
}

double TableBytes(const v1::NodeStatus& node) {
  return node.role() == v1::NODE_ROLE_SERVER ? static_cast<double>(node.table_bytes()) : -1;
}

}  // namespace

void AddClusterMetrics(const v1::Cluster& cluster, Scrape* out) {
  // By role and whether they are heard.
  std::map<std::pair<std::string, bool>, uint64_t> nodes = {
      {{"server", false}, 0}, {{"server", true}, 0}, {{"worker", false}, 0}, {{"worker", true}, 0}};
  uint64_t slots = 0;
  uint64_t slots_used = 0;
  for (const v1::NodeStatus& node : cluster.nodes()) {
    ++nodes[{EnumWord(node.role()), node.live()}];
    if (node.live()) slots += node.slots();
    slots_used += node.slots_used();
  }
  Samples by_role = out->Gauges({.name = "paceline_nodes",
                                 .help = "Registered nodes by role and liveness.",
                                 .labels = {"role", "live"}});
  for (const auto& [key, count] : nodes) {
    by_role.Add({key.first, key.second ? "true" : "false"}, static_cast<double>(count));
  }
  out->Gauge("paceline_slots", "Task slots of live workers.", static_cast<double>(slots));
  out->Gauge("paceline_slots_used", "Task slots in use.", static_cast<double>(slots_used));
  Samples jobs =
      out->Gauges({.name = "paceline_jobs", .help = "Jobs by state.", .labels = {"state"}});
  for (const absl::string_view state : {"pending", "placing", "running", "recovering",
                                        "checkpointing", "succeeded", "failed", "cancelled"}) {
    const auto it = cluster.jobs().find(std::string(state));
    jobs.Add({std::string(state)}, it == cluster.jobs().end() ? 0 : it->second);
  }
  out->Gauge("paceline_scheduler_generation", "Starts of this cluster's scheduler.",
             static_cast<double>(cluster.generation()));
  out->Gauge("paceline_scheduler_alarm", "1: most nodes fell silent at once.",
             cluster.alarm().empty() ? 0 : 1);
}

void AddNodeMetrics(const v1::Cluster& cluster, Scrape* out) {
  AddGauge(
      cluster, "paceline_node_live", "1: heard within four heartbeats.",
      [](const v1::NodeStatus& node) { return node.live() ? 1 : 0; }, out);
  AddGauge(
      cluster, "paceline_node_heartbeat_age_seconds", "Time since its last heartbeat.",
      [](const v1::NodeStatus& node) { return node.heartbeat_age_seconds(); }, out);
  AddGauge(
      cluster, "paceline_node_draining", "1: it takes nothing new and is being emptied.",
      [](const v1::NodeStatus& node) { return node.draining() || node.drain_requested() ? 1 : 0; },
      out);
  AddGauge(cluster, "paceline_node_table_bytes", "Bytes of tables that a server holds.", TableBytes,
           out);
  AddGauge(cluster, "paceline_node_table_limit_bytes",
           "Bytes of tables that a server takes at most; if it has a limit.", MemoryLimit, out);
  AddHostGauge(
      cluster, "paceline_node_resident_bytes", "Memory that the daemon occupies.",
      [](const v1::HostStatus& host) { return static_cast<double>(host.resident_bytes()); }, out);
  AddHostGauge(
      cluster, "paceline_node_load", "Mean number of runnable processes over a minute.",
      [](const v1::HostStatus& host) { return host.load(); }, out);
  AddHostGauge(
      cluster, "paceline_node_processors", "Processors of the host.",
      [](const v1::HostStatus& host) { return host.processors(); }, out);
  AddHostGauge(
      cluster, "paceline_node_memory_bytes", "Memory of the host.",
      [](const v1::HostStatus& host) { return host.memory_bytes(); }, out);
  AddHostGauge(
      cluster, "paceline_node_memory_available_bytes", "Memory of the host that is to be had.",
      [](const v1::HostStatus& host) { return host.memory_available_bytes(); }, out);
  AddHostGauge(
      cluster, "paceline_node_disk_bytes", "File system of --data-dir.",
      [](const v1::HostStatus& host) { return host.disk_bytes(); }, out);
  AddHostGauge(
      cluster, "paceline_node_disk_free_bytes", "What is free of it.",
      [](const v1::HostStatus& host) { return host.disk_free_bytes(); }, out);
  AddGauge(
      cluster, "paceline_node_certificate_expiry_seconds",
      "When its certificate expires, since 1970; if it has one.",
      [](const v1::NodeStatus& node) {
        const int64_t ms = node.host().certificate_expires_ms();
        return ms == 0 ? -1 : static_cast<double>(ms) / 1000;
      },
      out);
}

void AddCoordinatorMetrics(const CoordinatorStats& stats, Scrape* out) {
  out->Gauge("paceline_scheduler_journal_index", "Updates in the journal since the beginning.",
             static_cast<double>(stats.journal_index));
  out->Counter("paceline_scheduler_heartbeats_total", "Heartbeats of nodes.",
               static_cast<double>(stats.heartbeats));
  out->Counter("paceline_scheduler_task_syncs_total", "Reports of tasks.",
               static_cast<double>(stats.task_syncs));
  out->Gauge("paceline_scheduler_parked_polls", "Calls that wait for news.",
             static_cast<double>(stats.parked_polls));
  out->Gauge("paceline_scheduler_watchers", "Streams that follow a job.",
             static_cast<double>(stats.watchers));
}

}  // namespace paceline::scheduler
