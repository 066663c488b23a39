#include "cli/interrupt.h"

#include <utility>

namespace paceline::cli {

void Interrupt::Request() {
  MutexLock lock(&mu_);
  if (requested_) {
    return;
  }
  requested_ = true;
  // Under the lock, so that no Scope ends while its callback runs.
  for (const std::function<void()>& callback : callbacks_) {
    callback();
  }
  changed_.NotifyAll();
}

bool Interrupt::requested() const {
  MutexLock lock(&mu_);
  return requested_;
}

bool Interrupt::WaitFor(Clock& clock, absl::Duration duration) {
  const absl::Duration deadline = clock.Monotonic() + duration;
  MutexLock lock(&mu_);
  while (!requested_) {
    if (!clock.WaitUntil(&mu_, &changed_, deadline)) {
      return requested_;
    }
  }
  return true;
}

Interrupt::Scope::Scope(Interrupt* interrupt, std::function<void()> on_request)
    : interrupt_(interrupt) {
  MutexLock lock(&interrupt_->mu_);
  place_ = interrupt_->callbacks_.insert(interrupt_->callbacks_.end(), std::move(on_request));
  if (interrupt_->requested_) {
    (*place_)();
  }
}

Interrupt::Scope::~Scope() {
  MutexLock lock(&interrupt_->mu_);
  interrupt_->callbacks_.erase(place_);
}

}  // namespace paceline::cli
