// What every daemon says of itself:
//
//   paceline_build_info{role,version}   1
//   paceline_uptime_seconds
//   paceline_certificate_expiry_seconds  if it has a certificate
//   process_cpu_user_seconds_total, process_cpu_system_seconds_total,
//   process_resident_memory_bytes, process_open_fds, process_max_fds,
//   process_start_time_seconds
//
// Thread-safe.
#ifndef PACELINE_COMMON_METRICS_DAEMON_METRICS_H_
#define PACELINE_COMMON_METRICS_DAEMON_METRICS_H_

#include <cstdint>
#include <functional>
#include <string>

#include "common/clock.h"
#include "common/metrics/registry.h"

namespace paceline::metrics {

struct DaemonOptions {
  // "server"
  std::string role;
  // Outlives the registry.
  const Clock* clock = nullptr;
  // When the certificate that is presented now ends, in ms since 1970; 0: there is none. May
  // be null.
  std::function<int64_t()> certificate_expires_ms;
  std::string proc = "/proc";
};

// What /proc does not say has no sample. Call it once, when the daemon starts.
void AddDaemonMetrics(DaemonOptions options, Registry* registry);

}  // namespace paceline::metrics

#endif  // PACELINE_COMMON_METRICS_DAEMON_METRICS_H_
