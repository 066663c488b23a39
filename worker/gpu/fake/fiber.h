// A function with a stack of its own that can stop in the middle and go on later: a
// thread of an emulated GPU.
//
// A switch costs a few nanoseconds (x86-64: seven registers; elsewhere ucontext, which
// also saves the signal mask). AddressSanitizer is told of every switch. Behind the
// stack's end lies a page that nobody may touch.
//
// Owned by one thread: the one that made it.
#ifndef PACELINE_WORKER_GPU_FAKE_FIBER_H_
#define PACELINE_WORKER_GPU_FAKE_FIBER_H_

#include <cstddef>
#include <functional>

#if !defined(__x86_64__)
#define PACELINE_FAKE_UCONTEXT 1
#endif
#ifdef PACELINE_FAKE_UCONTEXT
#include <ucontext.h>
#endif

namespace paceline::gpu::fake {

class Fiber {
 public:
  // `body` never returns; it suspends for the last time instead, with nothing on its
  // stack that would have to be destroyed.
  explicit Fiber(std::function<void(Fiber&)> body);
  Fiber(const Fiber&) = delete;
  Fiber& operator=(const Fiber&) = delete;
  ~Fiber();

  // Runs the body until it suspends. Never from inside.
  void Resume();
  // Goes back to where Resume was called. From inside only.
  void Suspend();

 private:
  static void Enter();

  const std::function<void(Fiber&)> body_;
  // The whole mapping; its first page is the guard.
  std::byte* mapping_ = nullptr;
#ifdef PACELINE_FAKE_UCONTEXT
  ucontext_t inner_;
  ucontext_t outer_;
#else
  void* inner_ = nullptr;
  void* outer_ = nullptr;
#endif
  // AddressSanitizer's view of the two stacks.
  void* inner_fake_ = nullptr;
  void* outer_fake_ = nullptr;
  const void* outer_stack_ = nullptr;
  size_t outer_stack_bytes_ = 0;
};

}  // namespace paceline::gpu::fake

#endif  // PACELINE_WORKER_GPU_FAKE_FIBER_H_
