// A file of a cut as its manifest describes it. No byte is given out whose block has
// another checksum than the manifest says.
#ifndef PACELINE_COMMON_CUT_VERIFIED_FILE_H_
#define PACELINE_COMMON_CUT_VERIFIED_FILE_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/fs.h"
#include "proto/node.pb.h"

namespace paceline {

// Asked between pieces of long work; true: give up with Cancelled.
using StopRequested = std::function<bool()>;

// Thread-safe. Each read verifies the blocks that it touches: read whole blocks.
class VerifiedFile final : public ReadableFile {
 public:
  // `file` is an entry of the manifest of the cut in `dir`.
  // Errors:  DataLoss  a name that leaves the folder, another size, or not as many
  //                    checksums as blocks; a file that is not there.
  //          Those of the file system.
  static absl::StatusOr<std::unique_ptr<VerifiedFile>> Open(FileSystem& fs, const std::string& dir,
                                                            const v1::CutFile& file);

  // Errors:  DataLoss    a block is damaged; names file and offset.
  //          OutOfRange  the file ends before.
  absl::Status ReadAt(std::uint64_t offset, absl::Span<char> out) const override;
  absl::StatusOr<std::uint64_t> Size() const override { return entry_.bytes(); }
  absl::StatusOr<std::int64_t> ModifiedNs() const override { return file_->ModifiedNs(); }

  // Reads all of it and compares the hash of the whole.
  // Errors:  DataLoss  as ReadAt, or the hash; Cancelled.
  absl::Status VerifyAll(const StopRequested& stop) const;

 private:
  VerifiedFile(std::string path, v1::CutFile entry, std::unique_ptr<ReadableFile> file)
      : path_(std::move(path)), entry_(std::move(entry)), file_(std::move(file)) {}

  const std::string path_;
  const v1::CutFile entry_;
  const std::unique_ptr<ReadableFile> file_;
};

}  // namespace paceline

#endif  // PACELINE_COMMON_CUT_VERIFIED_FILE_H_
