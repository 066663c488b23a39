// A BackupState call: the bytes of a backup file, in chunks.
#ifndef PACELINE_SCHEDULER_IO_BACKUP_STREAM_H_
#define PACELINE_SCHEDULER_IO_BACKUP_STREAM_H_

#include <grpcpp/support/server_callback.h>

#include <cstdint>
#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "proto/cluster.pb.h"

namespace paceline::scheduler {

// Owns itself; deleted by OnDone.
class BackupStream final : public grpc::ServerWriteReactor<v1::BackupChunk> {
 public:
  // Bytes of a chunk at most.
  static constexpr size_t kChunkBytes = size_t{1} << 20;

  // Sends the file, or finishes with the error.
  static BackupStream* Start(absl::StatusOr<std::string> file);

  void OnWriteDone(bool ok) override;
  void OnDone() override { delete this; }

 private:
  explicit BackupStream(std::string file) : file_(std::move(file)) {}
  void SendNext();

  const std::string file_;
  size_t offset_ = 0;
  v1::BackupChunk chunk_;
};

}  // namespace paceline::scheduler

#endif  // PACELINE_SCHEDULER_IO_BACKUP_STREAM_H_
