#include "cli/watch/watch.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "cli/exit_code.h"
#include "cli/scheduler_client.h"
#include "common/status/status_macros.h"

namespace paceline::cli {
namespace {

constexpr absl::Duration kFirstBackoff = absl::Milliseconds(100);
constexpr absl::Duration kLongestBackoff = absl::Seconds(2);
// Length of a stream that may find no scheduler: it waits for one.
constexpr absl::Duration kRetryTimeout = absl::Seconds(2);

}  // namespace

absl::StatusOr<v1::Job> WatchToEnd(SchedulerClient& client, uint64_t job_id, Environment& env,
                                   const WatchOptions& options) {
  const absl::Duration give_up = env.clock.Monotonic() + options.timeout;
  absl::Duration last_heard = env.clock.Monotonic();
  absl::Duration backoff = kFirstBackoff;
  absl::Duration stream_timeout = options.stream_timeout;
  v1::Job last;
  while (true) {
    const absl::Duration left = give_up - env.clock.Monotonic();
    if (left <= absl::ZeroDuration()) {
      return absl::DeadlineExceededError(absl::StrCat("job ", job_id, " has not ended within ",
                                                      absl::FormatDuration(options.timeout)));
    }
    const absl::Status status =
        client.WatchJob(job_id, std::min(left, stream_timeout), [&](const v1::Job& job) {
          last_heard = env.clock.Monotonic();
          backoff = kFirstBackoff;
          stream_timeout = options.stream_timeout;
          last = job;
          options.on_job(job);
          return !HasEnded(job.state());
        });
    if (HasEnded(last.state())) {
      return last;
    }
    if (env.interrupt.requested()) {
      return absl::CancelledError("interrupted");
    }
    PL_RETURN_IF_ERROR(options.on_pause());
    if (absl::IsDeadlineExceeded(status)) {
      // The stream's own time is over; a scheduler that answers nothing is away.
      if (env.clock.Monotonic() - last_heard < options.unavailable_limit + stream_timeout) {
        continue;
      }
      return absl::UnavailableError(
          absl::StrCat("the scheduler at ", client.address(), " does not answer"));
    }
    if (!status.ok() && !absl::IsUnavailable(status)) {
      return status;
    }
    if (env.clock.Monotonic() - last_heard > options.unavailable_limit) {
      return status.ok() ? absl::UnavailableError("the scheduler keeps ending the watch") : status;
    }
    if (env.interrupt.WaitFor(env.clock, std::min(backoff, left))) {
      return absl::CancelledError("interrupted");
    }
    backoff = std::min(backoff * 2, kLongestBackoff);
    stream_timeout = std::min(options.stream_timeout, kRetryTimeout);
  }
}

}  // namespace paceline::cli
