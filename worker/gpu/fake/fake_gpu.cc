#include "worker/gpu/fake/fake_gpu.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <optional>
#include <utility>

#include "common/check.h"
#include "common/hash.h"
#include "common/status/status_macros.h"
#include "worker/gpu/fake/fake_gemm.h"
#include "worker/gpu/runtime/out_of_memory.h"

namespace paceline::gpu::fake {
namespace {

constexpr uint64_t kAlignment = 256;
// As a float32, and as two of half the size: NaN.
constexpr int kPoison = 0xff;

uint64_t Rounded(uint64_t bytes) { return (bytes + kAlignment - 1) / kAlignment * kAlignment; }

}  // namespace

struct FakeGpu::FakeEvent {
  // Times it was recorded, and happened.
  uint64_t recorded = 0;
  uint64_t happened = 0;
  int64_t microseconds = 0;
};

// One of the three.
struct FakeGpu::Work {
  std::function<void()> run;
  FakeEvent* record = nullptr;
  // Until it has happened so often.
  FakeEvent* wait = nullptr;
  uint64_t wait_for = 0;
};

class FakeGpu::FakeStream final : public WorkQueue {
 public:
  explicit FakeStream(FakeGpu* gpu) : gpu_(gpu) {}

  // Kernels.
  void Add(std::function<void()> work) override {
    MutexLock lock(&gpu_->mu_);
    gpu_->Add(this, {.run = std::move(work)});
  }

  std::deque<Work>& work() { return work_; }
  bool Ready() const {
    return !work_.empty() && (work_.front().wait == nullptr ||
                              work_.front().wait->happened >= work_.front().wait_for);
  }

 private:
  FakeGpu* const gpu_;
  // Under the GPU's mutex.
  std::deque<Work> work_;
};

FakeGpu::FakeGpu(FakeGpuOptions options)
    : options_(options),
      description_{.ordinal = 0,
                   .uuid = "GPU-00000000-0000-0000-0000-000000000000",
                   .name = "fake",
                   .memory_bytes = options.memory_bytes,
                   .architecture = options.architecture} {}

FakeGpu::~FakeGpu() {
  MutexLock lock(&mu_);
  PL_CHECK_EQ(device_.size(), 0u);
  PL_CHECK_EQ(pinned_.size(), 0u);
  PL_CHECK_EQ(streams_.size(), 0u);
  PL_CHECK_EQ(events_.size(), 0u);
}

uint64_t FakeGpu::allocations() const {
  MutexLock lock(&mu_);
  return allocations_;
}

uint64_t FakeGpu::unpinned_copies() const {
  MutexLock lock(&mu_);
  return unpinned_copies_;
}

uint64_t FakeGpu::bytes_in() const {
  MutexLock lock(&mu_);
  return bytes_in_;
}

void FakeGpu::FailAfter(uint64_t count, absl::Status status) {
  MutexLock lock(&mu_);
  fail_after_ = count;
  failure_ = std::move(status);
}

absl::Status FakeGpu::Call() {
  if (fail_after_ > 0 && --fail_after_ == 0) return failure_;
  return absl::OkStatus();
}

// ---- memory ----

absl::StatusOr<GpuMemory> FakeGpu::Memory() {
  MutexLock lock(&mu_);
  return GpuMemory{options_.memory_bytes - used_, options_.memory_bytes};
}

absl::StatusOr<void*> FakeGpu::Allocate(uint64_t bytes, absl::string_view what) {
  MutexLock lock(&mu_);
  PL_RETURN_IF_ERROR(Call());
  const GpuMemory memory = {options_.memory_bytes - used_, options_.memory_bytes};
  if (bytes > memory.free) return OutOfMemory(description_, bytes, what, memory);
  ++allocations_;
  used_ += bytes;
  // Exactly as large as asked for, so that a sanitizer sees who goes beyond it.
  void* data = nullptr;
  PL_CHECK_EQ(posix_memalign(&data, kAlignment, std::max<uint64_t>(bytes, 1)), 0);
  std::memset(data, kPoison, bytes);
  device_[static_cast<uint8_t*>(data)] = bytes;
  return data;
}

void FakeGpu::Free(void* memory) {
  MutexLock lock(&mu_);
  RunAll();
  const auto found = device_.find(static_cast<uint8_t*>(memory));
  PL_CHECK(found != device_.end());
  used_ -= found->second;
  device_.erase(found);
  std::free(memory);
}

absl::StatusOr<void*> FakeGpu::AllocatePinned(uint64_t bytes, absl::string_view /*what*/) {
  MutexLock lock(&mu_);
  PL_RETURN_IF_ERROR(Call());
  ++allocations_;
  void* const data = std::aligned_alloc(kAlignment, Rounded(std::max<uint64_t>(bytes, 1)));
  PL_CHECK(data != nullptr);
  std::memset(data, kPoison, bytes);
  pinned_[static_cast<uint8_t*>(data)] = bytes;
  return data;
}

void FakeGpu::FreePinned(void* memory) {
  Unpin(memory);
  std::free(memory);
}

absl::Status FakeGpu::Pin(void* memory, uint64_t bytes) {
  MutexLock lock(&mu_);
  PL_RETURN_IF_ERROR(Call());
  const bool fresh = pinned_.emplace(static_cast<uint8_t*>(memory), bytes).second;
  PL_CHECK(fresh);
  return absl::OkStatus();
}

void FakeGpu::Unpin(void* memory) {
  MutexLock lock(&mu_);
  RunAll();
  PL_CHECK_EQ(pinned_.erase(static_cast<uint8_t*>(memory)), 1u);
}

bool FakeGpu::IsPinned(const void* memory, uint64_t bytes) const {
  const auto* const at = static_cast<const uint8_t*>(memory);
  const auto after = pinned_.upper_bound(at);
  if (after == pinned_.begin()) return false;
  const auto& [begin, size] = *std::prev(after);
  return static_cast<uint64_t>(at - begin) + bytes <= size;
}

void FakeGpu::CheckRange(const std::map<const uint8_t*, uint64_t>& ranges, const char* what,
                         const void* memory, uint64_t bytes) const {
  const auto* const at = static_cast<const uint8_t*>(memory);
  const auto after = ranges.upper_bound(at);
  const bool inside =
      after != ranges.begin() &&
      static_cast<uint64_t>(at - std::prev(after)->first) + bytes <= std::prev(after)->second;
  if (!inside) std::fprintf(stderr, "fake GPU: %s beyond its memory\n", what);
  PL_CHECK(inside);
}

// ---- order ----

absl::StatusOr<StreamHandle> FakeGpu::CreateStream() {
  MutexLock lock(&mu_);
  PL_RETURN_IF_ERROR(Call());
  streams_.push_back(std::make_unique<FakeStream>(this));
  return static_cast<StreamHandle>(static_cast<WorkQueue*>(streams_.back().get()));
}

void FakeGpu::DestroyStream(StreamHandle stream) {
  MutexLock lock(&mu_);
  RunAll();
  const auto found = std::find_if(streams_.begin(), streams_.end(), [&](const auto& own) {
    return static_cast<WorkQueue*>(own.get()) == stream;
  });
  PL_CHECK(found != streams_.end());
  streams_.erase(found);
}

absl::StatusOr<EventHandle> FakeGpu::CreateEvent() {
  MutexLock lock(&mu_);
  PL_RETURN_IF_ERROR(Call());
  events_.push_back(std::make_unique<FakeEvent>());
  return static_cast<EventHandle>(events_.back().get());
}

void FakeGpu::DestroyEvent(EventHandle event) {
  MutexLock lock(&mu_);
  RunAll();
  const auto found = std::find_if(events_.begin(), events_.end(),
                                  [&](const auto& own) { return own.get() == event; });
  PL_CHECK(found != events_.end());
  events_.erase(found);
}

absl::Status FakeGpu::Record(EventHandle event, StreamHandle stream) {
  MutexLock lock(&mu_);
  PL_RETURN_IF_ERROR(Call());
  auto* const recorded = static_cast<FakeEvent*>(event);
  ++recorded->recorded;
  Add(static_cast<FakeStream*>(static_cast<WorkQueue*>(stream)), {.record = recorded});
  return absl::OkStatus();
}

absl::Status FakeGpu::Wait(StreamHandle stream, EventHandle event) {
  MutexLock lock(&mu_);
  PL_RETURN_IF_ERROR(Call());
  auto* const waited = static_cast<FakeEvent*>(event);
  Add(static_cast<FakeStream*>(static_cast<WorkQueue*>(stream)),
      {.wait = waited, .wait_for = waited->recorded});
  return absl::OkStatus();
}

absl::Status FakeGpu::Synchronize(EventHandle event) {
  MutexLock lock(&mu_);
  PL_RETURN_IF_ERROR(Call());
  auto* const waited = static_cast<FakeEvent*>(event);
  while (waited->happened < waited->recorded) {
    const bool ran = RunOne();
    PL_CHECK(ran);
  }
  return absl::OkStatus();
}

absl::StatusOr<absl::Duration> FakeGpu::Elapsed(EventHandle from, EventHandle to) {
  MutexLock lock(&mu_);
  PL_RETURN_IF_ERROR(Call());
  const auto* const begin = static_cast<FakeEvent*>(from);
  const auto* const end = static_cast<FakeEvent*>(to);
  for (const FakeEvent* const event : {begin, end}) {
    if (event->recorded == 0 || event->happened < event->recorded) {
      return absl::InternalError("GPU 0: Elapsed: an event that has not happened");
    }
  }
  return absl::Microseconds(end->microseconds - begin->microseconds);
}

void FakeGpu::Add(FakeStream* stream, Work work) {
  stream->work().push_back(std::move(work));
  // At times it keeps up with the host, at times it lags behind.
  const uint64_t draw = MixBits(options_.seed, ++draws_);
  for (uint64_t i = draw % 8 < 5 ? 0 : draw % 3; i > 0; --i) RunOne();
}

bool FakeGpu::RunOne() {
  std::vector<FakeStream*> ready;
  for (const std::unique_ptr<FakeStream>& stream : streams_) {
    if (stream->Ready()) ready.push_back(stream.get());
  }
  if (ready.empty()) return false;
  FakeStream* const chosen = ready[MixBits(options_.seed, ++draws_) % ready.size()];
  const Work work = std::move(chosen->work().front());
  chosen->work().pop_front();
  ++microseconds_;
  if (work.run != nullptr) work.run();
  if (work.record != nullptr) {
    ++work.record->happened;
    work.record->microseconds = microseconds_;
  }
  return true;
}

void FakeGpu::RunAll() {
  while (RunOne()) {
  }
  for (const std::unique_ptr<FakeStream>& stream : streams_) PL_CHECK(stream->work().empty());
}

// ---- work ----

absl::Status FakeGpu::CopyToDevice(void* device, const void* host, uint64_t bytes,
                                   StreamHandle stream) {
  MutexLock lock(&mu_);
  PL_RETURN_IF_ERROR(Call());
  CheckRange(device_, "CopyToDevice", device, bytes);
  if (!IsPinned(host, bytes)) ++unpinned_copies_;
  bytes_in_ += bytes;
  Add(static_cast<FakeStream*>(static_cast<WorkQueue*>(stream)),
      {.run = [device, host, bytes] { std::memcpy(device, host, bytes); }});
  return absl::OkStatus();
}

absl::Status FakeGpu::CopyToHost(void* host, const void* device, uint64_t bytes,
                                 StreamHandle stream) {
  MutexLock lock(&mu_);
  PL_RETURN_IF_ERROR(Call());
  CheckRange(device_, "CopyToHost", device, bytes);
  if (!IsPinned(host, bytes)) ++unpinned_copies_;
  // Until then it is anything.
  std::memset(host, kPoison, bytes);
  Add(static_cast<FakeStream*>(static_cast<WorkQueue*>(stream)),
      {.run = [device, host, bytes] { std::memcpy(host, device, bytes); }});
  return absl::OkStatus();
}

absl::Status FakeGpu::Fill(void* device, uint8_t value, uint64_t bytes, StreamHandle stream) {
  MutexLock lock(&mu_);
  PL_RETURN_IF_ERROR(Call());
  if (bytes == 0) return absl::OkStatus();
  CheckRange(device_, "Fill", device, bytes);
  Add(static_cast<FakeStream*>(static_cast<WorkQueue*>(stream)),
      {.run = [device, value, bytes] { std::memset(device, value, bytes); }});
  return absl::OkStatus();
}

absl::Status FakeGpu::Gemm(const GemmCall& call, StreamHandle stream) {
  MutexLock lock(&mu_);
  PL_RETURN_IF_ERROR(Call());
  if (call.m == 0 || call.n == 0 || call.batch == 0) return absl::OkStatus();
  const uint64_t size = call.type == MatrixType::kFloat32 ? 4 : 2;
  if (call.k > 0) {
    CheckRange(device_, "Gemm: a", call.a, call.batch * call.m * call.k * size);
    CheckRange(device_, "Gemm: b", call.b, call.batch * call.k * call.n * size);
  }
  CheckRange(device_, "Gemm: c", call.c, call.batch * call.m * call.n * 4);
  Add(static_cast<FakeStream*>(static_cast<WorkQueue*>(stream)),
      {.run = [call] { FakeGemm(call); }});
  return absl::OkStatus();
}

}  // namespace paceline::gpu::fake
