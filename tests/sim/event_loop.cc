// Out of the header, since tests themselves are compiled without optimisation.
#include "tests/sim/event_loop.h"

#include "common/random.h"

namespace paceline::sim {

uint64_t Random::Below(uint64_t bound) { return RandomBelow(bound, seed_, 0, next_++); }

bool Random::Chance(double p) { return RandomUniformDouble(seed_, 0, next_++) < p; }

absl::Duration Random::Between(absl::Duration least, absl::Duration most) {
  return least + (most - least) * RandomUniformDouble(seed_, 0, next_++);
}

void EventLoop::After(absl::Duration delay, std::function<void()> event) {
  events_.emplace(std::make_pair(now_ + delay, next_++), std::move(event));
}

bool EventLoop::RunOne() {
  if (events_.empty()) return false;
  auto first = events_.extract(events_.begin());
  now_ = first.key().first;
  first.mapped()();
  return true;
}

}  // namespace paceline::sim
