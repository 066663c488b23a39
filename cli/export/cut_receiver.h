// Receives the files of a cut, piece by piece, and trusts none of them before its
// size and checksum are those of the manifest.
#ifndef PACELINE_CLI_EXPORT_CUT_RECEIVER_H_
#define PACELINE_CLI_EXPORT_CUT_RECEIVER_H_

#include <cstdint>
#include <map>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/fs.h"
#include "common/xxh3/xxh3.h"
#include "proto/cluster.pb.h"
#include "proto/node.pb.h"

namespace paceline::cli {

// The manifest comes first; the pieces of a file come in order, file after file.
// Owned by one thread.
class CutReceiver {
 public:
  // Files go into `folder`, which exists.
  CutReceiver(FileSystem& fs, std::string folder) : fs_(fs), folder_(std::move(folder)) {}

  // Errors: DataLoss            a file that the manifest does not name, a gap, or a
  //                             size or checksum that is not the manifest's.
  //         FailedPrecondition  a newer format version; names both.
  absl::Status Add(const v1::CutChunk& chunk);

  // All files have come.
  // Errors: DataLoss  one is missing, or as Add.
  absl::StatusOr<v1::CutManifest> Finish();

 private:
  absl::Status Begin(const std::string& name);
  absl::Status EndFile();
  absl::Status ReadManifest();

  FileSystem& fs_;
  const std::string folder_;
  v1::CutManifest manifest_;
  bool has_manifest_ = false;
  // Files that the manifest names and that have not come.
  std::map<std::string, v1::CutFile> expected_;

  // The file that is coming.
  std::string name_;
  std::string manifest_text_;
  std::unique_ptr<WritableFile> file_;
  std::unique_ptr<Xxh3Stream> hash_;
  uint64_t bytes_ = 0;
};

}  // namespace paceline::cli

#endif  // PACELINE_CLI_EXPORT_CUT_RECEIVER_H_
