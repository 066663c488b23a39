// A unary call that may be answered later, from any thread, and that says when its
// caller has gone.
#ifndef PACELINE_SCHEDULER_IO_POLL_REACTOR_H_
#define PACELINE_SCHEDULER_IO_POLL_REACTOR_H_

#include <grpcpp/support/server_callback.h>

#include <functional>
#include <utility>

namespace paceline::scheduler {

// Finish is called exactly once; the reactor deletes itself after it.
class PollReactor final : public grpc::ServerUnaryReactor {
 public:
  // `on_cancel` may call Finish, and must not if it was called before.
  explicit PollReactor(std::function<void()> on_cancel) : on_cancel_(std::move(on_cancel)) {}

  void OnCancel() override { on_cancel_(); }
  void OnDone() override { delete this; }

 private:
  const std::function<void()> on_cancel_;
};

}  // namespace paceline::scheduler

#endif  // PACELINE_SCHEDULER_IO_POLL_REACTOR_H_
