// A GPU on the host's memory, for tests on machines without one: its kernels run by the
// emulator, its products by plain loops.
//
// It is as lazy as a GPU may be: what is put on a stream runs when somebody waits for it,
// or at any time before, beside what other streams have, in an order drawn from the seed.
// Who forgets to wait reads poison (NaN), and who hands out memory too early sees it change.
// Waiting for what cannot happen stops the process.
#ifndef PACELINE_WORKER_GPU_FAKE_FAKE_GPU_H_
#define PACELINE_WORKER_GPU_FAKE_FAKE_GPU_H_

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "common/sync.h"
#include "worker/gpu/fake/work_queue.h"
#include "worker/gpu/runtime/gpu.h"

namespace paceline::gpu::fake {

struct FakeGpuOptions {
  uint64_t seed = 1;
  uint64_t memory_bytes = uint64_t{1} << 30;
  uint32_t architecture = 90;
};

// Thread-safe. Everything that is taken of it is given back before it goes: else the
// process stops.
class FakeGpu final : public Gpu {
 public:
  explicit FakeGpu(FakeGpuOptions options = {});
  ~FakeGpu() override;

  // ---- for tests ----

  // Allocations so far, of the device and pinned.
  uint64_t allocations() const;
  // Copies to and from memory of the host that is not pinned: a GPU waits for each.
  uint64_t unpinned_copies() const;
  // Bytes that were copied to the device.
  uint64_t bytes_in() const;
  // The `count`th call from now on fails with this; 0: none.
  void FailAfter(uint64_t count, absl::Status status);

  // ---- Gpu ----

  const GpuDescription& description() const override { return description_; }
  std::string math_library() const override { return "loops"; }
  absl::StatusOr<GpuMemory> Memory() override;
  absl::StatusOr<void*> Allocate(uint64_t bytes, absl::string_view what) override;
  void Free(void* memory) override;
  absl::StatusOr<void*> AllocatePinned(uint64_t bytes, absl::string_view what) override;
  void FreePinned(void* memory) override;
  absl::Status Pin(void* memory, uint64_t bytes) override;
  void Unpin(void* memory) override;
  absl::StatusOr<StreamHandle> CreateStream() override;
  void DestroyStream(StreamHandle stream) override;
  absl::StatusOr<EventHandle> CreateEvent() override;
  void DestroyEvent(EventHandle event) override;
  absl::Status Record(EventHandle event, StreamHandle stream) override;
  absl::Status Wait(StreamHandle stream, EventHandle event) override;
  absl::Status Synchronize(EventHandle event) override;
  absl::StatusOr<absl::Duration> Elapsed(EventHandle from, EventHandle to) override;
  absl::Status CopyToDevice(void* device, const void* host, uint64_t bytes,
                            StreamHandle stream) override;
  absl::Status CopyToHost(void* host, const void* device, uint64_t bytes,
                          StreamHandle stream) override;
  absl::Status Fill(void* device, uint8_t value, uint64_t bytes, StreamHandle stream) override;
  absl::Status Gemm(const GemmCall& call, StreamHandle stream) override;

 private:
  struct FakeEvent;
  struct Work;
  class FakeStream;

  absl::Status Call() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void Add(FakeStream* stream, Work work) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  // False: nothing can run.
  bool RunOne() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void RunAll() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void CheckRange(const std::map<const uint8_t*, uint64_t>& ranges, const char* what,
                  const void* memory, uint64_t bytes) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  bool IsPinned(const void* memory, uint64_t bytes) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);

  const FakeGpuOptions options_;
  const GpuDescription description_;
  mutable Mutex mu_;
  // By their first byte.
  std::map<const uint8_t*, uint64_t> device_ ABSL_GUARDED_BY(mu_);
  std::map<const uint8_t*, uint64_t> pinned_ ABSL_GUARDED_BY(mu_);
  uint64_t used_ ABSL_GUARDED_BY(mu_) = 0;
  std::vector<std::unique_ptr<FakeStream>> streams_ ABSL_GUARDED_BY(mu_);
  std::vector<std::unique_ptr<FakeEvent>> events_ ABSL_GUARDED_BY(mu_);
  uint64_t draws_ ABSL_GUARDED_BY(mu_) = 0;
  // One microsecond for each piece of work.
  int64_t microseconds_ ABSL_GUARDED_BY(mu_) = 0;
  uint64_t allocations_ ABSL_GUARDED_BY(mu_) = 0;
  uint64_t unpinned_copies_ ABSL_GUARDED_BY(mu_) = 0;
  uint64_t bytes_in_ ABSL_GUARDED_BY(mu_) = 0;
  uint64_t fail_after_ ABSL_GUARDED_BY(mu_) = 0;
  absl::Status failure_ ABSL_GUARDED_BY(mu_);
};

}  // namespace paceline::gpu::fake

#endif  // PACELINE_WORKER_GPU_FAKE_FAKE_GPU_H_
