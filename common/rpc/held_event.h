// What a tag of a gRPC completion queue points to, and how it keeps its owner alive.
//
//   HeldEvent read_{[this](bool ok) { OnRead(ok); }};
//   stream_.Read(&message_, read_.Due(shared_from_this()));
//   ...
//   while (queue.Next(&tag, &ok)) (*static_cast<QueueEvent*>(tag))(ok);
#ifndef PACELINE_COMMON_RPC_HELD_EVENT_H_
#define PACELINE_COMMON_RPC_HELD_EVENT_H_

#include <functional>
#include <memory>
#include <utility>

namespace paceline {

// Called with the event's `ok`.
using QueueEvent = std::function<void(bool)>;

// An event that comes again and again, one at a time: its owner lives while it is due.
//
// Thread-compatible.
class HeldEvent {
 public:
  explicit HeldEvent(QueueEvent handle) : handle_(std::move(handle)) {}
  HeldEvent(const HeldEvent&) = delete;
  HeldEvent& operator=(const HeldEvent&) = delete;

  // The tag of an event that is due from now on.
  void* Due(std::shared_ptr<void> owner) {
    owner_ = std::move(owner);
    return &event_;
  }
  // It will not come after all.
  void Drop() { owner_.reset(); }

 private:
  const QueueEvent handle_;
  std::shared_ptr<void> owner_;
  QueueEvent event_ = [this](bool ok) {
    const std::shared_ptr<void> held = std::move(owner_);
    handle_(ok);
  };
};

}  // namespace paceline

#endif  // PACELINE_COMMON_RPC_HELD_EVENT_H_
