#include "common/daemon/daemon_main.h"

#include <cstdio>

#include "absl/strings/str_cat.h"
#include "common/daemon/service_manager.h"
#include "common/daemon/signals.h"
#include "common/status/status_macros.h"

namespace paceline {

int FailDaemon(const std::string& role, const absl::Status& status) {
  std::fprintf(stderr, "paceline-%s: %s\n", role.c_str(), std::string(status.message()).c_str());
  return absl::IsInvalidArgument(status) ? 2 : 1;
}

absl::Status ServeUntilSignal(FileSystem& fs, Clock* clock, const DaemonFlags& flags,
                              const RunningDaemon& daemon) {
  PL_RETURN_IF_ERROR(AnnouncePorts(fs, daemon.role, flags.port_file, daemon.ports));
  const ServiceManager manager(
      {.environment = flags.service, .clock = clock, .healthy = daemon.health, .status = [&] {
         const absl::Status ready = daemon.ready();
         return ready.ok() ? "ready" : absl::StrCat("not ready: ", ready.message());
       }});
  WaitForTerminationSignal(daemon.preemption_file);
  return absl::OkStatus();
}

}  // namespace paceline
