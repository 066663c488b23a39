// Copies between the host's tensors and a GPU.
//
// Tensors that lie in pinned memory (worker/core/tensor_memory.h) are copied from and to
// where they are; small ones, and those for which there was no such memory, go by way of a
// pinned buffer.
#ifndef PACELINE_WORKER_GPU_MODELS_COPIES_H_
#define PACELINE_WORKER_GPU_MODELS_COPIES_H_

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "worker/gpu/runtime/handles.h"

namespace paceline::worker {

// To one place of the device again and again. Thread-compatible.
class CopyIn {
 public:
  static absl::StatusOr<CopyIn> Create(gpu::Gpu* gpu, const std::string& what);

  // Both ends stay as they are until `copied()` has happened.
  absl::Status Start(const void* host, uint64_t bytes, void* device, const gpu::Stream& stream);

  // Around the last copy.
  const gpu::Event& begun() const { return begun_; }
  const gpu::Event& copied() const { return copied_; }

 private:
  CopyIn(gpu::Gpu* gpu, const std::string& what, gpu::Event begun, gpu::Event copied);

  gpu::Gpu* const gpu_;
  gpu::PinnedBuffer detour_;
  gpu::Event begun_;
  gpu::Event copied_;
};

// From the device. Thread-compatible.
class CopyOut {
 public:
  static absl::StatusOr<CopyOut> Create(gpu::Gpu* gpu, const std::string& what);

  // Behind all that `source` has now. Both ends stay until Finish.
  absl::Status Start(const void* device, uint64_t bytes, void* host, const gpu::Stream& source,
                     const gpu::Stream& stream);
  // Waits until the bytes are there.
  absl::Status Finish();

  const gpu::Event& begun() const { return begun_; }
  const gpu::Event& copied() const { return copied_; }

 private:
  CopyOut(gpu::Gpu* gpu, const std::string& what, gpu::Event ready, gpu::Event begun,
          gpu::Event copied);

  gpu::Gpu* const gpu_;
  gpu::PinnedBuffer detour_;
  gpu::Event ready_;
  gpu::Event begun_;
  gpu::Event copied_;
  void* host_ = nullptr;
  uint64_t bytes_ = 0;
  bool by_detour_ = false;
};

}  // namespace paceline::worker

#endif  // PACELINE_WORKER_GPU_MODELS_COPIES_H_
