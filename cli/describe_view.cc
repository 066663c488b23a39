#include "cli/describe_view.h"

#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/time/time.h"
#include "cli/bytes_text.h"
#include "cli/job_views.h"
#include "cli/progress.h"
#include "cli/sparkline.h"
#include "cli/table.h"
#include "cli/text_width.h"

namespace paceline::cli {
namespace {

constexpr size_t kCurveColumns = 60;
// A rank this many times as slow as the median is worth a line.
constexpr double kStragglerScore = 1.5;

std::string Short(double value) { return absl::StrFormat("%.4g", value); }

std::string Time(int64_t ms) {
  return absl::FormatTime("%Y-%m-%d %H:%M:%S", absl::FromUnixMillis(ms), absl::LocalTimeZone());
}

// "loss        ▇▆▅▃▂▁  2.31 to 0.41"
void AddCurve(const char* name, const std::vector<double>& values, bool utf8, std::string* text) {
  if (values.size() < 2) return;
  const std::string curve = Sparkline(values, kCurveColumns, utf8);
  absl::StrAppendFormat(text, "%-11s %s%s%s to %s\n", name, curve, curve.empty() ? "" : "  ",
                        Short(values.front()), Short(values.back()));
}

std::string Curves(const v1::Job& job, bool utf8) {
  std::vector<double> losses;
  std::vector<double> rates;
  for (const v1::HistoryPoint& point : job.history()) {
    losses.push_back(point.loss());
    rates.push_back(point.samples_per_second());
  }
  std::string text;
  AddCurve("loss", losses, utf8, &text);
  AddCurve("samples/s", rates, utf8, &text);
  return text;
}

std::string Failure(const v1::Job& job) {
  if (!job.has_first_failure()) return "";
  const v1::FirstFailure& failure = job.first_failure();
  std::string text = absl::StrCat(
      "first failure: rank ", failure.rank(), " on ",
      failure.hostname().empty() ? failure.worker_address() : failure.hostname(), " at iteration ",
      failure.iteration(), ", ", Time(failure.time_ms()), ": ", failure.exit().cause(), "\n");
  for (const std::string& line : failure.exit().last_log_lines()) {
    absl::StrAppend(&text, "    | ", Printable(line), "\n");
  }
  return text;
}

std::string Cuts(const v1::Job& job) {
  std::string text;
  if (!job.cuts().empty()) {
    TextTable table({"CUT", "ITERATION", "BYTES", "BEST", "COMMITTED"});
    for (const v1::CutStatus& cut : job.cuts()) {
      table.Add({absl::StrCat(cut.cut_id()), absl::StrCat(cut.iteration()),
                 Bytes(static_cast<double>(cut.bytes())), cut.best() ? "best" : "",
                 Time(cut.committed_ms())});
    }
    text = absl::StrCat("\ncuts in ", job.checkpoint_dir(), "\n", table.ToString());
  }
  if (!job.cut_alarm().empty()) {
    absl::StrAppend(&text, "cut failed  ", Printable(job.cut_alarm()), "\n");
  }
  return text;
}

std::string Ranks(const v1::Job& job, bool wide) {
  if (job.ranks().empty()) return "";
  std::vector<std::string> header = {"RANK",      "WORKER",    "PID",       "LIFE",
                                     "ITERATION", "SAMPLES/S", "STRAGGLER", "STATE"};
  if (wide) header.insert(header.end() - 1, {"HOST", "STEP", "WAIT", "CPU", "MEMORY"});
  TextTable table(header);
  for (const v1::RankStatus& rank : job.ranks()) {
    const std::string gpu = rank.has_gpu() ? absl::StrCat(" gpu ", rank.gpu()) : "";
    std::vector<std::string> row = {
        absl::StrCat(rank.rank()),
        rank.worker_address() + gpu,
        absl::StrCat(rank.pid()),
        absl::StrCat(rank.incarnation()),
        absl::StrCat(rank.iteration()),
        Short(rank.samples_per_second()),
        rank.straggler_score() > 0 ? absl::StrFormat("%.2f", rank.straggler_score()) : "",
        Printable(RankStateText(rank))};
    if (wide) {
      row.insert(row.end() - 1,
                 {rank.hostname(), absl::StrFormat("%.3g s", rank.step_seconds()),
                  absl::StrFormat("%.3g s", rank.wait_seconds()),
                  absl::StrFormat("%.1f s", rank.cpu_user_seconds() + rank.cpu_system_seconds()),
                  Bytes(static_cast<double>(rank.resident_bytes()))});
    }
    table.Add(row);
  }
  return absl::StrCat("\n", table.ToString());
}

// A line for each rank that holds the others up.
std::string Stragglers(const v1::Job& job) {
  std::string text;
  for (const v1::RankStatus& rank : job.ranks()) {
    if (rank.finished() || rank.straggler_score() < kStragglerScore) continue;
    absl::StrAppendFormat(&text, "straggler   rank %d is %.1fx slower than the others\n",
                          rank.rank(), rank.straggler_score());
  }
  return text;
}

std::string Placement(const v1::Job& job) {
  if (job.placement().empty()) return "";
  TextTable table({"SERVER", "SHARDS", "BYTES"});
  for (const v1::ShardPlacement& placement : job.placement()) {
    table.Add({placement.address(), absl::StrCat(placement.shards()),
               Bytes(static_cast<double>(placement.bytes()))});
  }
  return absl::StrCat("\n", table.ToString());
}

std::string Evaluations(const v1::Job& job) {
  std::string text = job.evals().empty() ? "" : "\n";
  for (const v1::EvalPoint& point : job.evals()) {
    absl::StrAppend(&text, "evaluation at iteration ", point.iteration(), ": ",
                    EvalText(point.result()), "\n");
  }
  return text;
}

std::string Events(const v1::Job& job) {
  if (job.events().empty()) return "";
  TextTable table({});
  for (const v1::JobEvent& event : job.events()) {
    table.Add({Time(event.time_ms()), event.kind(), Printable(event.message())});
  }
  return absl::StrCat("\n", table.ToString());
}

}  // namespace

std::string JobText(const v1::Job& job, const DescribeStyle& style) {
  std::string text = SummaryText(job.summary(), style.color);
  if (!job.owner().empty()) absl::StrAppend(&text, "owner       ", job.owner(), "\n");
  if (job.state() == v1::JOB_STATE_RUNNING)
    absl::StrAppend(&text, ProgressText(job), "\n", Stragglers(job));
  absl::StrAppend(&text, Curves(job, style.utf8), Failure(job), Cuts(job), Ranks(job, style.wide),
                  Placement(job), Evaluations(job), Events(job));
  return text;
}

}  // namespace paceline::cli
