#include "server/io/metrics.h"

#include <catch2/catch.hpp>

#include "absl/strings/str_cat.h"
#include "common/metrics/registry.h"
#include "common/refusal/refusal.h"

namespace paceline::server {
namespace {

using Catch::Contains;

TEST_CASE("what a server holds has its lines") {
  MetricsInput input;
  v1::ServerJobReport job;
  job.set_job_id(12);
  job.set_table_bytes(4096);
  job.set_bytes_pushed(640);
  Staleness staleness;
  for (const uint64_t iterations : {0, 0, 3}) staleness.Add(iterations);
  staleness.Fill(&job);
  input.jobs.push_back(job);
  JobShards shards{.report = job, .shards = {}};
  for (uint32_t shard = 0; shard < 30; ++shard) {
    Shard::Stats stats;
    stats.rows = 100;
    stats.parked = shard == 3 ? 2 : 0;
    stats.traffic = {.pushes = 7, .pushed_bytes = 64, .pulls = 8, .pulled_bytes = 72};
    shards.shards.push_back(
        {.shard = shard, .table = "w", .stats = stats, .heat = static_cast<double>(shard)});
  }
  for (uint32_t shard = 30; shard < 32; ++shard) {
    Shard::Stats stats;
    stats.rows = 40;
    stats.sparse = SparseCounts{.created = 50, .evicted = 10, .waiting = 6};
    shards.shards.push_back({.shard = shard, .table = "s", .stats = stats, .heat = 0});
  }
  input.shards.push_back(shards);
  input.key_list_hits[12] = 9;
  input.memory = {.used = 5000, .limit = 0};
  input.fold = {.used = 17, .limit = 1000};
  input.queues["cuts"] = {.used = 1, .limit = 1024};
  input.heartbeat_age = absl::Milliseconds(250);
  metrics::Registry registry;
  registry.AddCollector([&](metrics::Scrape* out) { AddServerMetrics(input, out); });
  const std::string text = registry.Text();
  for (const char* line : {"paceline_server_jobs 1\n",
                           "paceline_server_table_bytes{job=\"12\"} 4096\n",
                           "paceline_server_pushed_bytes_total{job=\"12\"} 640\n",
                           "paceline_push_staleness_iterations_bucket{job=\"12\",le=\"0\"} 2\n",
                           "paceline_push_staleness_iterations_bucket{job=\"12\",le=\"4\"} 3\n",
                           "paceline_push_staleness_iterations_sum{job=\"12\"} 3\n",
                           "paceline_push_staleness_iterations_max{job=\"12\"} 3\n",
                           "paceline_server_parked_pulls{job=\"12\"} 2\n",
                           "paceline_server_table_rows{job=\"12\",table=\"w\"} 3000\n",
                           "paceline_server_table_rows{job=\"12\",table=\"s\"} 80\n",
                           "paceline_server_table_rows_created_total{job=\"12\",table=\"s\"} 100\n",
                           "paceline_server_table_rows_evicted_total{job=\"12\",table=\"s\"} 20\n",
                           "paceline_server_table_keys_waiting{job=\"12\",table=\"s\"} 12\n",
                           "paceline_server_table_pushes_total{job=\"12\",table=\"w\"} 210\n",
                           "paceline_server_table_pulls_total{job=\"12\",table=\"w\"} 240\n",
                           "paceline_server_memory_used_bytes 5000\n",
                           "paceline_server_fold_limit_bytes 1000\n",
                           "paceline_server_key_list_hits_total{job=\"12\"} 9\n",
                           "paceline_server_work_queue_depth{queue=\"cuts\"} 1\n",
                           "paceline_server_scheduler_heartbeat_age_seconds 0.25\n"}) {
    CHECK_THAT(text, Contains(line));
  }
  // The twenty hottest of thirty.
  CHECK_THAT(text,
             Contains("paceline_server_shard_heat{job=\"12\",table=\"w\",shard=\"29\"} 29\n"));
  CHECK_THAT(text, Contains("shard=\"10\"}"));
  CHECK_THAT(text, !Contains("shard=\"9\"}"));
  // Dense tables create and evict nothing.
  CHECK_THAT(text, !Contains("created_total{job=\"12\",table=\"w\"}"));
}

TEST_CASE("calls are counted by method, code and reason, and timed") {
  DataPlaneStats stats;
  for (int i = 0; i < 3; ++i) {
    stats.Handled(DataMethod::kPush, absl::OkStatus(), absl::Microseconds(30));
  }
  stats.Handled(DataMethod::kPush, MismatchStatus(v1::Refusal::STALE_EPOCH, "epoch", 2, 1),
                absl::Microseconds(5));
  stats.Handled(DataMethod::kPull, absl::CancelledError("gone"), absl::Seconds(2));
  stats.Handled(DataMethod::kPull, absl::InternalError("odd"), absl::Seconds(60));
  stats.Waited({.staleness = 4, .rounds = false}, absl::Milliseconds(20));
  stats.of(DataMethod::kPull).sent_bytes.Add(512);
  stats.duplicates.Add(2);
  CHECK(stats.handled(DataMethod::kPush) == 4);
  CHECK(stats.refused(v1::Refusal::STALE_EPOCH) == 1);
  metrics::Registry registry;
  registry.AddCollector([&](metrics::Scrape* out) { AddDataPlaneMetrics(stats, out); });
  const std::string text = registry.Text();
  for (const char* line :
       {"paceline_rpc_handled_total{method=\"Push\",code=\"OK\"} 3\n",
        "paceline_rpc_handled_total{method=\"Push\",code=\"FAILED_PRECONDITION\"} 1\n",
        "paceline_rpc_handled_total{method=\"Pull\",code=\"CANCELLED\"} 1\n",
        "paceline_rpc_handled_total{method=\"OpenRank\",code=\"OK\"} 0\n",
        "paceline_rpc_handling_seconds_count{method=\"Push\"} 4\n",
        "paceline_rpc_handling_seconds_bucket{method=\"Push\",le=\"1e-05\"} 1\n",
        "paceline_rpc_handling_seconds_bucket{method=\"Pull\",le=\"10\"} 1\n",
        "paceline_rpc_handling_seconds_bucket{method=\"Pull\",le=\"+Inf\"} 2\n",
        "paceline_rpc_sent_bytes_total{method=\"Pull\"} 512\n",
        "paceline_pull_wait_seconds_count{policy=\"ssp\"} 1\n",
        "paceline_pull_wait_seconds_count{policy=\"bsp\"} 0\n",
        "paceline_pushes_refused_total{reason=\"stale_epoch\"} 1\n",
        "paceline_pushes_refused_total{reason=\"not_yet\"} 0\n",
        "paceline_pulls_refused_total{reason=\"other\"} 1\n",
        "paceline_server_duplicates_total 2\n"}) {
    CHECK_THAT(text, Contains(line));
  }
}

TEST_CASE("cuts are timed, and counted when they fail") {
  OrderExecutor::Stats stats;
  stats.cut_seconds.Observe(0.5);
  stats.cuts_failed.Add();
  metrics::Registry registry;
  registry.AddCollector([&](metrics::Scrape* out) { AddCutMetrics(stats, out); });
  CHECK_THAT(registry.Text(), Contains("paceline_server_cut_seconds_count 1\n"));
  CHECK_THAT(registry.Text(), Contains("paceline_server_cuts_failed_total 1\n"));
}

}  // namespace
}  // namespace paceline::server
