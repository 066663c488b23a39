#include "cli/top/top.h"

#include <limits>

#include "absl/strings/str_cat.h"
#include "cli/scheduler_client.h"
#include "cli/watch/live_screen.h"
#include "common/json/proto_json.h"
#include "common/status/status_macros.h"

namespace paceline::cli {
namespace {

// Nodes and tasks report about once a second.
constexpr absl::Duration kPeriod = absl::Seconds(1);

absl::StatusOr<TopSample> Look(SchedulerClient& client, Environment& env) {
  TopSample sample;
  PL_ASSIGN_OR_RETURN(sample.cluster, client.DescribeCluster());
  v1::ListJobsRequest request;
  for (const v1::JobState state : {v1::JOB_STATE_PLACING, v1::JOB_STATE_RUNNING,
                                   v1::JOB_STATE_RECOVERING, v1::JOB_STATE_CHECKPOINTING}) {
    request.add_states(state);
  }
  PL_ASSIGN_OR_RETURN(sample.jobs, client.ListJobs(request));
  sample.at = env.clock.Monotonic();
  return sample;
}

}  // namespace

absl::StatusOr<ExitCode> Top(const TopOptions& options, OutputFormat format,
                             SchedulerClient& client, Environment& env) {
  PL_ASSIGN_OR_RETURN(TopSample sample, Look(client, env));
  if (IsData(format)) {
    PrintData(absl::StrCat("{\"cluster\": ", ProtoToJson(sample.cluster, JsonLayout::kIndented),
                           ",\n\"jobs\": ", ProtoToJson(sample.jobs, JsonLayout::kIndented), "}"),
              format, env.out);
    return ExitCode::kOk;
  }
  TopView view;
  if (options.once || !env.err_is_terminal) {
    constexpr int kAll = std::numeric_limits<int>::max();
    const ScreenStyle style = {
        .size = {.columns = kAll, .rows = kAll}, .color = false, .utf8 = env.utf8};
    view.Lines(sample, options.sort, style);
    if (env.interrupt.WaitFor(env.clock, kPeriod)) return ExitCode::kInterrupted;
    PL_ASSIGN_OR_RETURN(sample, Look(client, env));
    for (const std::string& line : view.Lines(sample, options.sort, style)) env.out << line << "\n";
    env.out << std::flush;
    return ExitCode::kOk;
  }
  const absl::Duration give_up = env.clock.Monotonic() + options.timeout;
  LiveScreen screen(env.err, env.clock);
  for (;;) {
    const ScreenStyle style = {.size = env.terminal_size(), .color = env.color, .utf8 = env.utf8};
    screen.Show(view.Lines(sample, options.sort, style), style.size);
    if (env.clock.Monotonic() + kPeriod > give_up) {
      return absl::DeadlineExceededError(
          absl::StrCat("shown for ", absl::FormatDuration(options.timeout)));
    }
    if (env.interrupt.WaitFor(env.clock, kPeriod)) return ExitCode::kInterrupted;
    PL_ASSIGN_OR_RETURN(sample, Look(client, env));
  }
}

}  // namespace paceline::cli
