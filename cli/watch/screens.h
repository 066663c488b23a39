// What a terminal shows of a job, and of all jobs: lines that fit it.
//
// Thread-safe: pure functions.
#ifndef PACELINE_CLI_WATCH_SCREENS_H_
#define PACELINE_CLI_WATCH_SCREENS_H_

#include <cstdint>
#include <string>
#include <vector>

#include "cli/environment.h"
#include "proto/cluster.pb.h"

namespace paceline::cli {

struct ScreenStyle {
  TerminalSize size;
  bool color = true;
  bool utf8 = true;
};

// The job and how far it is, one line for each rank, the newest events. At most
// size.rows - 1 lines of at most size.columns - 1 columns: of ranks and events as many as
// there is place for, and how many more there are.
std::vector<std::string> JobScreen(const v1::Job& job, const ScreenStyle& style);

// One line for each job, those that have not ended first, then the newest. `now_ms`:
// milliseconds since 1970.
std::vector<std::string> JobListScreen(const v1::ListJobsResponse& jobs, int64_t now_ms,
                                       const ScreenStyle& style);

// At most size.rows - 1 of the lines, each cut to size.columns - 1; the last one says how
// many more there are ("and 7 more ranks").
std::vector<std::string> FitLines(std::vector<std::string> lines, const std::string& what,
                                  const TerminalSize& size);

}  // namespace paceline::cli

#endif  // PACELINE_CLI_WATCH_SCREENS_H_
