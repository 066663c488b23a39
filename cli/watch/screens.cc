#include "cli/watch/screens.h"

#include <algorithm>
#include <cstddef>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_split.h"
#include "absl/time/time.h"
#include "cli/exit_code.h"
#include "cli/job_views.h"
#include "cli/progress.h"
#include "cli/sparkline.h"
#include "cli/table.h"
#include "cli/text_width.h"
#include "common/spec/enum_names.h"

namespace paceline::cli {
namespace {

// Events that have their place even where there are many ranks.
constexpr size_t kLeastEvents = 3;
constexpr size_t kMostEvents = 10;
constexpr size_t kCurveColumns = 30;

std::string Short(double value) { return absl::StrFormat("%.4g", value); }

size_t Most(int size) { return static_cast<size_t>(std::max(size - 1, 1)); }

std::vector<std::string> LinesOf(const TextTable& table) {
  std::vector<std::string> lines = absl::StrSplit(table.ToString(), '\n');
  lines.pop_back();
  return lines;
}

// At most `most` lines of a table with a header line; the last says how many are missing.
std::vector<std::string> Bounded(std::vector<std::string> lines, size_t most,
                                 const std::string& what) {
  if (lines.size() <= most) return lines;
  const size_t missing = lines.size() - most + 1;
  lines.resize(most - 1);
  lines.push_back(absl::StrCat("and ", missing, " more ", what));
  return lines;
}

// Name, state, policy and the loss so far.
std::vector<std::string> Head(const v1::Job& job, const ScreenStyle& style) {
  std::string first = absl::StrCat("job ", job.job_id(), "  ", Printable(job.spec().name()), "  ",
                                   ColoredState(EnumWord(job.state()), style.color));
  const v1::ConsistencySpec& consistency = job.spec().consistency();
  absl::StrAppend(&first, "  ", EnumWord(consistency.policy()));
  if (consistency.policy() == v1::POLICY_SSP) {
    absl::StrAppend(&first, "(", consistency.staleness(), ")");
  }
  const v1::RunSummary& summary = job.summary();
  if (summary.staleness_max() > 0) {
    absl::StrAppend(&first, "  staleness ", Short(summary.staleness_mean()), " mean ",
                    Short(summary.staleness_max()), " max");
  }
  if (summary.restarts() + summary.rollbacks() > 0) {
    absl::StrAppend(&first, "  ", Short(summary.restarts()), " restarts ",
                    Short(summary.rollbacks()), " rollbacks");
  }
  std::string second = Printable(ProgressBar(job, style.utf8));
  std::vector<double> losses;
  for (const v1::HistoryPoint& point : job.history()) losses.push_back(point.loss());
  if (const std::string curve = Sparkline(losses, kCurveColumns, style.utf8); !curve.empty()) {
    absl::StrAppend(&second, "  ", curve);
  }
  return {first, second};
}

std::vector<std::string> Ranks(const v1::Job& job) {
  TextTable table({"RANK", "HOST", "ITERATION", "SAMPLES/S", "STRAGGLER", "STATE"});
  for (const v1::RankStatus& rank : job.ranks()) {
    table.Add({absl::StrCat(rank.rank()),
               Printable(rank.hostname().empty() ? rank.worker_address() : rank.hostname()),
               absl::StrCat(rank.iteration()), Short(rank.samples_per_second()),
               rank.straggler_score() > 0 ? absl::StrFormat("%.2f", rank.straggler_score()) : "",
               Printable(RankStateText(rank))});
  }
  return LinesOf(table);
}

// The newest first.
std::vector<std::string> Events(const v1::Job& job, size_t most) {
  std::vector<std::string> lines;
  for (auto event = job.events().rbegin(); event != job.events().rend() && lines.size() < most;
       ++event) {
    lines.push_back(absl::StrCat(
        absl::FormatTime("%H:%M:%S", absl::FromUnixMillis(event->time_ms()), absl::LocalTimeZone()),
        "  ", event->kind(), "  ", Printable(event->message())));
  }
  return lines;
}

void Append(const std::vector<std::string>& more, std::vector<std::string>* lines) {
  lines->insert(lines->end(), more.begin(), more.end());
}

}  // namespace

std::vector<std::string> FitLines(std::vector<std::string> lines, const std::string& what,
                                  const TerminalSize& size) {
  lines = Bounded(std::move(lines), Most(size.rows), what);
  for (std::string& line : lines) line = CutText(line, Most(size.columns));
  return lines;
}

std::vector<std::string> JobScreen(const v1::Job& job, const ScreenStyle& style) {
  const size_t rows = Most(style.size.rows);
  std::vector<std::string> lines = Head(job, style);
  // What is left for ranks (a blank, a header, ranks) and events (a blank, events).
  const size_t left = rows > lines.size() ? rows - lines.size() : 0;
  const size_t events = std::min<size_t>(job.events_size(), kLeastEvents);
  const size_t for_events = events > 0 && left > events + 4 ? events + 1 : 0;
  if (job.ranks_size() > 0 && left > 3) {
    lines.push_back("");
    Append(Bounded(Ranks(job), left - 1 - for_events, "ranks"), &lines);
  }
  if (events > 0 && rows > lines.size() + 1) {
    lines.push_back("");
    Append(Events(job, std::min(rows - lines.size(), kMostEvents)), &lines);
  }
  return FitLines(std::move(lines), "lines", style.size);
}

std::vector<std::string> JobListScreen(const v1::ListJobsResponse& jobs, int64_t now_ms,
                                       const ScreenStyle& style) {
  if (jobs.jobs().empty()) return {"no jobs"};
  v1::ListJobsResponse sorted = jobs;
  std::stable_sort(sorted.mutable_jobs()->begin(), sorted.mutable_jobs()->end(),
                   [](const v1::Job& a, const v1::Job& b) {
                     const bool a_ended = HasEnded(a.state());
                     const bool b_ended = HasEnded(b.state());
                     return a_ended != b_ended ? b_ended : a.job_id() > b.job_id();
                   });
  std::vector<std::string> lines =
      absl::StrSplit(JobTable(sorted, now_ms, /*wide=*/false, style.color), '\n');
  lines.pop_back();
  return FitLines(std::move(lines), "jobs", style.size);
}

}  // namespace paceline::cli
