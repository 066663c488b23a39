#include "worker/core/task/reachability.h"

#include <algorithm>

#include "common/check.h"

namespace paceline::worker {

void Reachability::Answered(uint32_t server, absl::Duration now) {
  PL_CHECK_LT(server, servers_.size());
  servers_[server].last_answer = now;
  servers_[server].since = absl::InfiniteDuration();
}

void Reachability::Failed(uint32_t server, absl::Duration sent, absl::string_view cause) {
  PL_CHECK_LT(server, servers_.size());
  Server& entry = servers_[server];
  // Another call may have been answered while this one was under way.
  entry.since = std::min(entry.since, std::max(sent, entry.last_answer));
  entry.cause = std::string(cause);
}

std::vector<Reachability::Unreachable> Reachability::Find(absl::Duration now) const {
  std::vector<Unreachable> found;
  for (uint32_t server = 0; server < servers_.size(); ++server) {
    const Server& entry = servers_[server];
    if (entry.since != absl::InfiniteDuration()) {
      found.push_back({server, now - entry.since, entry.cause});
    }
  }
  return found;
}

}  // namespace paceline::worker
