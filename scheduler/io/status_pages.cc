#include "scheduler/io/status_pages.h"

#include <cstdint>
#include <map>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "common/json/proto_json.h"
#include "common/security/identity.h"

namespace paceline::scheduler {
namespace {

constexpr uint64_t kJobsOnPage = 100;

// A metric with its help and type; samples follow.
void Describe(std::string* out, absl::string_view name, absl::string_view type,
              absl::string_view help) {
  absl::StrAppend(out, "# HELP ", name, " ", help, "\n# TYPE ", name, " ", type, "\n");
}

void Add(std::string* out, absl::string_view name, absl::string_view type, absl::string_view help,
         uint64_t value) {
  Describe(out, name, type, help);
  absl::StrAppend(out, name, " ", value, "\n");
}

void AddCluster(const v1::Cluster& cluster, std::string* out) {
  // By role and whether they are heard.
  std::map<std::pair<std::string, bool>, uint64_t> nodes = {
      {{"server", false}, 0}, {{"server", true}, 0}, {{"worker", false}, 0}, {{"worker", true}, 0}};
  uint64_t slots = 0;
  uint64_t slots_used = 0;
  uint64_t table_bytes = 0;
  for (const v1::NodeStatus& node : cluster.nodes()) {
    ++nodes[{node.role() == v1::NODE_ROLE_SERVER ? "server" : "worker", node.live()}];
    if (node.live()) slots += node.slots();
    slots_used += node.slots_used();
    table_bytes += node.table_bytes();
  }
  Describe(out, "paceline_nodes", "gauge", "Registered nodes by role and liveness.");
  for (const auto& [key, count] : nodes) {
    absl::StrAppend(out, "paceline_nodes{role=\"", key.first, "\",live=\"",
                    key.second ? "true" : "false", "\"} ", count, "\n");
  }
  Add(out, "paceline_worker_slots", "gauge", "Task slots of live workers.", slots);
  Add(out, "paceline_worker_slots_used", "gauge", "Task slots in use.", slots_used);
  Add(out, "paceline_table_bytes", "gauge", "Bytes of tables on all servers.", table_bytes);
  Describe(out, "paceline_jobs", "gauge", "Jobs by state.");
  for (const absl::string_view state : {"pending", "placing", "running", "recovering",
                                        "checkpointing", "succeeded", "failed", "cancelled"}) {
    const auto it = cluster.jobs().find(std::string(state));
    absl::StrAppend(out, "paceline_jobs{state=\"", state, "\"} ",
                    it == cluster.jobs().end() ? 0 : it->second, "\n");
  }
  Add(out, "paceline_scheduler_generation", "gauge", "Starts of this cluster's scheduler.",
      cluster.generation());
  Add(out, "paceline_scheduler_alarm", "gauge", "1: most nodes fell silent at once.",
      cluster.alarm().empty() ? 0 : 1);
}

}  // namespace

std::string StatusJson(Coordinator* coordinator) {
  const absl::StatusOr<v1::Cluster> cluster = coordinator->DescribeCluster();
  const uint64_t last = coordinator->Stats().last_job_id;
  v1::ListJobsRequest request;
  request.set_after_job_id(last < kJobsOnPage ? 0 : last - kJobsOnPage);
  const absl::StatusOr<v1::ListJobsResponse> jobs = coordinator->ListJobs(request, Identity());
  if (!cluster.ok() || !jobs.ok()) return "{}";
  std::string json =
      absl::StrCat("{\"cluster\":", ProtoToJson(*cluster, JsonLayout::kOneLine), ",\"jobs\":[");
  for (int i = 0; i < jobs->jobs_size(); ++i) {
    absl::StrAppend(&json, i == 0 ? "" : ",", ProtoToJson(jobs->jobs(i), JsonLayout::kOneLine));
  }
  return absl::StrCat(json, "]}");
}

std::string MetricsText(Coordinator* coordinator) {
  std::string out;
  const CoordinatorStats stats = coordinator->Stats();
  Add(&out, "paceline_scheduler_journal_index", "counter", "Updates in the journal.",
      stats.journal_index);
  Add(&out, "paceline_scheduler_heartbeats_total", "counter", "Heartbeats of nodes.",
      stats.heartbeats);
  Add(&out, "paceline_scheduler_task_syncs_total", "counter", "Reports of tasks.",
      stats.task_syncs);
  Add(&out, "paceline_scheduler_parked_polls", "gauge", "Calls that wait for news.",
      stats.parked_polls);
  Add(&out, "paceline_scheduler_watchers", "gauge", "Streams that follow a job.", stats.watchers);
  const absl::StatusOr<v1::Cluster> cluster = coordinator->DescribeCluster();
  if (cluster.ok()) AddCluster(*cluster, &out);
  return out;
}

}  // namespace paceline::scheduler
