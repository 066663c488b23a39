#include "cli/job_views.h"

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/time/time.h"
#include "cli/bytes_text.h"
#include "cli/gpu_views.h"
#include "cli/progress.h"
#include "cli/table.h"
#include "common/spec/enum_names.h"

namespace paceline::cli {
namespace {

// A rank is a straggler from this straggler_score on.
constexpr double kStraggler = 1.5;

std::string Count(double value) { return absl::StrFormat("%.0f", value); }
std::string Short(double value) { return absl::StrFormat("%.4g", value); }

std::string Percent(const v1::Job& job) {
  if (job.state() == v1::JOB_STATE_SUCCEEDED) {
    return "100%";
  }
  if (job.iterations_total() == 0) {
    return absl::StrCat(job.iterations_done());
  }
  return absl::StrFormat("%d%%",
                         static_cast<int>(100.0 * static_cast<double>(job.iterations_done()) /
                                          static_cast<double>(job.iterations_total())));
}

std::string Time(int64_t ms) {
  return absl::FormatTime("%Y-%m-%d %H:%M:%S", absl::FromUnixMillis(ms), absl::LocalTimeZone());
}

std::string RankState(const v1::RankStatus& rank) {
  if (rank.finished()) {
    return "finished";
  }
  if (rank.has_last_exit() && rank.pid() == 0) {
    return absl::StrCat("ended: ", rank.last_exit().cause());
  }
  return rank.wait_reason().empty() ? "" : absl::StrCat("waits: ", rank.wait_reason());
}

std::string RankTable(const v1::Job& job) {
  TextTable table({"RANK", "WORKER", "PID", "LIFE", "ITERATION", "SAMPLES/S", "STATE"});
  for (const v1::RankStatus& rank : job.ranks()) {
    const std::string gpu = rank.has_gpu() ? absl::StrCat(" gpu ", rank.gpu()) : "";
    table.Add({absl::StrCat(rank.rank()), rank.worker_address() + gpu, absl::StrCat(rank.pid()),
               absl::StrCat(rank.incarnation()), absl::StrCat(rank.iteration()),
               Short(rank.samples_per_second()), RankState(rank)});
  }
  return table.ToString();
}

std::string PlacementTable(const v1::Job& job) {
  TextTable table({"SERVER", "SHARDS", "BYTES"});
  for (const v1::ShardPlacement& placement : job.placement()) {
    table.Add({placement.address(), absl::StrCat(placement.shards()),
               Bytes(static_cast<double>(placement.bytes()))});
  }
  return table.ToString();
}

std::string EventTable(const v1::Job& job) {
  TextTable table({});
  for (const v1::JobEvent& event : job.events()) {
    table.Add({Time(event.time_ms()), event.kind(), event.message()});
  }
  return table.ToString();
}

// "rank 3 is 2.1x slower than the others", for each that is a straggler.
std::string StragglerText(const v1::Job& job) {
  std::string text;
  for (const v1::RankStatus& rank : job.ranks()) {
    if (rank.finished() || rank.straggler_score() < kStraggler) continue;
    absl::StrAppend(&text, absl::StrFormat("straggler   rank %d is %.1fx slower than the others\n",
                                           rank.rank(), rank.straggler_score()));
  }
  return text;
}

// Tasks that were lost after the first failure.
int64_t LaterFailures(const v1::Job& job) {
  const int64_t since = job.first_failure().time_ms();
  const int64_t failures =
      std::count_if(job.events().begin(), job.events().end(), [since](const v1::JobEvent& event) {
        return event.kind() == "TASK_EXITED" && event.time_ms() >= since;
      });
  return failures - 1;
}

// Jobs of a state in order of the states, not of their names.
std::string JobCounts(const v1::Cluster& cluster) {
  std::vector<std::string> counts;
  for (const auto& [state, count] : cluster.jobs()) {
    if (count > 0) {
      counts.push_back(absl::StrCat(count, " ", state));
    }
  }
  return counts.empty() ? "none" : absl::StrJoin(counts, ", ");
}

}  // namespace

std::string EvalText(const v1::EvalResult& eval) {
  std::vector<std::string> values;
  const auto add = [&](bool has, const char* name, double value) {
    if (has) {
      values.push_back(absl::StrFormat("%s %.4f", name, value));
    }
  };
  add(eval.has_accuracy(), "accuracy", eval.accuracy());
  add(eval.has_auc(), "AUC", eval.auc());
  add(eval.has_log_loss(), "log loss", eval.log_loss());
  add(eval.has_rmse(), "RMSE", eval.rmse());
  add(eval.has_loss(), "loss", eval.loss());
  add(eval.has_bits_per_byte(), "bits per byte", eval.bits_per_byte());
  add(eval.has_inertia(), "inertia", eval.inertia());
  add(eval.has_calibration(), "calibration", eval.calibration());
  return absl::StrJoin(values, ", ");
}

std::string JobTable(const v1::ListJobsResponse& jobs, int64_t now_ms, bool color) {
  TextTable table({"ID", "NAME", "MODEL", "POLICY", "RANKS", "DONE", "LOSS", "AGE", "STATE"});
  for (const v1::Job& job : jobs.jobs()) {
    std::string state = ColoredState(EnumWord(job.state()), color);
    if (!job.reason().empty()) {
      absl::StrAppend(&state, ": ", job.reason());
    }
    table.Add({absl::StrCat(job.job_id()), job.spec().name(), EnumWord(job.spec().model().kind()),
               EnumWord(job.spec().consistency().policy()),
               absl::StrCat(job.spec().resources().workers()), Percent(job),
               job.recent_loss() != 0 ? Short(job.recent_loss()) : "",
               Clockface(static_cast<double>(now_ms - job.submitted_ms()) / 1000), state});
  }
  return table.ToString();
}

std::string SummaryText(const v1::RunSummary& summary, bool color) {
  TextTable table({});
  const auto add = [&](const char* name, const std::string& value) {
    if (!value.empty()) {
      table.Add({name, value});
    }
  };
  add("job", summary.name().empty() ? summary.job_id()
                                    : absl::StrCat(summary.job_id(), " (", summary.name(), ")"));
  add("state", ColoredState(summary.state(), color));
  add("reason", summary.reason());
  add("policy", summary.policy());
  add("device", DeviceText(summary));
  add("ranks", absl::StrCat(Count(summary.ranks()), " on ", Count(summary.servers()), " servers"));
  add("iterations", Count(summary.iterations()));
  add("samples", Count(summary.samples()));
  add("time", absl::StrFormat("%.1f s", summary.wall_seconds()));
  if (summary.train_loss() != 0) {
    add("train loss", Short(summary.train_loss()));
  }
  add("held-out", EvalText(summary.eval()));
  add("pushed", Bytes(summary.bytes_pushed()));
  add("pulled", Bytes(summary.bytes_pulled()));
  if (summary.staleness_max() > 0) {
    add("staleness", absl::StrCat("mean ", Short(summary.staleness_mean()), ", max ",
                                  Count(summary.staleness_max())));
  }
  if (summary.restarts() + summary.rollbacks() + summary.duplicates_dropped() +
          summary.pushes_refused() >
      0) {
    add("repairs",
        absl::StrCat(Count(summary.restarts()), " restarts, ", Count(summary.rollbacks()),
                     " rollbacks, ", Count(summary.duplicates_dropped()), " duplicates dropped, ",
                     Count(summary.pushes_refused()), " pushes refused"));
  }
  add("parameters", summary.parameters_sha256().empty()
                        ? ""
                        : absl::StrCat("sha256 ", summary.parameters_sha256()));
  return table.ToString();
}

std::string JobText(const v1::Job& job, bool color) {
  std::string text = SummaryText(job.summary(), color);
  if (job.state() == v1::JOB_STATE_RUNNING) {
    absl::StrAppend(&text, ProgressText(job), "\n", StragglerText(job));
  }
  if (!job.cuts().empty()) {
    std::vector<std::string> cuts;
    for (const v1::CutStatus& cut : job.cuts()) {
      cuts.push_back(absl::StrCat(cut.cut_id(), " at iteration ", cut.iteration()));
    }
    absl::StrAppend(&text, "cuts        ", absl::StrJoin(cuts, ", "), " in ", job.checkpoint_dir(),
                    "\n");
  }
  if (!job.cut_alarm().empty()) {
    absl::StrAppend(&text, "cut failed  ", job.cut_alarm(), "\n");
  }
  if (!job.ranks().empty()) {
    absl::StrAppend(&text, "\n", RankTable(job));
  }
  if (!job.placement().empty()) {
    absl::StrAppend(&text, "\n", PlacementTable(job));
  }
  if (!job.evals().empty()) {
    absl::StrAppend(&text, "\n");
    for (const v1::EvalPoint& point : job.evals()) {
      absl::StrAppend(&text, "evaluation at iteration ", point.iteration(), ": ",
                      EvalText(point.result()), "\n");
    }
  }
  if (!job.events().empty()) {
    absl::StrAppend(&text, "\n", EventTable(job));
  }
  return text;
}

std::string FailureText(const v1::Job& job) {
  std::string text =
      absl::StrCat("job ", job.job_id(), " (", job.spec().name(), ") ", EnumWord(job.state()),
                   job.reason().empty() ? "" : ": ", job.reason(), "\n");
  if (!job.has_first_failure()) return text;
  const v1::FirstFailure& first = job.first_failure();
  const std::string host = first.hostname().empty()
                               ? first.worker_address()
                               : absl::StrCat(first.hostname(), " (", first.worker_address(), ")");
  absl::StrAppend(&text, "first failure: rank ", first.rank(), " on ", host, " at iteration ",
                  first.iteration(), ": ", first.exit().cause(), "\n");
  for (const std::string& line : first.exit().last_log_lines()) {
    absl::StrAppend(&text, "    | ", line, "\n");
  }
  const int64_t later = LaterFailures(job);
  if (later > 0) {
    absl::StrAppend(&text, "and ", later, later == 1 ? " later failure" : " later failures",
                    ": pacectl describe ", job.job_id(), "\n");
  }
  return text;
}

std::string ClusterText(const v1::Cluster& cluster) {
  std::string text = absl::StrCat("cluster ", cluster.cluster_id(), ", scheduler ",
                                  cluster.address(), ", version ", cluster.version(), "\n");
  if (!cluster.http_address().empty()) {
    absl::StrAppend(&text, "status  http://", cluster.http_address(), "/status\n");
  }
  absl::StrAppend(&text, "jobs    ", JobCounts(cluster), "\n\n");
  TextTable table(
      {"NODE", "ROLE", "ADDRESS", "HOST", "LIFE", "SLOTS", "TABLES", "MEMORY", "STATE"});
  for (const v1::NodeStatus& node : cluster.nodes()) {
    const bool worker = node.role() == v1::NODE_ROLE_WORKER;
    const std::string state =
        !node.live()      ? absl::StrFormat("silent for %.0f s", node.heartbeat_age_seconds())
        : node.draining() ? "draining"
                          : "live";
    table.Add({absl::StrCat(node.node_id()), EnumWord(node.role()), node.address(), node.hostname(),
               absl::StrCat(node.incarnation()),
               worker ? absl::StrCat(node.slots_used(), "/", node.slots()) : "",
               worker ? "" : Bytes(static_cast<double>(node.table_bytes())),
               Bytes(static_cast<double>(node.resident_bytes())), state});
  }
  absl::StrAppend(&text, table.ToString());
  const std::string gpus = GpuText(cluster);
  return gpus.empty() ? text : absl::StrCat(text, "\n", gpus);
}

}  // namespace paceline::cli
