#include "scheduler/core/state/job_event.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "scheduler/core/state/job_machine.h"

namespace paceline::scheduler {

void AddEvent(v1::JobRecord* job, int64_t time_ms, absl::string_view kind, std::string message) {
  if (job->events_size() == kMaxJobEvents) job->mutable_events()->DeleteSubrange(0, 1);
  v1::JobEvent* event = job->add_events();
  event->set_time_ms(time_ms);
  event->set_kind(std::string(kind));
  event->set_message(std::move(message));
}

absl::Status JobError(const v1::JobRecord& job, absl::string_view what) {
  return absl::FailedPreconditionError(
      absl::StrCat("job ", job.job_id(), " (", JobStateWord(job.state()), "): ", what));
}

absl::Status CheckLive(const v1::JobRecord& job, absl::string_view what) {
  if (HasEnded(job.state())) return JobError(job, absl::StrCat("has ended; ", what));
  return absl::OkStatus();
}

}  // namespace paceline::scheduler
