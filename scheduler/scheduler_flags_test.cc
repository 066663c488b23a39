#include "scheduler/scheduler_flags.h"

#include <catch2/catch.hpp>
#include <string>

namespace paceline::scheduler {
namespace {

TEST_CASE("a scheduler's own flags") {
  Scheduler::Options options;
  CLI::App app;
  AddSchedulerFlags(&app, &options);
  app.parse(
      "--heartbeat-ms 250 --limits /etc/limits.yaml --keep-ended-jobs 20 "
      "--keep-ended-for 30d --audit-log-bytes 1MiB --accept-old-state");
  CHECK(options.heartbeat == absl::Milliseconds(250));
  CHECK(options.limits_file == "/etc/limits.yaml");
  CHECK(options.keep_ended_jobs == 20);
  CHECK(options.keep_ended_for == absl::Hours(30 * 24));
  CHECK(options.audit_log_bytes == 1 << 20);
  CHECK(options.accept_old_state);
}

TEST_CASE("without flags everything is kept, and what is wrong is refused") {
  Scheduler::Options options;
  CLI::App app;
  AddSchedulerFlags(&app, &options);
  app.parse("");
  CHECK(options.heartbeat == absl::Seconds(1));
  CHECK(options.keep_ended_jobs == 0);
  CHECK(options.keep_ended_for == absl::ZeroDuration());
  for (const char* wrong : {"--keep-ended-for -1d", "--keep-ended-for 3y", "--audit-log-bytes 100",
                            "--keep-ended-jobs x"}) {
    INFO(wrong);
    CHECK_THROWS_AS(app.parse(wrong), CLI::ParseError);
  }
}

}  // namespace
}  // namespace paceline::scheduler
