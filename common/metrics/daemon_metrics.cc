#include "common/metrics/daemon_metrics.h"

#include <sys/resource.h>

#include <cstdint>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/process/process_usage.h"
#include "common/version/version.h"

namespace paceline::metrics {
namespace {

double SecondsSince1970(absl::Time time) { return absl::ToDoubleSeconds(time - absl::UnixEpoch()); }

void AddProcess(const std::string& proc, Scrape* out) {
  Samples user = out->Counters({.name = "process_cpu_user_seconds_total",
                                .help = "Processor time of the process's own code."});
  Samples system = out->Counters({.name = "process_cpu_system_seconds_total",
                                  .help = "Processor time that the kernel spent for it."});
  Samples resident = out->Gauges(
      {.name = "process_resident_memory_bytes", .help = "Memory that the process occupies."});
  Samples started = out->Gauges(
      {.name = "process_start_time_seconds", .help = "When the process started, since 1970."});
  Samples open =
      out->Gauges({.name = "process_open_fds", .help = "Files and connections that are open."});
  Samples most =
      out->Gauges({.name = "process_max_fds", .help = "Files and connections open at most."});

  if (const auto usage = ReadProcessUsage(proc, "self"); usage.ok()) {
    user.Add({}, absl::ToDoubleSeconds(usage->cpu_user));
    system.Add({}, absl::ToDoubleSeconds(usage->cpu_system));
    resident.Add({}, static_cast<double>(usage->resident_bytes));
    if (const auto boot = ReadBootTime(proc); boot.ok()) {
      started.Add({}, SecondsSince1970(*boot + usage->started));
    }
  }
  if (const auto files = CountOpenFiles(proc, "self"); files.ok()) {
    open.Add({}, static_cast<double>(*files));
  }
  rlimit limit = {};
  if (getrlimit(RLIMIT_NOFILE, &limit) == 0) most.Add({}, static_cast<double>(limit.rlim_cur));
}

}  // namespace

void AddDaemonMetrics(DaemonOptions options, Registry* registry) {
  registry->AddCollector([options = std::move(options),
                          started = options.clock->Monotonic()](Scrape* out) {
    out->Gauges({.name = "paceline_build_info",
                 .help = "1, with the version of this daemon.",
                 .labels = {"role", "version"}})
        .Add({options.role, std::string(kVersion)}, 1);
    out->Gauge("paceline_uptime_seconds", "Time since the daemon started.",
               absl::ToDoubleSeconds(options.clock->Monotonic() - started));
    Samples expiry = out->Gauges({.name = "paceline_certificate_expiry_seconds",
                                  .help = "When the daemon's certificate expires, since 1970."});
    const int64_t ends = options.certificate_expires_ms ? options.certificate_expires_ms() : 0;
    if (ends != 0) expiry.Add({}, SecondsSince1970(absl::FromUnixMillis(ends)));
    AddProcess(options.proc, out);
  });
}

}  // namespace paceline::metrics
