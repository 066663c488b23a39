// A ReadCut call: the files of a committed cut, manifest first, in chunks.
#ifndef PACELINE_SCHEDULER_IO_CUT_STREAM_H_
#define PACELINE_SCHEDULER_IO_CUT_STREAM_H_

#include <grpcpp/support/server_callback.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/cut/cut_folder.h"
#include "common/cut/held_cuts.h"
#include "common/fs.h"
#include "proto/cluster.pb.h"
#include "proto/node.pb.h"
#include "scheduler/io/coordinator.h"

namespace paceline::scheduler {

// Reads a cut's folder chunk by chunk. Thread-compatible.
class CutReader {
 public:
  // Bytes of a chunk at most.
  static constexpr uint64_t kChunkBytes = uint64_t{1} << 20;

  // `cuts` outlives the reader.
  // Errors:  as HeldCuts::Manifest.
  static absl::StatusOr<std::unique_ptr<CutReader>> Open(const HeldCuts* cuts,
                                                         const CommittedCut& cut);

  // The next chunk; an empty file yields one without data. False after the last.
  // Errors:  DataLoss  a file is not what the manifest says; and those of the file system.
  absl::StatusOr<bool> Next(v1::CutChunk* chunk);

 private:
  CutReader(std::string json, v1::CutManifest manifest)
      : json_(std::move(json)), manifest_(std::move(manifest)) {}

  // manifest.json; the shard files come after it.
  const std::string json_;
  const v1::CutManifest manifest_;
  std::unique_ptr<CutFolder> folder_;
  // Of the file that is being read; 0 is the manifest.
  int index_ = 0;
  std::unique_ptr<ReadableFile> file_;
  uint64_t size_ = 0;
  uint64_t offset_ = 0;
};

// Owns itself; deleted by OnDone. Files are read on gRPC's threads, one chunk at a time.
class CutStream final : public grpc::ServerWriteReactor<v1::CutChunk> {
 public:
  // Sends the cut, or finishes with the error.
  static CutStream* Start(const HeldCuts* cuts, const absl::StatusOr<CommittedCut>& cut);

  void OnWriteDone(bool ok) override;
  void OnDone() override { delete this; }

 private:
  CutStream() = default;
  void SendNext();

  std::unique_ptr<CutReader> reader_;
  v1::CutChunk chunk_;
};

}  // namespace paceline::scheduler

#endif  // PACELINE_SCHEDULER_IO_CUT_STREAM_H_
