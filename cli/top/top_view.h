// What nodes and ranks take and do, as lines of a terminal.
#ifndef PACELINE_CLI_TOP_TOP_VIEW_H_
#define PACELINE_CLI_TOP_TOP_VIEW_H_

#include <map>
#include <string>
#include <tuple>
#include <vector>

#include "absl/time/time.h"
#include "cli/watch/screens.h"
#include "proto/cluster.pb.h"

namespace paceline::cli {

enum class TopSort { kCpu, kMemory, kRate };

// The cluster at a moment.
struct TopSample {
  absl::Duration at;
  v1::Cluster cluster;
  // Jobs that have not ended.
  v1::ListJobsResponse jobs;
};

// Remembers what was seen before: the use of processors is the difference of two samples.
// Thread-compatible.
class TopView {
 public:
  // Two tables, nodes and ranks, each sorted, the greatest first; `rate` sorts nodes by their
  // load. Lines that do not fit are left out, and said. Shares of processors are blank
  // in the first sample, and keep their last value until a process is heard again.
  std::vector<std::string> Lines(const TopSample& sample, TopSort sort, const ScreenStyle& style);

 private:
  struct Use {
    absl::Duration at;
    double cpu_seconds = 0;
    // Of one processor; negative: unknown.
    double share = -1;
  };
  // A process: a node's incarnation, or a rank's of a job.
  using Process = std::tuple<uint64_t, uint64_t, uint64_t>;

  double Share(const Process& process, absl::Duration at, double cpu_seconds,
               std::map<Process, Use>* now) const;

  std::map<Process, Use> uses_;
};

}  // namespace paceline::cli

#endif  // PACELINE_CLI_TOP_TOP_VIEW_H_
