#include "common/metrics/daemon_metrics.h"

#include <catch2/catch.hpp>

#include "absl/strings/str_cat.h"
#include "common/fake_clock.h"
#include "common/version/version.h"

namespace paceline::metrics {
namespace {

using Catch::Contains;

TEST_CASE("a daemon says what it is and what it takes") {
  FakeClock clock;
  Registry registry;
  AddDaemonMetrics({.role = "server",
                    .clock = &clock,
                    .certificate_expires_ms = [] { return int64_t{1800000000000}; }},
                   &registry);
  clock.Advance(absl::Seconds(90));
  const std::string text = registry.Text();
  CHECK_THAT(text, Contains(absl::StrCat("paceline_build_info{role=\"server\",version=\"", kVersion,
                                         "\"} 1\n")));
  CHECK_THAT(text, Contains("paceline_uptime_seconds 90\n"));
  CHECK_THAT(text, Contains("paceline_certificate_expiry_seconds 1800000000\n"));
  for (const char* name : {"process_cpu_user_seconds_total", "process_cpu_system_seconds_total",
                           "process_resident_memory_bytes", "process_open_fds", "process_max_fds",
                           "process_start_time_seconds"}) {
    CHECK_THAT(text, Contains(absl::StrCat("\n", name, " ")));
  }
}

TEST_CASE("what is not known has no sample") {
  FakeClock clock;
  Registry registry;
  AddDaemonMetrics({.role = "worker", .clock = &clock, .proc = "/nonexistent"}, &registry);
  const std::string text = registry.Text();
  for (const char* name :
       {"paceline_certificate_expiry_seconds", "process_cpu_user_seconds_total",
        "process_resident_memory_bytes", "process_open_fds", "process_start_time_seconds"}) {
    CHECK_THAT(text, Contains(absl::StrCat("# TYPE ", name)));
    CHECK_THAT(text, !Contains(absl::StrCat("\n", name, " ")));
  }
}

}  // namespace
}  // namespace paceline::metrics
