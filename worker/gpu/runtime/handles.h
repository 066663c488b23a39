// What is taken of a GPU, and given back: each belongs to one owner and outlives what
// uses it, and the GPU outlives them all.
#ifndef PACELINE_WORKER_GPU_RUNTIME_HANDLES_H_
#define PACELINE_WORKER_GPU_RUNTIME_HANDLES_H_

#include <cstdint>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "worker/gpu/runtime/gpu.h"

namespace paceline::gpu {

// Memory that only grows: a steady state takes nothing. Reserve loses the contents, and
// waits for all work when it must grow.
//
//   DeviceBuffer z(gpu, "outputs of layer 0");
//   PL_RETURN_IF_ERROR(z.Reserve(n * m * sizeof(float)));
//   BiasActivation(..., z.as<float>(), ...)
//
// Thread-compatible.
template <bool kPinned>
class GpuBuffer {
 public:
  // `what` is for the error when memory is short.
  GpuBuffer(Gpu* gpu, std::string what) : gpu_(gpu), what_(std::move(what)) {}
  ~GpuBuffer() { Drop(); }
  GpuBuffer(GpuBuffer&& other) noexcept
      : gpu_(other.gpu_),
        what_(std::move(other.what_)),
        data_(std::exchange(other.data_, nullptr)),
        capacity_(std::exchange(other.capacity_, 0)) {}
  GpuBuffer& operator=(GpuBuffer&&) = delete;

  // At least `bytes`.
  absl::Status Reserve(uint64_t bytes) {
    if (bytes <= capacity_) return absl::OkStatus();
    // Sizes that vary from batch to batch settle soon.
    const uint64_t wanted = capacity_ == 0 ? bytes : bytes + bytes / 4;
    Drop();
    absl::StatusOr<void*> data =
        kPinned ? gpu_->AllocatePinned(wanted, what_) : gpu_->Allocate(wanted, what_);
    if (!data.ok()) return std::move(data).status();
    data_ = *data;
    capacity_ = wanted;
    return absl::OkStatus();
  }

  template <typename T>
  T* as() const {
    return static_cast<T*>(data_);
  }
  void* data() const { return data_; }
  uint64_t capacity() const { return capacity_; }

 private:
  void Drop() {
    if (data_ == nullptr) return;
    kPinned ? gpu_->FreePinned(data_) : gpu_->Free(data_);
    data_ = nullptr;
    capacity_ = 0;
  }

  Gpu* const gpu_;
  std::string what_;
  void* data_ = nullptr;
  uint64_t capacity_ = 0;
};

using DeviceBuffer = GpuBuffer<false>;
using PinnedBuffer = GpuBuffer<true>;

class Stream {
 public:
  static absl::StatusOr<Stream> Create(Gpu* gpu);
  ~Stream();
  Stream(Stream&& other) noexcept
      : gpu_(other.gpu_), handle_(std::exchange(other.handle_, nullptr)) {}
  Stream& operator=(Stream&&) = delete;

  StreamHandle get() const { return handle_; }

 private:
  Stream(Gpu* gpu, StreamHandle handle) : gpu_(gpu), handle_(handle) {}
  Gpu* const gpu_;
  StreamHandle handle_;
};

class Event {
 public:
  static absl::StatusOr<Event> Create(Gpu* gpu);
  ~Event();
  Event(Event&& other) noexcept
      : gpu_(other.gpu_), handle_(std::exchange(other.handle_, nullptr)) {}
  Event& operator=(Event&&) = delete;

  EventHandle get() const { return handle_; }
  absl::Status Record(const Stream& stream) const { return gpu_->Record(handle_, stream.get()); }
  absl::Status Synchronize() const { return gpu_->Synchronize(handle_); }
  // What comes later on `stream` waits for this.
  absl::Status HoldBack(const Stream& stream) const { return gpu_->Wait(stream.get(), handle_); }

 private:
  Event(Gpu* gpu, EventHandle handle) : gpu_(gpu), handle_(handle) {}
  Gpu* const gpu_;
  EventHandle handle_;
};

// What a launcher says, as a status.
absl::Status ToStatus(const Launched& launched);

}  // namespace paceline::gpu

#endif  // PACELINE_WORKER_GPU_RUNTIME_HANDLES_H_
