#include "worker/gpu/runtime/handles.h"

#include "absl/strings/str_cat.h"
#include "common/status/status_macros.h"

namespace paceline::gpu {

absl::StatusOr<Stream> Stream::Create(Gpu* gpu) {
  PL_ASSIGN_OR_RETURN(const StreamHandle handle, gpu->CreateStream());
  return Stream(gpu, handle);
}

Stream::~Stream() {
  if (handle_ != nullptr) gpu_->DestroyStream(handle_);
}

absl::StatusOr<Event> Event::Create(Gpu* gpu) {
  PL_ASSIGN_OR_RETURN(const EventHandle handle, gpu->CreateEvent());
  return Event(gpu, handle);
}

Event::~Event() {
  if (handle_ != nullptr) gpu_->DestroyEvent(handle_);
}

absl::Status ToStatus(const Launched& launched) {
  if (launched.ok()) return absl::OkStatus();
  return absl::InternalError(absl::StrCat("GPU: ", launched.call, ": ", launched.error));
}

}  // namespace paceline::gpu
