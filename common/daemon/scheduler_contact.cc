#include "common/daemon/scheduler_contact.h"

#include <string>

#include "absl/strings/str_cat.h"

namespace paceline {

void SchedulerContact::Heard(absl::Duration heartbeat) {
  const absl::Duration now = clock_->Monotonic();
  MutexLock lock(&mu_);
  heard_ = now;
  if (heartbeat > absl::ZeroDuration()) heartbeat_ = heartbeat;
  cause_ = absl::OkStatus();
}

void SchedulerContact::Failed(const absl::Status& cause) {
  MutexLock lock(&mu_);
  cause_ = cause;
}

std::optional<absl::Duration> SchedulerContact::age() const {
  const absl::Duration now = clock_->Monotonic();
  MutexLock lock(&mu_);
  if (!heard_.has_value()) return std::nullopt;
  return now - *heard_;
}

absl::Status SchedulerContact::Check() const {
  const absl::Duration now = clock_->Monotonic();
  MutexLock lock(&mu_);
  const std::string cause = cause_.ok() ? "" : absl::StrCat(": ", cause_.message());
  if (!heard_.has_value()) {
    return absl::UnavailableError(
        absl::StrCat("not registered: the scheduler has not answered yet", cause));
  }
  if (now - *heard_ <= kHeartbeats * heartbeat_) return absl::OkStatus();
  return absl::UnavailableError(
      absl::StrCat("the scheduler was last heard ",
                   absl::FormatDuration(absl::Trunc(now - *heard_, absl::Milliseconds(100))),
                   " ago, heartbeats are ", absl::FormatDuration(heartbeat_), " apart", cause));
}

}  // namespace paceline
