// Virtual time: a queue of what happens when, in one thread.
#ifndef PACELINE_TESTS_SIM_EVENT_LOOP_H_
#define PACELINE_TESTS_SIM_EVENT_LOOP_H_

#include <cstdint>
#include <functional>
#include <map>
#include <utility>

#include "absl/time/time.h"

namespace paceline::sim {

// Seeded random numbers in the order in which they are asked for: the simulation
// is single-threaded, so that order is a function of the seed too.
class Random {
 public:
  explicit Random(uint64_t seed) : seed_(seed) {}

  // Uniform in [0, bound).
  uint64_t Below(uint64_t bound);
  // True with probability p.
  bool Chance(double p);
  // Uniform in [least, most).
  absl::Duration Between(absl::Duration least, absl::Duration most);

 private:
  const uint64_t seed_;
  uint64_t next_ = 0;
};

// Events at the same time run in the order in which they were added.
class EventLoop {
 public:
  absl::Duration now() const { return now_; }

  void After(absl::Duration delay, std::function<void()> event);

  // Runs the next event; false if there is none.
  bool RunOne();

 private:
  absl::Duration now_ = absl::ZeroDuration();
  uint64_t next_ = 0;
  std::map<std::pair<absl::Duration, uint64_t>, std::function<void()>> events_;
};

}  // namespace paceline::sim

#endif  // PACELINE_TESTS_SIM_EVENT_LOOP_H_
