#include "server/io/metrics.h"

#include <algorithm>
#include <map>
#include <optional>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "common/metrics/histogram.h"
#include "common/refusal/kind_name.h"

namespace paceline::server {
namespace {

using metrics::Samples;
using metrics::Scrape;

// The hottest shards that are named one by one; all others are in sums of their tables.
constexpr size_t kHottestShards = 20;

double Number(uint64_t value) { return static_cast<double>(value); }

void AddUse(const std::string& name, const std::string& what, const Use& use, Scrape* out) {
  out->Gauge(absl::StrCat("paceline_server_", name, "_used_bytes"), absl::StrCat(what, "."),
             Number(use.used));
  out->Gauge(absl::StrCat("paceline_server_", name, "_limit_bytes"),
             absl::StrCat(what, ", at most; 0: no limit."), Number(use.limit));
}

void AddJobs(const MetricsInput& input, Scrape* out) {
  out->Gauge("paceline_server_jobs", "Jobs held, in any state.", Number(input.jobs.size()));
  Samples bytes = out->Gauges({.name = "paceline_server_table_bytes",
                               .help = "Bytes of tables, slots and sums.",
                               .labels = {"job"}});
  Samples pushed = out->Counters({.name = "paceline_server_pushed_bytes_total",
                                  .help = "Payload bytes of pushes that were taken.",
                                  .labels = {"job"}});
  Samples pulled = out->Counters({.name = "paceline_server_pulled_bytes_total",
                                  .help = "Payload bytes of rows that were read.",
                                  .labels = {"job"}});
  Samples staleness =
      out->Histograms({.name = "paceline_push_staleness_iterations",
                       .help = "Iterations between what a rank had read of a shard and its update.",
                       .labels = {"job"}});
  Samples largest = out->Gauges({.name = "paceline_push_staleness_iterations_max",
                                 .help = "Largest staleness of an applied update.",
                                 .labels = {"job"}});
  for (const v1::ServerJobReport& job : input.jobs) {
    const std::vector<std::string> id = {absl::StrCat(job.job_id())};
    bytes.Add(id, Number(job.table_bytes()));
    pushed.Add(id, Number(job.bytes_pushed()));
    pulled.Add(id, Number(job.bytes_pulled()));
    largest.Add(id, Number(job.staleness_max()));
    const v1::Histogram& counts = job.staleness();
    staleness.Add(id, metrics::Buckets{.bounds = {counts.bounds().begin(), counts.bounds().end()},
                                       .counts = {counts.counts().begin(), counts.counts().end()},
                                       .sum = counts.sum()});
  }
  Samples hits =
      out->Counters({.name = "paceline_server_key_list_hits_total",
                     .help = "Sparse blocks whose keys were not sent because the server held them.",
                     .labels = {"job"}});
  for (const auto& [job, count] : input.key_list_hits) hits.Add({absl::StrCat(job)}, Number(count));
}

void AddShards(const std::vector<JobShards>& jobs, Scrape* out) {
  struct Table {
    uint64_t rows = 0;
    uint64_t pushes = 0;
    uint64_t pulls = 0;
    // Sparse ones alone.
    std::optional<SparseCounts> sparse;
  };
  std::map<std::vector<std::string>, Table> tables;
  std::vector<std::pair<double, std::vector<std::string>>> hottest;
  Samples parked = out->Gauges({.name = "paceline_server_parked_pulls",
                                .help = "Pulls that wait for admission.",
                                .labels = {"job"}});
  for (const JobShards& job : jobs) {
    const std::string id = absl::StrCat(job.report.job_id());
    uint64_t waiting = 0;
    for (const ShardView& shard : job.shards) {
      Table& table = tables[{id, shard.table}];
      table.rows += shard.stats.rows;
      table.pushes += shard.stats.traffic.pushes;
      table.pulls += shard.stats.traffic.pulls;
      waiting += shard.stats.parked;
      if (shard.stats.sparse.has_value()) {
        if (!table.sparse.has_value()) table.sparse.emplace();
        table.sparse->created += shard.stats.sparse->created;
        table.sparse->evicted += shard.stats.sparse->evicted;
        table.sparse->waiting += shard.stats.sparse->waiting;
      }
      hottest.push_back({shard.heat, {id, shard.table, absl::StrCat(shard.shard)}});
    }
    parked.Add({id}, Number(waiting));
  }
  Samples rows = out->Gauges({.name = "paceline_server_table_rows",
                              .help = "Rows of a table that this server holds.",
                              .labels = {"job", "table"}});
  Samples pushes = out->Counters({.name = "paceline_server_table_pushes_total",
                                  .help = "Updates that shards of the table have taken.",
                                  .labels = {"job", "table"}});
  Samples pulls = out->Counters({.name = "paceline_server_table_pulls_total",
                                 .help = "Reads of shards of the table.",
                                 .labels = {"job", "table"}});
  Samples created = out->Counters({.name = "paceline_server_table_rows_created_total",
                                   .help = "Rows of a sparse table that pushes created.",
                                   .labels = {"job", "table"}});
  Samples evicted = out->Counters({.name = "paceline_server_table_rows_evicted_total",
                                   .help = "Rows of a sparse table that its limits let go.",
                                   .labels = {"job", "table"}});
  Samples admission = out->Gauges({.name = "paceline_server_table_keys_waiting",
                                   .help = "Keys of a sparse table that wait to be admitted.",
                                   .labels = {"job", "table"}});
  for (const auto& [labels, table] : tables) {
    rows.Add(labels, Number(table.rows));
    pushes.Add(labels, Number(table.pushes));
    pulls.Add(labels, Number(table.pulls));
    if (!table.sparse.has_value()) continue;
    created.Add(labels, Number(table.sparse->created));
    evicted.Add(labels, Number(table.sparse->evicted));
    admission.Add(labels, Number(table.sparse->waiting));
  }
  Samples heat = out->Gauges({.name = "paceline_server_shard_heat",
                              .help = "Pushes and pulls per second of the hottest shards.",
                              .labels = {"job", "table", "shard"}});
  const size_t shown = std::min(kHottestShards, hottest.size());
  std::partial_sort(hottest.begin(), hottest.begin() + static_cast<ptrdiff_t>(shown), hottest.end(),
                    [](const auto& a, const auto& b) { return a.first > b.first; });
  for (size_t i = 0; i < shown; ++i) heat.Add(hottest[i].second, hottest[i].first);
}

}  // namespace

void AddServerMetrics(const MetricsInput& input, Scrape* out) {
  AddJobs(input, out);
  AddShards(input.shards, out);
  AddUse("memory", "Bytes of tables, slots and sums of all jobs", input.memory, out);
  AddUse("fold", "Bytes of updates that wait for their round", input.fold, out);
  AddUse("reply", "Bytes of replies that wait for their clients to take them", input.replies, out);
  out->Gauge("paceline_server_parked_pulls_limit", "Pulls of one job that may wait for admission.",
             Number(input.most_parked_pulls));
  Samples depth = out->Gauges({.name = "paceline_server_work_queue_depth",
                               .help = "Pieces of work that wait.",
                               .labels = {"queue"}});
  Samples limit = out->Gauges({.name = "paceline_server_work_queue_limit",
                               .help = "Pieces of work that may wait.",
                               .labels = {"queue"}});
  for (const auto& [queue, use] : input.queues) {
    depth.Add({queue}, Number(use.used));
    limit.Add({queue}, Number(use.limit));
  }
  out->Gauge("paceline_server_shared_memory_arenas",
             "Pieces of memory that clients on this host have handed over for payloads.",
             Number(input.shared_memory_arenas));
  Samples age = out->Gauges({.name = "paceline_server_scheduler_heartbeat_age_seconds",
                             .help = "Time since the scheduler answered."});
  if (input.heartbeat_age.has_value()) age.Add({}, absl::ToDoubleSeconds(*input.heartbeat_age));
}

void AddDataPlaneMetrics(const DataPlaneStats& stats, Scrape* out) {
  Samples handled = out->Counters({.name = "paceline_rpc_handled_total",
                                   .help = "Calls answered, by method and status code.",
                                   .labels = {"method", "code"}});
  Samples seconds = out->Histograms(
      {.name = "paceline_rpc_handling_seconds",
       .help = "Time from a call's arrival to its answer, less what a pull waited to be admitted.",
       .labels = {"method"}});
  Samples received = out->Counters({.name = "paceline_rpc_received_bytes_total",
                                    .help = "Payload bytes received.",
                                    .labels = {"method"}});
  Samples sent = out->Counters({.name = "paceline_rpc_sent_bytes_total",
                                .help = "Payload bytes sent.",
                                .labels = {"method"}});
  for (size_t i = 0; i < kDataMethods; ++i) {
    const DataPlaneStats::Method& counts = stats.methods[i];
    const std::string method = DataMethodName(static_cast<DataMethod>(i));
    for (size_t code = 0; code < kStatusCodes; ++code) {
      const uint64_t count = counts.handled[code].value();
      // Codes that never came are left out, but for success: a rate needs a beginning.
      if (count == 0 && code != 0) continue;
      handled.Add({method, absl::StatusCodeToString(static_cast<absl::StatusCode>(code))},
                  Number(count));
    }
    seconds.Add({method}, counts.seconds.Read());
    received.Add({method}, Number(counts.received_bytes.value()));
    sent.Add({method}, Number(counts.sent_bytes.value()));
  }
  Samples waits = out->Histograms({.name = "paceline_pull_wait_seconds",
                                   .help = "Time that pulls waited to be admitted, where they did.",
                                   .labels = {"policy"}});
  for (size_t i = 0; i < stats.pull_wait.size(); ++i) {
    waits.Add({ConsistencyPolicy::kNames[i]}, stats.pull_wait[i].Read());
  }
  for (const DataMethod method : {DataMethod::kPush, DataMethod::kPull}) {
    const bool push = method == DataMethod::kPush;
    Samples refused = out->Counters(
        {.name = push ? "paceline_pushes_refused_total" : "paceline_pulls_refused_total",
         .help = push ? "Frames of pushes refused, by reason." : "Pulls refused, by reason.",
         .labels = {"reason"}});
    for (int kind = 0; kind < v1::Refusal::Kind_ARRAYSIZE; ++kind) {
      refused.Add({RefusalKindName(kind)}, Number(stats.of(method).refused[kind].value()));
    }
  }
  out->Counter("paceline_server_duplicates_total", "Shard updates that had been applied before.",
               Number(stats.duplicates.value()));
  out->Counter("paceline_server_shared_memory_bytes_total",
               "Payload bytes, of those received and sent, that went through shared memory.",
               Number(stats.shared_bytes.value()));
}

void AddCutMetrics(const OrderExecutor::Stats& stats, Scrape* out) {
  out->Histogram("paceline_server_cut_seconds",
                 "Time spent writing this server's part of a checkpoint.",
                 stats.cut_seconds.Read());
  out->Counter("paceline_server_cuts_failed_total", "Checkpoints that this server failed to write.",
               Number(stats.cuts_failed.value()));
}

}  // namespace paceline::server
