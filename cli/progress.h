// How far a job is, in one line.
#ifndef PACELINE_CLI_PROGRESS_H_
#define PACELINE_CLI_PROGRESS_H_

#include <ostream>
#include <string>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "common/clock.h"
#include "proto/cluster.pb.h"

namespace paceline::cli {

// "00:12", "1:02:03"; "--:--" if negative or not finite.
std::string Clockface(double seconds);

// For a terminal:
//   37% |███▋      | 3700/10000 [00:12<00:21, 301 samples/s, loss=0.41]
// and before and after running: "pending: needs 8 workers, 3 free".
std::string ProgressBar(const v1::Job& job, bool utf8);

// For a log: "running: 3700/10000 iterations (37%), 301 samples/s, loss 0.41, 00:12
// elapsed, 00:21 left".
std::string ProgressText(const v1::Job& job);

// Shows a job's progress on a stream: on a terminal one line that is rewritten,
// elsewhere a line when the state changes and every ten seconds. Owned by one thread.
class ProgressPrinter {
 public:
  // `columns`: the terminal's width, which a line must not exceed.
  ProgressPrinter(std::ostream& out, bool terminal, int columns, bool utf8, Clock& clock)
      : out_(out), terminal_(terminal), columns_(columns), utf8_(utf8), clock_(clock) {}
  // Ends an open line.
  ~ProgressPrinter() { Finish(); }
  ProgressPrinter(const ProgressPrinter&) = delete;
  ProgressPrinter& operator=(const ProgressPrinter&) = delete;

  void Show(const v1::Job& job);
  // A line of its own, above the progress.
  void Say(absl::string_view message);
  void Finish();

 private:
  std::ostream& out_;
  const bool terminal_;
  const int columns_;
  const bool utf8_;
  Clock& clock_;
  bool line_open_ = false;
  v1::JobState last_state_ = v1::JOB_STATE_UNSPECIFIED;
  absl::Duration last_shown_ = -absl::InfiniteDuration();
};

}  // namespace paceline::cli

#endif  // PACELINE_CLI_PROGRESS_H_
