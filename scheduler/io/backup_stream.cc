#include "scheduler/io/backup_stream.h"

#include <algorithm>

#include "common/rpc/grpc_status.h"

namespace paceline::scheduler {

BackupStream* BackupStream::Start(absl::StatusOr<std::string> file) {
  if (file.ok()) {
    auto* stream = new BackupStream(*std::move(file));
    stream->SendNext();
    return stream;
  }
  auto* stream = new BackupStream("");
  stream->Finish(ToGrpcStatus(file.status()));
  return stream;
}

void BackupStream::OnWriteDone(bool ok) {
  if (ok) {
    SendNext();
  } else {
    Finish(ToGrpcStatus(absl::CancelledError("the reader has gone")));
  }
}

void BackupStream::SendNext() {
  if (offset_ == file_.size()) {
    Finish(grpc::Status::OK);
    return;
  }
  const size_t bytes = std::min(kChunkBytes, file_.size() - offset_);
  chunk_.set_offset(offset_);
  chunk_.set_data(file_.data() + offset_, bytes);
  offset_ += bytes;
  StartWrite(&chunk_);
}

}  // namespace paceline::scheduler
