// The log of a rank's task, read from the worker daemon that has it.
#ifndef PACELINE_CLI_LOGS_TASK_LOG_H_
#define PACELINE_CLI_LOGS_TASK_LOG_H_

#include <functional>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "cli/interrupt.h"
#include "proto/cluster.pb.h"

namespace paceline::cli {

class Dialer;

// Hands every piece of the log over; with `request.follow` until the task ends.
// Errors:  as the worker's ReadTaskLog; Unavailable  it cannot be reached.
//          Cancelled  interrupted.
absl::Status ReadTaskLog(const std::string& worker, const v1::ReadTaskLogRequest& request,
                         const Dialer& dialer, Interrupt* interrupt,
                         const std::function<void(absl::string_view)>& on_data);

}  // namespace paceline::cli

#endif  // PACELINE_CLI_LOGS_TASK_LOG_H_
