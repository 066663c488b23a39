// What /metrics says, and that docs/metrics-scheduler.md says the same.
#include <catch2/catch.hpp>
#include <fstream>
#include <map>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "common/audit/audit_log.h"
#include "common/metrics/registry.h"
#include "scheduler/io/cluster_metrics.h"
#include "scheduler/io/job_metrics.h"

namespace paceline::scheduler {
namespace {

v1::Histogram Make(double bound, uint64_t below, uint64_t above, double sum) {
  v1::Histogram histogram;
  histogram.add_bounds(bound);
  histogram.add_counts(below);
  histogram.add_counts(above);
  histogram.set_sum(sum);
  return histogram;
}

// A job that has everything that is measured.
v1::Job FullJob() {
  v1::Job job;
  job.set_job_id(7);
  job.mutable_spec()->set_name("digits");
  job.mutable_spec()->mutable_consistency()->set_policy(v1::POLICY_SSP);
  job.mutable_spec()->mutable_consistency()->set_staleness(4);
  job.mutable_spec()->mutable_checkpoint()->set_every_iterations(10);
  job.set_state(v1::JOB_STATE_RUNNING);
  job.set_owner("ann");
  job.set_samples_per_second(300);
  job.set_iterations_done(50);
  job.set_iterations_total(200);
  job.set_recent_loss(-0.5);
  job.add_history()->set_staleness_mean(1.5);
  *job.mutable_staleness() = Make(2, 3, 1, 7);
  *job.mutable_step_seconds() = Make(0.1, 4, 2, 0.75);
  *job.mutable_wait_seconds() = Make(0.1, 6, 0, 0.25);
  for (uint32_t rank = 0; rank < 40; ++rank) {
    v1::RankStatus* status = job.add_ranks();
    status->set_rank(rank);
    status->set_straggler_score(1 + rank * 0.125);
  }
  v1::CutStatus* cut = job.add_cuts();
  cut->set_committed_ms(90'000);
  cut->set_bytes(4096);
  job.set_cut_seconds(2.5);
  job.set_recovery_seconds(3.5);
  job.set_cuts_failed(2);
  job.set_cpu_user_seconds(8);
  job.set_cpu_system_seconds(2);
  (*job.mutable_pushes_refused())["stale_epoch"] = 6;
  v1::RunSummary* summary = job.mutable_summary();
  summary->set_restarts(1);
  summary->set_rollbacks(2);
  summary->set_duplicates_dropped(3);
  summary->set_bytes_pushed(1000);
  summary->set_bytes_pulled(2000);
  return job;
}

v1::Cluster FullCluster() {
  v1::Cluster cluster;
  cluster.set_generation(3);
  cluster.set_alarm("most nodes are silent");
  (*cluster.mutable_jobs())["running"] = 1;
  v1::NodeStatus* server = cluster.add_nodes();
  server->set_role(v1::NODE_ROLE_SERVER);
  server->set_address("s:1");
  server->set_live(true);
  server->set_heartbeat_age_seconds(0.25);
  server->set_table_bytes(512);
  server->set_memory_limit(1024);
  server->set_drain_requested(true);
  v1::HostStatus* host = server->mutable_host();
  host->set_load(1.5);
  host->set_resident_bytes(2048);
  host->set_processors(8);
  host->set_memory_bytes(100);
  host->set_memory_available_bytes(60);
  host->set_disk_bytes(1000);
  host->set_disk_free_bytes(700);
  host->set_certificate_expires_ms(5'000'000);
  v1::NodeStatus* worker = cluster.add_nodes();
  worker->set_role(v1::NODE_ROLE_WORKER);
  worker->set_address("w:1");
  worker->set_slots(4);
  worker->set_slots_used(1);
  return cluster;
}

std::string Text(const v1::Cluster& cluster, const std::vector<v1::Job>& jobs) {
  metrics::Registry registry;
  registry.AddCollector([&](metrics::Scrape* out) {
    AddCoordinatorMetrics({.journal_index = 9, .heartbeats = 11, .parked_polls = 2}, out);
    AddClusterMetrics(cluster, out);
    AddNodeMetrics(cluster, out);
    AddJobMetrics(jobs, /*now_ms=*/100'000, out);
  });
  return registry.Text();
}

bool HasLine(const std::string& text, const std::string& line) {
  return absl::StrContains(text, absl::StrCat("\n", line, "\n"));
}

TEST_CASE("a job's progress, curves and repairs") {
  const std::string text = Text({}, {FullJob()});
  INFO(text);
  for (const char* line : {
           "paceline_job_info{job=\"7\",name=\"digits\",policy=\"ssp\",owner=\"ann\"} 1",
           "paceline_job_state{job=\"7\",state=\"running\"} 1",
           "paceline_job_samples_per_second{job=\"7\"} 300",
           "paceline_job_iterations{job=\"7\"} 50",
           "paceline_job_progress_ratio{job=\"7\"} 0.25",
           "paceline_job_loss{job=\"7\"} -0.5",
           "paceline_job_staleness_mean_iterations{job=\"7\"} 1.5",
           "paceline_job_staleness_bound_iterations{job=\"7\"} 4",
           "paceline_job_staleness_iterations_bucket{job=\"7\",policy=\"ssp\",le=\"2\"} 3",
           "paceline_job_staleness_iterations_count{job=\"7\",policy=\"ssp\"} 4",
           "paceline_job_step_seconds_sum{job=\"7\",policy=\"ssp\"} 0.75",
           "paceline_job_wait_seconds_count{job=\"7\",policy=\"ssp\"} 6",
           "paceline_job_checkpoint_age_seconds{job=\"7\"} 10",
           "paceline_job_checkpoint_seconds{job=\"7\"} 2.5",
           "paceline_job_checkpoint_bytes{job=\"7\"} 4096",
           "paceline_job_checkpoint_failures_total{job=\"7\"} 2",
           "paceline_job_recovery_seconds{job=\"7\"} 3.5",
           "paceline_job_restarts_total{job=\"7\"} 1",
           "paceline_job_rollbacks_total{job=\"7\"} 2",
           "paceline_job_duplicates_dropped_total{job=\"7\"} 3",
           "paceline_job_pushed_bytes_total{job=\"7\"} 1000",
           "paceline_job_pulled_bytes_total{job=\"7\"} 2000",
           "paceline_job_pushes_refused_total{job=\"7\",kind=\"stale_epoch\"} 6",
           "paceline_job_cpu_seconds_total{job=\"7\",mode=\"user\"} 8",
           "paceline_job_cpu_seconds_total{job=\"7\",mode=\"system\"} 2",
           "paceline_rank_straggler_score{job=\"7\",rank=\"39\"} 5.875",
       }) {
    CHECK(HasLine(text, line));
  }
  // Ranks with the lowest scores are left out.
  CHECK(absl::StrContains(text, "paceline_rank_straggler_score{job=\"7\",rank=\"8\"}"));
  CHECK_FALSE(absl::StrContains(text, "paceline_rank_straggler_score{job=\"7\",rank=\"7\"}"));
}

TEST_CASE("what a job does not have is not there") {
  v1::Job job;
  job.set_job_id(8);
  job.set_state(v1::JOB_STATE_PENDING);
  const std::string text = Text({}, {job});
  CHECK(HasLine(text, "paceline_job_state{job=\"8\",state=\"pending\"} 1"));
  for (const char* name :
       {"progress_ratio", "loss", "staleness_mean_iterations", "staleness_bound_iterations",
        "staleness_iterations_count", "checkpoint_age_seconds", "checkpoint_seconds",
        "checkpoint_bytes", "recovery_seconds"}) {
    CHECK_FALSE(absl::StrContains(text, absl::StrCat("paceline_job_", name, "{")));
  }
  // Without a cut its age is that of the run.
  job = FullJob();
  job.clear_cuts();
  job.mutable_summary()->set_wall_seconds(42);
  CHECK(HasLine(Text({}, {job}), "paceline_job_checkpoint_age_seconds{job=\"7\"} 42"));
}

TEST_CASE("a cluster, its nodes and the scheduler") {
  const std::string text = Text(FullCluster(), {});
  INFO(text);
  for (const char* line : {
           "paceline_nodes{role=\"server\",live=\"true\"} 1",
           "paceline_nodes{role=\"worker\",live=\"true\"} 0",
           "paceline_jobs{state=\"running\"} 1",
           "paceline_jobs{state=\"failed\"} 0",
           "paceline_slots_used 1",
           "paceline_scheduler_alarm 1",
           "paceline_scheduler_generation 3",
           "paceline_scheduler_journal_index 9",
           "paceline_scheduler_heartbeats_total 11",
           "paceline_scheduler_parked_polls 2",
           "paceline_node_live{role=\"server\",node=\"s:1\"} 1",
           "paceline_node_live{role=\"worker\",node=\"w:1\"} 0",
           "paceline_node_heartbeat_age_seconds{role=\"server\",node=\"s:1\"} 0.25",
           "paceline_node_draining{role=\"server\",node=\"s:1\"} 1",
           "paceline_node_table_bytes{role=\"server\",node=\"s:1\"} 512",
           "paceline_node_table_limit_bytes{role=\"server\",node=\"s:1\"} 1024",
           "paceline_node_resident_bytes{role=\"server\",node=\"s:1\"} 2048",
           "paceline_node_load{role=\"server\",node=\"s:1\"} 1.5",
           "paceline_node_memory_available_bytes{role=\"server\",node=\"s:1\"} 60",
           "paceline_node_disk_free_bytes{role=\"server\",node=\"s:1\"} 700",
           "paceline_node_certificate_expiry_seconds{role=\"server\",node=\"s:1\"} 5000",
       }) {
    CHECK(HasLine(text, line));
  }
  for (const char* none : {"load", "table_bytes", "table_limit_bytes", "disk_free_bytes",
                           "certificate_expiry_seconds"}) {
    CHECK_FALSE(absl::StrContains(text, absl::StrCat("paceline_node_", none, "{role=\"worker\"")));
  }
}

// Families by name: type and labels, from the table of the page: "| `name` | type | `a`, `b` |".
using Documented = std::map<std::string, std::pair<std::string, std::string>>;

Documented ReadPage() {
  std::ifstream file("docs/metrics-scheduler.md");
  REQUIRE(file.is_open());
  Documented page;
  for (std::string line; std::getline(file, line);) {
    if (!absl::StartsWith(line, "| `paceline_")) continue;
    const std::vector<std::string> cells = absl::StrSplit(line, " | ");
    REQUIRE(cells.size() == 4);
    const std::string name = cells[0].substr(3, cells[0].size() - 4);
    CHECK(page.emplace(name, std::pair(cells[1], cells[2])).second);
  }
  return page;
}

TEST_CASE("docs/metrics-scheduler.md has every metric, with its type and labels, and no other") {
  metrics::Scrape scrape;
  AddCoordinatorMetrics({}, &scrape);
  AddAuditMetrics({}, &scrape);
  AddClusterMetrics(FullCluster(), &scrape);
  AddNodeMetrics(FullCluster(), &scrape);
  AddJobMetrics({FullJob()}, 0, &scrape);
  Documented told;
  for (const prometheus::MetricFamily& family : scrape.Families()) {
    const std::string type = family.type == prometheus::MetricType::Counter ? "counter"
                             : family.type == prometheus::MetricType::Gauge ? "gauge"
                                                                            : "histogram";
    REQUIRE_FALSE(family.metric.empty());
    std::vector<std::string> labels;
    for (const auto& label : family.metric[0].label) {
      labels.push_back(absl::StrCat("`", label.name, "`"));
    }
    std::string text;
    for (const std::string& label : labels) absl::StrAppend(&text, text.empty() ? "" : ", ", label);
    told[family.name] = {type, text};
  }
  CHECK(ReadPage() == told);
}

}  // namespace
}  // namespace paceline::scheduler
