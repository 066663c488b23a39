#include "cli/watch/watch_commands.h"

#include <map>

#include "absl/strings/str_cat.h"
#include "cli/job_views.h"
#include "cli/progress.h"
#include "cli/scheduler_client.h"
#include "cli/watch/curve_writer.h"
#include "cli/watch/live_screen.h"
#include "cli/watch/screens.h"
#include "cli/watch/watch.h"
#include "common/json/proto_json.h"
#include "common/status/status_macros.h"

namespace paceline::cli {
namespace {

constexpr absl::Duration kListPeriod = absl::Seconds(1);
constexpr absl::Duration kUnavailableLimit = absl::Seconds(60);

ScreenStyle StyleOf(const Environment& env) {
  return {.size = env.terminal_size(), .color = env.color, .utf8 = env.utf8};
}

// Prints jobs that are new or have another state, a line each.
class StatePrinter {
 public:
  void Show(const v1::ListJobsResponse& jobs, Environment& env) {
    for (const v1::Job& job : jobs.jobs()) {
      const auto [known, is_new] = states_.emplace(job.job_id(), job.state());
      if (!is_new && known->second == job.state()) continue;
      known->second = job.state();
      env.out << "job " << job.job_id() << " (" << job.spec().name() << ") " << ProgressText(job)
              << std::endl;
    }
  }

 private:
  std::map<uint64_t, v1::JobState> states_;
};

}  // namespace

absl::StatusOr<ExitCode> WatchJob(const WatchJobOptions& options, OutputFormat format,
                                  SchedulerClient& client, Environment& env) {
  // Says at once that there is no such job or no scheduler.
  PL_RETURN_IF_ERROR(client.GetJob(*options.job_id).status());
  PL_ASSIGN_OR_RETURN(CurveWriter curves, CurveWriter::Create(options.tensorboard, env));
  absl::StatusOr<v1::Job> job;
  {
    LiveScreen screen(env.err, env.clock);
    ProgressPrinter progress(env.err, /*terminal=*/false, 0, env.utf8, env.clock);
    WatchOptions watch;
    watch.timeout = options.timeout;
    watch.on_job = [&](const v1::Job& now) {
      curves.Show(now);
      if (IsData(format)) {
        PrintData(ProtoToJson(now, JsonLayout::kOneLine), format, env.out);
      } else if (env.err_is_terminal) {
        const ScreenStyle style = StyleOf(env);
        screen.Show(JobScreen(now, style), style.size);
      } else {
        progress.Show(now);
      }
    };
    job = WatchToEnd(client, *options.job_id, env, watch);
  }
  PL_RETURN_IF_ERROR(job.status());
  if (!IsData(format)) {
    env.out << SummaryText(job->summary(), env.color && env.out_is_terminal) << std::flush;
  }
  if (job->state() != v1::JOB_STATE_SUCCEEDED) env.err << FailureText(*job) << std::flush;
  return ExitCodeOf(job->state());
}

absl::StatusOr<ExitCode> WatchJobs(absl::Duration timeout, OutputFormat format,
                                   SchedulerClient& client, Environment& env) {
  const absl::Duration give_up = env.clock.Monotonic() + timeout;
  // Before the first answer: whoever has no scheduler learns it at once.
  absl::Duration last_heard = -absl::InfiniteDuration();
  LiveScreen screen(env.err, env.clock);
  StatePrinter states;
  for (;;) {
    const absl::StatusOr<v1::ListJobsResponse> jobs = client.ListJobs(v1::ListJobsRequest());
    if (env.interrupt.requested()) return ExitCode::kInterrupted;
    const absl::Duration now = env.clock.Monotonic();
    if (jobs.ok()) {
      last_heard = now;
      if (IsData(format)) {
        PrintData(ProtoToJson(*jobs, JsonLayout::kOneLine), format, env.out);
      } else if (env.err_is_terminal) {
        const ScreenStyle style = StyleOf(env);
        screen.Show(JobListScreen(*jobs, absl::ToUnixMillis(env.clock.Now()), style), style.size);
      } else {
        states.Show(*jobs, env);
      }
    } else if (!absl::IsUnavailable(jobs.status()) || now - last_heard > kUnavailableLimit) {
      return jobs.status();
    }
    if (now + kListPeriod > give_up) {
      return absl::DeadlineExceededError(
          absl::StrCat("jobs were watched for ", absl::FormatDuration(timeout)));
    }
    if (env.interrupt.WaitFor(env.clock, kListPeriod)) return ExitCode::kInterrupted;
  }
}

}  // namespace paceline::cli
