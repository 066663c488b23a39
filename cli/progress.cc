#include "cli/progress.h"

#include <algorithm>
#include <cmath>
#include <cstdint>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "cli/text_width.h"
#include "common/spec/enum_names.h"

namespace paceline::cli {
namespace {

constexpr absl::Duration kLinePeriod = absl::Seconds(10);
constexpr int kBarCells = 10;

double Fraction(const v1::Job& job) {
  if (job.iterations_total() == 0) {
    return 0;
  }
  return std::min(1.0, static_cast<double>(job.iterations_done()) /
                           static_cast<double>(job.iterations_total()));
}

std::string Bar(double fraction, bool utf8) {
  static constexpr const char* kEighths[] = {"", "▏", "▎", "▍", "▌", "▋", "▊", "▉"};
  const int eighths = static_cast<int>(fraction * kBarCells * 8);
  std::string bar;
  int cells = 0;
  for (; cells < eighths / 8; ++cells) {
    bar += utf8 ? "█" : "#";
  }
  if (utf8 && eighths % 8 != 0) {
    bar += kEighths[eighths % 8];
    ++cells;
  }
  bar.append(kBarCells - cells, ' ');
  return bar;
}

std::string Rate(const v1::Job& job) {
  const double rate = job.samples_per_second();
  return rate < 100 ? absl::StrFormat("%.3g", rate) : absl::StrFormat("%.0f", rate);
}

bool HasLoss(const v1::Job& job) { return job.recent_loss() != 0; }

std::string StateLine(const v1::Job& job) {
  const std::string state = EnumWord(job.state());
  return job.reason().empty() ? state : absl::StrCat(state, ": ", job.reason());
}

}  // namespace

std::string Clockface(double seconds) {
  if (!(seconds >= 0) || seconds > 1e9) {
    return "--:--";
  }
  const auto whole = static_cast<int64_t>(seconds);
  if (whole >= 3600) {
    return absl::StrFormat("%d:%02d:%02d", whole / 3600, whole / 60 % 60, whole % 60);
  }
  return absl::StrFormat("%02d:%02d", whole / 60, whole % 60);
}

std::string ProgressBar(const v1::Job& job, bool utf8) {
  if (job.state() != v1::JOB_STATE_RUNNING) {
    return StateLine(job);
  }
  const double elapsed = job.summary().wall_seconds();
  std::string line;
  if (job.iterations_total() == 0) {
    line = absl::StrFormat("%d [%s", job.iterations_done(), Clockface(elapsed));
  } else {
    line = absl::StrFormat("%3d%% |%s| %d/%d [%s<%s", static_cast<int>(Fraction(job) * 100),
                           Bar(Fraction(job), utf8), job.iterations_done(), job.iterations_total(),
                           Clockface(elapsed),
                           Clockface(job.eta_seconds() > 0 ? job.eta_seconds() : -1));
  }
  absl::StrAppend(&line, ", ", Rate(job), " samples/s");
  if (HasLoss(job)) {
    absl::StrAppend(&line, absl::StrFormat(", loss=%.4g", job.recent_loss()));
  }
  return line + "]";
}

std::string ProgressText(const v1::Job& job) {
  if (job.state() != v1::JOB_STATE_RUNNING) {
    return StateLine(job);
  }
  std::string line = absl::StrCat("running: ", job.iterations_done());
  if (job.iterations_total() != 0) {
    absl::StrAppend(&line, "/", job.iterations_total());
  }
  absl::StrAppend(&line, " iterations");
  if (job.iterations_total() != 0) {
    absl::StrAppend(&line, " (", static_cast<int>(Fraction(job) * 100), "%)");
  }
  absl::StrAppend(&line, ", ", Rate(job), " samples/s");
  if (HasLoss(job)) {
    absl::StrAppend(&line, absl::StrFormat(", loss %.4g", job.recent_loss()));
  }
  absl::StrAppend(&line, ", ", Clockface(job.summary().wall_seconds()), " elapsed");
  if (job.eta_seconds() > 0) {
    absl::StrAppend(&line, ", ", Clockface(job.eta_seconds()), " left");
  }
  return line;
}

void ProgressPrinter::Show(const v1::Job& job) {
  if (terminal_) {
    // Carriage return, the line, and the rest of the old line erased.
    out_ << '\r' << CutText(ProgressBar(job, utf8_), static_cast<size_t>(std::max(columns_ - 1, 1)))
         << "\x1b[K" << std::flush;
    line_open_ = true;
    return;
  }
  const absl::Duration now = clock_.Monotonic();
  if (job.state() == last_state_ && now - last_shown_ < kLinePeriod) {
    return;
  }
  last_state_ = job.state();
  last_shown_ = now;
  out_ << ProgressText(job) << std::endl;
}

void ProgressPrinter::Say(absl::string_view message) {
  if (line_open_) {
    out_ << "\r\x1b[K";
    line_open_ = false;
  }
  out_ << std::string(message) << std::endl;
}

void ProgressPrinter::Finish() {
  if (line_open_) {
    out_ << std::endl;
    line_open_ = false;
  }
}

}  // namespace paceline::cli
