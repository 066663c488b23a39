// Follows the log of one rank through its incarnations and places.
#ifndef PACELINE_CLI_LOGS_LOG_FOLLOWER_H_
#define PACELINE_CLI_LOGS_LOG_FOLLOWER_H_

#include <cstdint>
#include <string>

#include "cli/interrupt.h"
#include "cli/logs/log_printer.h"
#include "cli/logs/placements.h"

namespace paceline::cli {

class Dialer;

struct FollowOptions {
  uint64_t job_id = 0;
  uint32_t rank = 0;
  // Of the log that is there first.
  uint64_t tail_lines = 0;
  uint64_t tail_bytes = 0;
};

// Prints until the job has ended and the rank's log with it, or `stop`. What cannot be read
// is said once, and tried again with backoff; after the end of the job a few times only.
// False: lines were left unread.
bool FollowLog(const FollowOptions& options, const Dialer& dialer, Placements* placements,
               LogPrinter* printer, Interrupt* stop);

}  // namespace paceline::cli

#endif  // PACELINE_CLI_LOGS_LOG_FOLLOWER_H_
