#include "common/failpoint/failpoint.h"

#include <unistd.h>

#include <csignal>
#include <map>
#include <string>

#include "absl/strings/str_cat.h"
#include "common/clock.h"
#include "common/failpoint/arm.h"
#include "common/log.h"
#include "common/sync.h"

namespace paceline {
namespace {

using Action = FailpointRule::Action;

struct Armed {
  std::vector<FailpointRule> rules;
  uint64_t hits = 0;
};

class Registry {
 public:
  void Arm(const std::vector<FailpointRule>& rules) {
    MutexLock lock(&mu_);
    armed_.clear();
    for (const FailpointRule& rule : rules) armed_[rule.failpoint].rules.push_back(rule);
    ++generation_;
    changed_.NotifyAll();
    failpoint_internal::armed = !rules.empty();
  }

  absl::Status Hit(size_t index) {
    std::vector<FailpointRule> rules;
    uint64_t hit = 0;
    uint64_t generation = 0;
    {
      MutexLock lock(&mu_);
      const auto found = armed_.find(index);
      if (found == armed_.end()) return absl::OkStatus();
      rules = found->second.rules;
      hit = ++found->second.hits;
      generation = generation_;
    }
    for (const FailpointRule& rule : rules) {
      if (hit < rule.first || hit > rule.last) continue;
      const absl::Status status = Act(rule, hit, generation);
      if (!status.ok()) return status;
    }
    return absl::OkStatus();
  }

  uint64_t Hits(size_t index) {
    MutexLock lock(&mu_);
    const auto found = armed_.find(index);
    return found == armed_.end() ? 0 : found->second.hits;
  }

 private:
  absl::Status Act(const FailpointRule& rule, uint64_t hit, uint64_t generation) {
    const std::string name(kFailpoints[rule.failpoint].name);
    switch (rule.action) {
      case Action::kKill:
        kill(getpid(), SIGKILL);
        while (true) pause();
      case Action::kError:
        LogWarning("failpoint fails", {{"failpoint", name}, {"hit", hit}});
        return absl::Status(rule.code, absl::StrCat("failpoint ", name, ", hit ", hit));
      case Action::kDelay:
        Wait(clock_.Monotonic() + rule.delay, generation);
        return absl::OkStatus();
      case Action::kHang:
        LogWarning("failpoint hangs", {{"failpoint", name}, {"hit", hit}});
        Wait(absl::InfiniteDuration(), generation);
        return absl::OkStatus();
    }
    return absl::OkStatus();
  }

  // Until then, or until something else is armed.
  void Wait(absl::Duration deadline, uint64_t generation) {
    MutexLock lock(&mu_);
    clock_.Await(&mu_, &changed_, deadline,
                 [&]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_) { return generation_ != generation; });
  }

  RealClock clock_;
  Mutex mu_;
  CondVar changed_;
  std::map<size_t, Armed> armed_ ABSL_GUARDED_BY(mu_);
  // Counts armings.
  uint64_t generation_ ABSL_GUARDED_BY(mu_) = 0;
};

// Never deleted: threads may hang in it when the process ends.
Registry& TheRegistry() {
  static Registry* const registry = new Registry;
  return *registry;
}

}  // namespace

namespace failpoint_internal {

std::atomic<bool> armed{false};

absl::Status Hit(size_t index) { return TheRegistry().Hit(index); }

}  // namespace failpoint_internal

void ArmFailpoints(const std::vector<FailpointRule>& rules) { TheRegistry().Arm(rules); }

void DisarmFailpoints() { ArmFailpoints({}); }

uint64_t FailpointHits(FailpointName name) { return TheRegistry().Hits(name.index()); }

}  // namespace paceline
