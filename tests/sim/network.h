// A network that loses, repeats, reorders and delays calls, and whose links can be cut.
#ifndef PACELINE_TESTS_SIM_NETWORK_H_
#define PACELINE_TESTS_SIM_NETWORK_H_

#include <functional>
#include <memory>
#include <set>
#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "tests/sim/event_loop.h"

namespace paceline::sim {

struct NetworkFaults {
  double lose_request = 0;
  double lose_reply = 0;
  double duplicate = 0;
  absl::Duration least_delay = absl::Milliseconds(1);
  // Of one direction. Unequal delays reorder.
  absl::Duration most_delay = absl::Milliseconds(1);
};

class Network {
 public:
  Network(EventLoop* loop, Random* random, NetworkFaults faults)
      : loop_(loop), random_(random), faults_(faults) {}

  template <typename Reply>
  using Done = std::function<void(absl::StatusOr<Reply>)>;

  // Where a call comes from and goes to.
  struct Link {
    std::string caller;
    std::string callee;
  };

  // Nothing that `from` sends arrives at `to` any more, be it a request or a reply.
  void Cut(const std::string& from, const std::string& to) { cuts_.emplace(from, to); }
  void Mend(const std::string& from, const std::string& to) { cuts_.erase({from, to}); }

  // Calls `serve` at the callee, perhaps never, perhaps twice. `done` runs once: with
  // the first answer that arrives within `timeout`, or with DeadlineExceeded.
  template <typename Reply>
  void Call(const Link& link, absl::Duration timeout, std::function<void(Done<Reply>)> serve,
            Done<Reply> done) {
    auto once = std::make_shared<Done<Reply>>(std::move(done));
    auto finish = [once](absl::StatusOr<Reply> reply) {
      if (!*once) return;
      Done<Reply> caller = std::exchange(*once, nullptr);
      caller(std::move(reply));
    };
    loop_->After(timeout, [finish] { finish(absl::DeadlineExceededError("no answer in time")); });
    const int copies = random_->Chance(faults_.duplicate) ? 2 : 1;
    for (int copy = 0; copy < copies; ++copy) {
      if (random_->Chance(faults_.lose_request)) continue;
      if (cuts_.contains({link.caller, link.callee})) continue;
      loop_->After(Delay(), [this, link, serve, finish] {
        serve([this, link, finish](absl::StatusOr<Reply> reply) {
          if (random_->Chance(faults_.lose_reply)) return;
          if (cuts_.contains({link.callee, link.caller})) return;
          auto shared = std::make_shared<absl::StatusOr<Reply>>(std::move(reply));
          loop_->After(Delay(), [finish, shared] { finish(std::move(*shared)); });
        });
      });
    }
  }

 private:
  absl::Duration Delay() { return random_->Between(faults_.least_delay, faults_.most_delay); }

  EventLoop* const loop_;
  Random* const random_;
  const NetworkFaults faults_;
  // From, to.
  std::set<std::pair<std::string, std::string>> cuts_;
};

}  // namespace paceline::sim

#endif  // PACELINE_TESTS_SIM_NETWORK_H_
