// Tells whoever manages this process as a service (systemd, Type=notify) how it is:
// sd_notify(3) without its library.
//
//   READY=1      once, when the daemon listens
//   STATUS=...   a sentence for people, when it changes
//   WATCHDOG=1   twice in each interval that the manager asks for, as long as the daemon
//                is healthy: else the manager restarts it
//   STOPPING=1   once
//
// Without a manager nothing happens. A message that cannot be sent is lost; nobody waits.
//
// Thread-safe. Owns a thread.
#ifndef PACELINE_COMMON_DAEMON_SERVICE_MANAGER_H_
#define PACELINE_COMMON_DAEMON_SERVICE_MANAGER_H_

#include <functional>
#include <string>
#include <thread>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "common/clock.h"
#include "common/sync.h"

namespace paceline {

// What the manager says to the process that it starts.
struct ServiceEnvironment {
  // $NOTIFY_SOCKET: a path, or with '@' in front an abstract name. Empty: no manager.
  std::string notify_socket;
  // $WATCHDOG_USEC, where $WATCHDOG_PID is this process. Zero: no watchdog.
  absl::Duration watchdog;
};

// Takes the variables out of the environment: processes that this one starts are not the
// service. Early in main.
ServiceEnvironment TakeServiceEnvironment();

class ServiceManager {
 public:
  struct Options {
    ServiceEnvironment environment;
    // Outlives the manager.
    Clock* clock = nullptr;
    // Whether the daemon does its work, or why not; must not wait. Empty: it does.
    std::function<absl::Status()> healthy;
    // For people. Empty: nothing is said.
    std::function<std::string()> status;
  };

  // Says READY=1.
  explicit ServiceManager(Options options);
  // Says STOPPING=1.
  ~ServiceManager();
  ServiceManager(const ServiceManager&) = delete;
  ServiceManager& operator=(const ServiceManager&) = delete;

 private:
  void Run();
  void Send(absl::string_view message) const;

  const Options options_;
  int fd_ = -1;
  // The thread's own.
  std::string said_;
  absl::Status health_;
  Mutex mu_;
  CondVar stop_cv_;
  bool stop_ ABSL_GUARDED_BY(mu_) = false;
  std::thread thread_;
};

}  // namespace paceline

#endif  // PACELINE_COMMON_DAEMON_SERVICE_MANAGER_H_
