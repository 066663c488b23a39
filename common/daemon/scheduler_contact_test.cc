#include "common/daemon/scheduler_contact.h"

#include <catch2/catch.hpp>

#include "common/fake_clock.h"
#include "common/status/status_matchers.h"

namespace paceline {
namespace {

TEST_CASE("a daemon is in touch once the scheduler has answered, and for four heartbeats") {
  FakeClock clock;
  SchedulerContact contact(&clock);
  CHECK_STATUS(contact.Check(), absl::StatusCode::kUnavailable, "not registered");
  CHECK(contact.age() == std::nullopt);
  contact.Failed(absl::FailedPreconditionError("version 0.2.0 expected, got 0.1.0"));
  CHECK_STATUS(contact.Check(), absl::StatusCode::kUnavailable, "version 0.2.0 expected");

  contact.Heard(absl::Milliseconds(200));
  CHECK_OK(contact.Check());
  // The last failure is over.
  clock.Advance(absl::Milliseconds(800));
  CHECK_OK(contact.Check());
  CHECK(contact.age() == absl::Milliseconds(800));
  // One call that fails is not silence yet.
  contact.Failed(absl::UnavailableError("connection refused"));
  CHECK_OK(contact.Check());
  clock.Advance(absl::Milliseconds(350));
  CHECK_STATUS(contact.Check(), absl::StatusCode::kUnavailable,
               "last heard 1.1s ago, heartbeats are 200ms apart: connection refused");
  contact.Heard(absl::ZeroDuration());
  CHECK_OK(contact.Check());
  clock.Advance(absl::Milliseconds(801));
  CHECK_FALSE(contact.Check().ok());
}

}  // namespace
}  // namespace paceline
