#include "worker/gpu/models/copies.h"

#include <cstring>
#include <utility>

#include "common/status/status_macros.h"
#include "worker/core/tensor_memory.h"

namespace paceline::worker {
namespace {

bool IsPinned(const void* host, uint64_t bytes) {
  const std::shared_ptr<const TensorBlock> block = TensorMemory::Get().Find(host, bytes);
  return block != nullptr && block->pinned();
}

}  // namespace

absl::StatusOr<CopyIn> CopyIn::Create(gpu::Gpu* gpu, const std::string& what) {
  PL_ASSIGN_OR_RETURN(gpu::Event begun, gpu::Event::Create(gpu));
  PL_ASSIGN_OR_RETURN(gpu::Event copied, gpu::Event::Create(gpu));
  return CopyIn(gpu, what, std::move(begun), std::move(copied));
}

CopyIn::CopyIn(gpu::Gpu* gpu, const std::string& what, gpu::Event begun, gpu::Event copied)
    : gpu_(gpu), detour_(gpu, what), begun_(std::move(begun)), copied_(std::move(copied)) {}

absl::Status CopyIn::Start(const void* host, uint64_t bytes, void* device,
                           const gpu::Stream& stream) {
  const void* from = host;
  if (bytes > 0 && !IsPinned(host, bytes)) {
    // The copy before may still read it.
    PL_RETURN_IF_ERROR(copied_.Synchronize());
    PL_RETURN_IF_ERROR(detour_.Reserve(bytes));
    std::memcpy(detour_.data(), host, bytes);
    from = detour_.data();
  }
  PL_RETURN_IF_ERROR(begun_.Record(stream));
  if (bytes > 0) PL_RETURN_IF_ERROR(gpu_->CopyToDevice(device, from, bytes, stream.get()));
  return copied_.Record(stream);
}

absl::StatusOr<CopyOut> CopyOut::Create(gpu::Gpu* gpu, const std::string& what) {
  PL_ASSIGN_OR_RETURN(gpu::Event ready, gpu::Event::Create(gpu));
  PL_ASSIGN_OR_RETURN(gpu::Event begun, gpu::Event::Create(gpu));
  PL_ASSIGN_OR_RETURN(gpu::Event copied, gpu::Event::Create(gpu));
  return CopyOut(gpu, what, std::move(ready), std::move(begun), std::move(copied));
}

CopyOut::CopyOut(gpu::Gpu* gpu, const std::string& what, gpu::Event ready, gpu::Event begun,
                 gpu::Event copied)
    : gpu_(gpu),
      detour_(gpu, what),
      ready_(std::move(ready)),
      begun_(std::move(begun)),
      copied_(std::move(copied)) {}

absl::Status CopyOut::Start(const void* device, uint64_t bytes, void* host,
                            const gpu::Stream& source, const gpu::Stream& stream) {
  host_ = host;
  bytes_ = bytes;
  by_detour_ = bytes > 0 && !IsPinned(host, bytes);
  if (by_detour_) PL_RETURN_IF_ERROR(detour_.Reserve(bytes));
  PL_RETURN_IF_ERROR(ready_.Record(source));
  PL_RETURN_IF_ERROR(ready_.HoldBack(stream));
  PL_RETURN_IF_ERROR(begun_.Record(stream));
  if (bytes > 0) {
    PL_RETURN_IF_ERROR(
        gpu_->CopyToHost(by_detour_ ? detour_.data() : host, device, bytes, stream.get()));
  }
  return copied_.Record(stream);
}

absl::Status CopyOut::Finish() {
  PL_RETURN_IF_ERROR(copied_.Synchronize());
  if (by_detour_) std::memcpy(host_, detour_.data(), bytes_);
  return absl::OkStatus();
}

}  // namespace paceline::worker
