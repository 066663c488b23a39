// What the mains of the daemons do alike.
//
// Owned by one thread: main's.
#ifndef PACELINE_COMMON_DAEMON_DAEMON_MAIN_H_
#define PACELINE_COMMON_DAEMON_DAEMON_MAIN_H_

#include <functional>
#include <string>

#include "absl/status/status.h"
#include "common/clock.h"
#include "common/daemon/daemon_flags.h"
#include "common/daemon/port_file.h"
#include "common/fs.h"

namespace paceline {

// Prints "paceline-<role>: <message>" to stderr. Returns the exit code: 2 for what the
// command line is wrong about, else 1.
int FailDaemon(const std::string& role, const absl::Status& status);

struct RunningDaemon {
  std::string role;
  BoundPorts ports;
  // Whether it does its work, and whether it is of use to others yet.
  std::function<absl::Status()> health;
  std::function<absl::Status()> ready;
  // Not empty: it is asked to end when this file appears, too (signals.h).
  std::string preemption_file = "";
};

// Announces the ports (port_file.h) and, to a service manager, that the daemon is there
// and how it is (service_manager.h); returns once the process is asked to end.
// Errors:  those of writing the port file.
absl::Status ServeUntilSignal(FileSystem& fs, Clock* clock, const DaemonFlags& flags,
                              const RunningDaemon& daemon);

}  // namespace paceline

#endif  // PACELINE_COMMON_DAEMON_DAEMON_MAIN_H_
