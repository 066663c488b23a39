// `pacectl doctor`: what is wrong with a cluster, or will be.
//
// Asks the scheduler for its nodes, each daemon how it is, and some of them to measure their
// connections to others (links.h). One daemon after the other, and nothing is changed.
#ifndef PACELINE_CLI_DOCTOR_DOCTOR_H_
#define PACELINE_CLI_DOCTOR_DOCTOR_H_

#include "absl/status/statusor.h"
#include "cli/environment.h"
#include "cli/exit_code.h"
#include "cli/output.h"

namespace paceline::cli {

class Dialer;
class SchedulerClient;

struct DoctorOptions {
  // Connections between daemons are measured.
  bool bandwidth = true;
};

// Prints a line for each thing that was looked at, with a hint where it is not well.
// ExitCode::kFailed if anything failed.
// Errors:  Unavailable  there is no scheduler.
absl::StatusOr<ExitCode> Doctor(const DoctorOptions& options, OutputFormat format,
                                SchedulerClient& client, const Dialer& dialer, Environment& env);

}  // namespace paceline::cli

#endif  // PACELINE_CLI_DOCTOR_DOCTOR_H_
