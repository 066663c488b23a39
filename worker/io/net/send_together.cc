#include "worker/io/net/send_together.h"

#include <algorithm>
#include <utility>
#include <vector>

namespace paceline::worker {
namespace {

thread_local int scopes = 0;
// A few: one for each server.
thread_local std::vector<std::shared_ptr<Sender>> scheduled;

}  // namespace

SendTogether::SendTogether() { ++scopes; }

SendTogether::~SendTogether() {
  if (--scopes > 0) return;
  // Sending may end calls, and by that schedule others: outside of the scope by now.
  for (const std::shared_ptr<Sender>& sender : std::exchange(scheduled, {})) sender->Send();
}

void SendTogether::Schedule(std::shared_ptr<Sender> sender) {
  if (scopes == 0) return sender->Send();
  if (std::find(scheduled.begin(), scheduled.end(), sender) != scheduled.end()) return;
  scheduled.push_back(std::move(sender));
}

}  // namespace paceline::worker
