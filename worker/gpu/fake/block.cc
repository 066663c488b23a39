#include "worker/gpu/fake/block.h"

#include <bit>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "common/check.h"
#include "worker/gpu/fake/fiber.h"
#include "worker/gpu/fake/turn_order.h"

namespace paceline::gpu::fake {

constinit thread_local const Position* position = nullptr;

namespace {

enum class State { kCanRun, kInBlock, kInWarp, kEnded };

// What a thread brings to the others that it waits for, and what it gets.
struct Meeting {
  Place place = {nullptr, 0};
  unsigned mask = 0;
  bool vote = false;
  uint64_t value = 0;
  unsigned source = 0;
  uint64_t result = 0;
};

struct Thread {
  Position position;
  State state = State::kCanRun;
  Fiber* fiber = nullptr;
  Meeting meeting;
};

// Lanes by bit.
struct Warp {
  // Wait for other lanes.
  unsigned waiting = 0;
  // Have ended, or never were.
  unsigned gone = 0;
};

class Block {
 public:
  Block(const Grid& grid, const std::function<void()>& body);

  void Run(dim3 index);

  // For the running thread.
  bool Meet(bool any, Place place);
  const Meeting& MeetInWarp(const Meeting& meeting);
  unsigned lane() const { return running_ % kWarpSize; }
  unsigned lane_bit() const { return 1u << lane(); }
  Warp& warp() { return warps_[running_ / kWarpSize]; }
  void* Shared(size_t bytes, const char* function, int line);

  // What a fiber does again and again.
  void RunThread();

 private:
  struct Variable {
    const char* function;
    int line;
    size_t bytes;
    std::unique_ptr<std::byte[]> memory;
  };

  void Resume(size_t thread);
  void Wait(State state);
  void Release(size_t thread);
  void ReleaseWarp(size_t first, unsigned mask);
  void RequireAllMeet() const;
  void RequireWarpMeets(size_t thread) const;
  void FailStuck() const;
  [[noreturn]] void Fail(size_t thread, const std::string& what) const;

  const Grid grid_;
  const std::function<void()>& body_;
  std::vector<Thread> threads_;
  std::vector<Warp> warps_;
  std::vector<uint32_t> can_run_;
  std::vector<uint32_t> round_;
  std::vector<Variable> variables_;
  size_t shared_bytes_ = 0;
  TurnOrder order_;
  size_t running_ = 0;
  size_t ended_ = 0;
  size_t in_block_ = 0;
  bool any_ = false;
  bool any_result_ = false;
};

thread_local uint64_t order_seed = 0;
thread_local Block* current = nullptr;

// Stacks of this thread that no thread of a kernel uses now.
struct Fibers {
  std::vector<std::unique_ptr<Fiber>> all;
  std::vector<Fiber*> idle;
};

Fiber* TakeFiber() {
  static thread_local Fibers fibers;
  if (fibers.idle.empty()) {
    fibers.all.push_back(std::make_unique<Fiber>([idle = &fibers.idle](Fiber& self) {
      for (;;) {
        current->RunThread();
        idle->push_back(&self);
        self.Suspend();
      }
    }));
    return fibers.all.back().get();
  }
  Fiber* fiber = fibers.idle.back();
  fibers.idle.pop_back();
  return fiber;
}

std::string Text(const Place& place) {
  return std::string(place.file) + ":" + std::to_string(place.line);
}

bool Same(const Place& a, const Place& b) {
  return a.line == b.line && (a.file == b.file || std::strcmp(a.file, b.file) == 0);
}

Block::Block(const Grid& grid, const std::function<void()>& body)
    : grid_(grid),
      body_(body),
      threads_(grid.block.count()),
      warps_((threads_.size() + kWarpSize - 1) / kWarpSize),
      order_(grid.seed) {}

void Block::Fail(size_t thread, const std::string& what) const {
  PL_CHECK(false) << "emulated kernel " << grid_.kernel << ", block "
                  << threads_[thread].position.block.Text() << ", thread "
                  << threads_[thread].position.thread.Text() << ": " << what;
  std::abort();
}

void Block::Run(dim3 index) {
  dim3 at{0, 0, 0};
  can_run_.clear();
  for (size_t i = 0; i < threads_.size(); ++i) {
    threads_[i].position = {at, index, grid_.block, grid_.grid};
    threads_[i].state = State::kCanRun;
    can_run_.push_back(static_cast<uint32_t>(i));
    if (++at.x < grid_.block.x) continue;
    at.x = 0;
    if (++at.y < grid_.block.y) continue;
    at.y = 0;
    ++at.z;
  }
  for (Variable& variable : variables_) std::memset(variable.memory.get(), 0xff, variable.bytes);
  ended_ = 0;
  for (Warp& warp : warps_) warp = Warp();
  if (threads_.size() % kWarpSize != 0) {
    warps_.back().gone = ~0u << (threads_.size() % kWarpSize);
  }
  order_.StartBlock();
  current = this;
  while (!can_run_.empty()) {
    order_.DrawRound(&can_run_, &round_);
    for (const uint32_t thread : round_) Resume(thread);
  }
  if (ended_ < threads_.size()) FailStuck();
  current = nullptr;
}

void Block::Resume(size_t thread) {
  Thread& t = threads_[thread];
  if (t.fiber == nullptr) t.fiber = TakeFiber();
  running_ = thread;
  position = &t.position;
  t.fiber->Resume();
  position = nullptr;
  if (t.state == State::kEnded) t.fiber = nullptr;
}

void Block::RunThread() {
  body_();
  threads_[running_].state = State::kEnded;
  ++ended_;
  warp().gone |= lane_bit();
  if (in_block_ > 0) RequireAllMeet();
  if (warp().waiting != 0) {
    const size_t first = running_ - lane();
    for (unsigned lane = 0; lane < kWarpSize; ++lane) {
      if ((warp().waiting >> lane & 1) != 0) RequireWarpMeets(first + lane);
    }
  }
}

// Called with a thread that waits for its block and one that has ended.
void Block::RequireAllMeet() const {
  for (size_t i = 0; i < threads_.size(); ++i) {
    if (threads_[i].state != State::kInBlock) continue;
    Fail(i, "waits for its block at " + Text(threads_[i].meeting.place) + ", and " +
                std::to_string(ended_) + " of " + std::to_string(threads_.size()) +
                " threads have ended");
  }
}

// A thread that waits for its warp does not wait for lanes that are gone.
void Block::RequireWarpMeets(size_t thread) const {
  const Meeting& meeting = threads_[thread].meeting;
  const unsigned missing = meeting.mask & warps_[thread / kWarpSize].gone;
  if (missing == 0) return;
  Fail(thread, "waits for its warp at " + Text(meeting.place) + ", and lane " +
                   std::to_string(std::countr_zero(missing)) +
                   " of its mask has ended or never was");
}

// Some threads wait for their block, others of the same warp for lanes that do.
void Block::FailStuck() const {
  for (size_t i = 0; i < threads_.size(); ++i) {
    if (threads_[i].state != State::kInWarp) continue;
    Fail(i, "waits for its warp at " + Text(threads_[i].meeting.place) +
                ", and no thread of the block can run");
  }
}

void Block::Wait(State state) {
  Thread& self = threads_[running_];
  self.state = state;
  if (state == State::kInBlock) {
    ++in_block_;
    if (ended_ > 0) RequireAllMeet();
  } else {
    warp().waiting |= lane_bit();
    RequireWarpMeets(running_);
  }
  self.fiber->Suspend();
}

void Block::Release(size_t thread) {
  threads_[thread].state = State::kCanRun;
  can_run_.push_back(static_cast<uint32_t>(thread));
}

bool Block::Meet(bool any, Place place) {
  const size_t self = running_;
  threads_[self].meeting.place = place;
  any_ = any_ || any;
  if (in_block_ + 1 < threads_.size()) {
    Wait(State::kInBlock);
    return any_result_;
  }
  // The last one lets all go, and goes on.
  in_block_ = 0;
  for (size_t i = 0; i < threads_.size(); ++i) {
    if (i == self) continue;
    if (!Same(threads_[i].meeting.place, place)) {
      Fail(self, "waits for its block at " + Text(place) + ", and another thread at " +
                     Text(threads_[i].meeting.place));
    }
    Release(i);
  }
  any_result_ = any_;
  any_ = false;
  return any_result_;
}

const Meeting& Block::MeetInWarp(const Meeting& meeting) {
  const size_t self = running_;
  const size_t first = self - self % kWarpSize;
  if ((meeting.mask >> lane() & 1) == 0) {
    Fail(self, "is not in its own mask at " + Text(meeting.place));
  }
  if (meeting.source >= kWarpSize || (meeting.mask >> meeting.source & 1) == 0) {
    Fail(self, "reads lane " + std::to_string(meeting.source) + ", which is not in its mask, at " +
                   Text(meeting.place));
  }
  threads_[self].meeting = meeting;
  const bool all = (meeting.mask & ~lane_bit() & ~warp().waiting) == 0;
  if (all) {
    ReleaseWarp(first, meeting.mask);
  } else {
    Wait(State::kInWarp);
  }
  return threads_[self].meeting;
}

void Block::ReleaseWarp(size_t first, unsigned mask) {
  const Place place = threads_[running_].meeting.place;
  unsigned votes = 0;
  for (unsigned lane = 0; lane < kWarpSize; ++lane) {
    if ((mask >> lane & 1) == 0) continue;
    const Meeting& other = threads_[first + lane].meeting;
    if (other.mask != mask || !Same(other.place, place)) {
      Fail(running_, "waits for its warp at " + Text(place) + ", and lane " + std::to_string(lane) +
                         " at " + Text(other.place) +
                         (other.mask != mask ? " with another mask" : ""));
    }
    if (other.value != 0) votes |= 1u << lane;
  }
  for (unsigned lane = 0; lane < kWarpSize; ++lane) {
    if ((mask >> lane & 1) == 0) continue;
    Meeting& meeting = threads_[first + lane].meeting;
    meeting.result = meeting.vote ? votes : threads_[first + meeting.source].meeting.value;
    if (first + lane != running_) Release(first + lane);
  }
  warp().waiting &= ~mask;
}

void* Block::Shared(size_t bytes, const char* function, int line) {
  for (Variable& variable : variables_) {
    if (variable.line == line && variable.function == function) return variable.memory.get();
  }
  shared_bytes_ += bytes;
  if (shared_bytes_ > kMaxSharedBytes) {
    Fail(running_, "wants " + std::to_string(shared_bytes_) + " bytes of shared memory, " +
                       std::to_string(kMaxSharedBytes) + " at most");
  }
  variables_.push_back({function, line, bytes, std::make_unique<std::byte[]>(bytes)});
  std::memset(variables_.back().memory.get(), 0xff, bytes);
  return variables_.back().memory.get();
}

}  // namespace

const char* GridError(const dim3& grid, const dim3& block) {
  const bool fits = block.count() >= 1 && block.count() <= 1024 && block.x <= 1024 &&
                    block.y <= 1024 && block.z <= 64 && grid.count() >= 1 && grid.x <= 0x7fffffff &&
                    grid.y <= 65535 && grid.z <= 65535;
  return fits ? nullptr : "invalid configuration argument";
}

void RunGrid(const Grid& grid, const std::function<void()>& thread) {
  PL_CHECK(GridError(grid.grid, grid.block) == nullptr) << grid.kernel;
  PL_CHECK(current == nullptr) << grid.kernel << " is launched from inside a kernel";
  Block block(grid, thread);
  for (unsigned z = 0; z < grid.grid.z; ++z) {
    for (unsigned y = 0; y < grid.grid.y; ++y) {
      for (unsigned x = 0; x < grid.grid.x; ++x) block.Run(dim3(x, y, z));
    }
  }
}

void SetThreadOrder(uint64_t seed) { order_seed = seed; }
uint64_t ThreadOrder() { return order_seed; }

bool MeetBlock(bool any, Place place) { return current->Meet(any, place); }

uint64_t MeetWarp(unsigned mask, uint64_t value, unsigned source, Place place) {
  return current->MeetInWarp({place, mask, false, value, source, 0}).result;
}

unsigned VoteInWarp(unsigned mask, bool value, Place place) {
  const Meeting& met = current->MeetInWarp({place, mask, true, value, current->lane(), 0});
  return static_cast<unsigned>(met.result);
}

unsigned Lane() { return current->lane(); }

void* SharedMemory(size_t bytes, const char* function, int line) {
  return current->Shared(bytes, function, line);
}

}  // namespace paceline::gpu::fake
