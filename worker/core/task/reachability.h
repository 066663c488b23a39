// Which servers a rank gets answers from.
//
// A server counts as unreachable from the start of the first call that failed
// without an answer, until the next answer of any kind; a refusal is one.
#ifndef PACELINE_WORKER_CORE_TASK_REACHABILITY_H_
#define PACELINE_WORKER_CORE_TASK_REACHABILITY_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace paceline::worker {

// Times are points of one monotonic clock. Thread-compatible.
class Reachability {
 public:
  struct Unreachable {
    uint32_t server = 0;
    // Since the first call without an answer was made.
    absl::Duration time;
    // How the last call failed.
    std::string cause;
  };

  // Servers are indexes below `servers`.
  explicit Reachability(uint32_t servers) : servers_(servers) {}

  void Answered(uint32_t server, absl::Duration now);
  // A call that was made at `sent` ended without an answer.
  void Failed(uint32_t server, absl::Duration sent, absl::string_view cause);

  // In the order of the servers.
  std::vector<Unreachable> Find(absl::Duration now) const;

 private:
  struct Server {
    absl::Duration last_answer = -absl::InfiniteDuration();
    // Infinite: reached.
    absl::Duration since = absl::InfiniteDuration();
    std::string cause;
  };

  std::vector<Server> servers_;
};

}  // namespace paceline::worker

#endif  // PACELINE_WORKER_CORE_TASK_REACHABILITY_H_
