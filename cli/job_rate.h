// How fast a job goes, from what the scheduler says of it while it runs.
//
// Counts arrive with the heartbeats of tasks and servers, in stairs: the rate is the
// slope of the straight line with the least squares through them, not the difference
// of the first and the last.
#ifndef PACELINE_CLI_JOB_RATE_H_
#define PACELINE_CLI_JOB_RATE_H_

#include <array>
#include <vector>

#include "absl/time/time.h"
#include "proto/cluster.pb.h"

namespace paceline::cli {

// Thread-compatible.
class JobRate {
 public:
  // Per second, of all ranks together.
  struct Rate {
    double iterations = 0;
    double pushed_bytes = 0;
    double pulled_bytes = 0;
  };

  // What was said of the job at `now`, later than what was added before.
  void Add(absl::Duration now, const v1::RunSummary& summary);

  // Moments at which the counts had changed: two at least make a rate, and the more
  // the better it is.
  int changes() const { return changes_; }

  // All 0 before there are two samples of different times.
  Rate Slope() const;

 private:
  struct Sample {
    double seconds = 0;
    std::array<double, 3> counts = {};
  };

  std::vector<Sample> samples_;
  int changes_ = 0;
};

}  // namespace paceline::cli

#endif  // PACELINE_CLI_JOB_RATE_H_
