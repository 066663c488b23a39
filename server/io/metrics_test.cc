#include "server/io/metrics.h"

#include <catch2/catch.hpp>

#include "common/refusal/refusal.h"

namespace paceline::server {
namespace {

TEST_CASE("every figure has a line") {
  DataPlaneStats stats;
  stats.pushes = 7;
  stats.duplicates = 2;
  stats.bytes_shared = 5;
  stats.CountRefusal(MismatchStatus(v1::Refusal::STALE_EPOCH, "epoch", 2, 1));
  stats.CountRefusal(absl::OkStatus());
  stats.CountRefusal(absl::CancelledError("gone"));
  stats.CountRefusal(absl::InternalError("odd"));
  MetricsInput input;
  input.uptime = absl::Seconds(90);
  v1::ServerJobReport job;
  job.set_job_id(12);
  job.set_table_bytes(4096);
  input.jobs.push_back(job);
  input.parked_pulls = 3;
  input.key_list_hits[12] = 9;
  input.reply_bytes = 17;
  input.shared_memory_arenas = 2;
  const std::string text = MetricsText(input, stats);
  for (const char* line :
       {"paceline_server_uptime_seconds 90\n", "paceline_server_jobs 1\n",
        "paceline_server_table_bytes{job=\"12\"} 4096\n", "paceline_server_pushes_total 7\n",
        "paceline_server_duplicates_total 2\n", "paceline_server_shared_memory_bytes_total 5\n",
        "paceline_server_parked_pulls 3\n", "paceline_server_reply_bytes 17\n",
        "paceline_server_shared_memory_arenas 2\n",
        "paceline_server_key_list_hits_total{job=\"12\"} 9\n",
        "paceline_server_refused_total{reason=\"stale_epoch\"} 1\n",
        "paceline_server_refused_total{reason=\"not_yet\"} 0\n",
        "paceline_server_refused_total{reason=\"other\"} 1\n"}) {
    CHECK_THAT(text, Catch::Contains(line));
  }
}

}  // namespace
}  // namespace paceline::server
