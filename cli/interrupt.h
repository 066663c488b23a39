// SIGINT and SIGTERM as pacectl's commands see them: a request to stop that ends
// whatever waits.
#ifndef PACELINE_CLI_INTERRUPT_H_
#define PACELINE_CLI_INTERRUPT_H_

#include <functional>
#include <list>

#include "absl/time/time.h"
#include "common/clock.h"
#include "common/sync.h"

namespace paceline::cli {

// Thread-safe.
class Interrupt {
 public:
  // Asks everybody to stop. Further requests change nothing.
  void Request();
  bool requested() const;

  // Blocks for `duration` or until the request; true if it has come.
  bool WaitFor(Clock& clock, absl::Duration duration);

  // While it lives, Request calls `on_request` (at once, if it has come before).
  // `on_request` must be quick and must not use the Interrupt.
  class Scope {
   public:
    Scope(Interrupt* interrupt, std::function<void()> on_request);
    ~Scope();
    Scope(const Scope&) = delete;
    Scope& operator=(const Scope&) = delete;

   private:
    Interrupt* const interrupt_;
    std::list<std::function<void()>>::iterator place_;
  };

 private:
  mutable Mutex mu_;
  CondVar changed_;
  bool requested_ ABSL_GUARDED_BY(mu_) = false;
  std::list<std::function<void()>> callbacks_ ABSL_GUARDED_BY(mu_);
};

}  // namespace paceline::cli

#endif  // PACELINE_CLI_INTERRUPT_H_
