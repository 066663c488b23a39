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
#include "cli/text_width.h"
#include "common/spec/enum_names.h"

namespace paceline::cli {
namespace {

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

std::string RankStateText(const v1::RankStatus& rank) {
  if (rank.finished()) {
    return "finished";
  }
  if (rank.has_last_exit() && rank.pid() == 0) {
    return absl::StrCat("ended: ", rank.last_exit().cause());
  }
  return rank.wait_reason().empty() ? "" : absl::StrCat("waits: ", rank.wait_reason());
}

std::string JobTable(const v1::ListJobsResponse& jobs, int64_t now_ms, bool wide, bool color) {
  std::vector<std::string> header = {"ID",   "NAME", "MODEL", "POLICY", "RANKS",
                                     "DONE", "LOSS", "AGE",   "STATE"};
  // The last column has no width: others come before it.
  if (wide) header.insert(header.end() - 1, {"OWNER", "SERVERS", "DEVICE", "SAMPLES/S", "LEFT"});
  TextTable table(header);
  for (const v1::Job& job : jobs.jobs()) {
    std::string state = ColoredState(EnumWord(job.state()), color);
    if (!job.reason().empty()) {
      absl::StrAppend(&state, ": ", Printable(job.reason()));
    }
    std::vector<std::string> row = {
        absl::StrCat(job.job_id()),
        job.spec().name(),
        EnumWord(job.spec().model().kind()),
        EnumWord(job.spec().consistency().policy()),
        absl::StrCat(job.spec().resources().workers()),
        Percent(job),
        job.recent_loss() != 0 ? Short(job.recent_loss()) : "",
        Clockface(static_cast<double>(now_ms - job.submitted_ms()) / 1000),
        state};
    if (wide) {
      row.insert(row.end() - 1, {job.owner(), absl::StrCat(job.spec().resources().servers()),
                                 job.summary().device(), Short(job.samples_per_second()),
                                 Clockface(job.eta_seconds() > 0 ? job.eta_seconds() : -1)});
    }
    table.Add(row);
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

std::string DrainText(const v1::Cluster& cluster) {
  std::string text;
  for (const v1::NodeStatus& node : cluster.nodes()) {
    if (!node.drain_requested() && node.drain_waits_for().empty()) continue;
    absl::StrAppend(&text, text.empty() ? "\n" : "", EnumWord(node.role()), " ", node.node_id(),
                    node.drain_waits_for().empty() ? " is drained" : " drains",
                    node.drain_reason().empty() ? "" : absl::StrCat(" (", node.drain_reason(), ")"),
                    node.drain_waits_for().empty() ? "" : ": ", node.drain_waits_for(), "\n");
  }
  return text;
}

std::string ClusterText(const v1::Cluster& cluster, bool wide) {
  std::string text = absl::StrCat("cluster ", cluster.cluster_id(), ", scheduler ",
                                  cluster.address(), ", version ", cluster.version(), "\n");
  if (!cluster.http_address().empty()) {
    absl::StrAppend(&text, "status  http://", cluster.http_address(), "/status\n");
  }
  absl::StrAppend(&text, "jobs    ", JobCounts(cluster), "\n\n");
  std::vector<std::string> header = {"NODE",  "ROLE",   "ADDRESS", "HOST", "LIFE",
                                     "SLOTS", "TABLES", "MEMORY",  "STATE"};
  if (wide) header.insert(header.end() - 1, {"VERSION", "HTTP", "LOAD", "FREE", "DISK", "JOBS"});
  TextTable table(header);
  for (const v1::NodeStatus& node : cluster.nodes()) {
    const bool worker = node.role() == v1::NODE_ROLE_WORKER;
    const std::string state =
        !node.live()      ? absl::StrFormat("silent for %.0f s", node.heartbeat_age_seconds())
        : node.draining() ? "draining"
                          : "live";
    std::vector<std::string> row = {
        absl::StrCat(node.node_id()),
        EnumWord(node.role()),
        node.address(),
        node.hostname(),
        absl::StrCat(node.incarnation()),
        worker ? absl::StrCat(node.slots_used(), "/", node.slots()) : "",
        worker ? "" : Bytes(static_cast<double>(node.table_bytes())),
        Bytes(static_cast<double>(node.host().resident_bytes())),
        state};
    if (wide) {
      const v1::HostStatus& host = node.host();
      row.insert(row.end() - 1, {node.version(), node.http_address(),
                                 absl::StrFormat("%.2f/%d", host.load(), host.processors()),
                                 Bytes(static_cast<double>(host.memory_available_bytes())),
                                 Bytes(static_cast<double>(host.disk_free_bytes())),
                                 absl::StrJoin(node.jobs(), ",")});
    }
    table.Add(row);
  }
  absl::StrAppend(&text, table.ToString(), DrainText(cluster));
  const std::string gpus = GpuText(cluster);
  return gpus.empty() ? text : absl::StrCat(text, "\n", gpus);
}

}  // namespace paceline::cli
