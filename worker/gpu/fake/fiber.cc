#include "worker/gpu/fake/fiber.h"

#include <sys/mman.h>
#include <unistd.h>

#include <cstdint>
#include <utility>

#include "common/check.h"

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define PACELINE_FAKE_ASAN 1
#endif
#elif defined(__SANITIZE_ADDRESS__)
#define PACELINE_FAKE_ASAN 1
#endif

#ifdef PACELINE_FAKE_ASAN
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
#endif

#ifndef PACELINE_FAKE_UCONTEXT
// Saves the registers that a call keeps and the stack pointer, takes the other's.
extern "C" void paceline_fake_switch(void** save, void* load);
asm(R"(
.text
.type paceline_fake_switch, @function
paceline_fake_switch:
  pushq %rbp
  pushq %rbx
  pushq %r12
  pushq %r13
  pushq %r14
  pushq %r15
  movq %rsp, (%rdi)
  movq %rsi, %rsp
  popq %r15
  popq %r14
  popq %r13
  popq %r12
  popq %rbx
  popq %rbp
  ret
.size paceline_fake_switch, .-paceline_fake_switch
)");
#endif

namespace paceline::gpu::fake {
namespace {

#ifdef PACELINE_FAKE_ASAN
// Frames are wider, their variables stand apart.
constexpr size_t kStackBytes = 256 << 10;
#else
constexpr size_t kStackBytes = 64 << 10;
#endif

size_t GuardBytes() {
  static const size_t bytes = static_cast<size_t>(sysconf(_SC_PAGESIZE));
  return bytes;
}

// Stacks that all began at the start of a page would share a few lines of the cache.
constexpr size_t kColours = 16;
constexpr size_t kColourBytes = 256;
thread_local size_t colour = 0;

// Whom the next Enter belongs to.
thread_local Fiber* entering = nullptr;

void LeaveFor(void** own_fake, const void* stack, size_t bytes) {
#ifdef PACELINE_FAKE_ASAN
  __sanitizer_start_switch_fiber(own_fake, stack, bytes);
#else
  (void)own_fake, (void)stack, (void)bytes;
#endif
}

void ArriveFrom(void* own_fake, const void** stack, size_t* bytes) {
#ifdef PACELINE_FAKE_ASAN
  __sanitizer_finish_switch_fiber(own_fake, stack, bytes);
#else
  (void)own_fake, (void)stack, (void)bytes;
#endif
}

}  // namespace

Fiber::Fiber(std::function<void(Fiber&)> body) : body_(std::move(body)) {
  const size_t guard = GuardBytes();
  void* mapping = mmap(nullptr, guard + kStackBytes, PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  PL_CHECK(mapping != MAP_FAILED) << "no stack for a thread of an emulated GPU";
  mapping_ = static_cast<std::byte*>(mapping);
  PL_CHECK_EQ(mprotect(mapping_, guard, PROT_NONE), 0);
#ifdef PACELINE_FAKE_UCONTEXT
  PL_CHECK_EQ(getcontext(&inner_), 0);
  inner_.uc_stack.ss_sp = mapping_ + guard;
  inner_.uc_stack.ss_size = kStackBytes;
  inner_.uc_link = nullptr;
  makecontext(&inner_, &Fiber::Enter, 0);
#else
  // What the switch pops: six registers and the place to return to, above it the
  // return address that Enter would have.
  const size_t above = colour++ % kColours * kColourBytes;
  void** top = reinterpret_cast<void**>(mapping_ + guard + kStackBytes - above);
  top[-1] = nullptr;
  top[-2] = reinterpret_cast<void*>(&Fiber::Enter);
  inner_ = top - 8;
#endif
}

Fiber::~Fiber() {
#ifdef PACELINE_FAKE_ASAN
  // The frames that the body left behind must not look poisoned to the next mapping.
  __asan_unpoison_memory_region(mapping_ + GuardBytes(), kStackBytes);
#endif
  munmap(mapping_, GuardBytes() + kStackBytes);
}

void Fiber::Enter() {
  Fiber* self = entering;
  ArriveFrom(nullptr, &self->outer_stack_, &self->outer_stack_bytes_);
  self->body_(*self);
  PL_CHECK(false) << "the body of a fiber returned";
}

void Fiber::Resume() {
  entering = this;
  LeaveFor(&outer_fake_, mapping_ + GuardBytes(), kStackBytes);
#ifdef PACELINE_FAKE_UCONTEXT
  swapcontext(&outer_, &inner_);
#else
  paceline_fake_switch(&outer_, inner_);
#endif
  ArriveFrom(outer_fake_, nullptr, nullptr);
}

void Fiber::Suspend() {
  LeaveFor(&inner_fake_, outer_stack_, outer_stack_bytes_);
#ifdef PACELINE_FAKE_UCONTEXT
  swapcontext(&inner_, &outer_);
#else
  paceline_fake_switch(&inner_, outer_);
#endif
  ArriveFrom(inner_fake_, &outer_stack_, &outer_stack_bytes_);
}

}  // namespace paceline::gpu::fake
