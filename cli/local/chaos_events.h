// What `pacectl local run --chaos` is asked to do, and when.
//
//   kill-worker@50,kill-server@120
//
// says: once every rank has done 50 iterations, kill a worker; once every rank has
// done 120, kill a server.
#ifndef PACELINE_CLI_LOCAL_CHAOS_EVENTS_H_
#define PACELINE_CLI_LOCAL_CHAOS_EVENTS_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace paceline::cli {

enum class ChaosAction { kKillWorker, kKillServer, kKillTask, kKillScheduler, kStopWorker };

struct ChaosEvent {
  ChaosAction action;
  // Due when the slowest rank has done so many iterations.
  uint64_t iteration = 0;
  bool operator==(const ChaosEvent&) const = default;
};

// "kill-worker@50".
std::string ToString(const ChaosEvent& event);

// The events of a comma-separated list.
// Errors: InvalidArgument  names the event that is none, and what is expected.
absl::StatusOr<std::vector<ChaosEvent>> ParseChaosEvents(absl::string_view text);

// Decides which events are due. Each is once, however often a rolled back job passes
// its iteration again. Thread-compatible.
class ChaosTrigger {
 public:
  explicit ChaosTrigger(std::vector<ChaosEvent> events);

  // The events that become due at this many iterations: the earliest first, of equals
  // in the order of the list.
  std::vector<ChaosEvent> Due(uint64_t iterations);

  // Those that have not been due yet, in the same order.
  const std::vector<ChaosEvent>& pending() const { return pending_; }

 private:
  std::vector<ChaosEvent> pending_;
};

}  // namespace paceline::cli

#endif  // PACELINE_CLI_LOCAL_CHAOS_EVENTS_H_
