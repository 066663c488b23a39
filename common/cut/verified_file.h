// A file of a cut as its manifest describes it. No byte is given out whose block has
// another checksum than the manifest says: where there are several copies of the file,
// the next one is read when one is damaged or gone.
#ifndef PACELINE_COMMON_CUT_VERIFIED_FILE_H_
#define PACELINE_COMMON_CUT_VERIFIED_FILE_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/cut/cut_folder.h"
#include "common/fs.h"
#include "common/sync.h"
#include "proto/node.pb.h"

namespace paceline {

// Asked between pieces of long work; true: give up with Cancelled.
using StopRequested = std::function<bool()>;

// Thread-safe. Each read verifies the blocks that it touches: read whole blocks.
class VerifiedFile final : public ReadableFile {
 public:
  // `file` is an entry of the manifest of the cut in `folder`, which outlives this.
  // Errors:  DataLoss  a name that leaves the folder, another size, or not as many
  //                    checksums as blocks; a file that is not there.
  //          Those of the file system, and of the peer that has the copy. Of several
  //          copies: DataLoss only if none may come back.
  static absl::StatusOr<std::unique_ptr<VerifiedFile>> Open(const CutFolder& folder,
                                                            const v1::CutFile& file);

  // Errors:  DataLoss    a block is damaged; names file and offset.
  //          OutOfRange  the file ends before.
  //          As Open.
  absl::Status ReadAt(std::uint64_t offset, absl::Span<char> out) const override;
  absl::StatusOr<std::uint64_t> Size() const override { return entry_.bytes(); }
  absl::StatusOr<std::int64_t> ModifiedNs() const override;

  // Reads all of it and compares the hash of the whole.
  // Errors:  DataLoss  as ReadAt, or the hash; Cancelled.
  absl::Status VerifyAll(const StopRequested& stop) const;

 private:
  VerifiedFile(const CutFolder& folder, v1::CutFile entry);

  // The copy that is read now.
  std::shared_ptr<const ReadableFile> Current() const ABSL_LOCKS_EXCLUDED(mu_);
  // Leaves `copy`, which failed like that, for the next that opens and has the right
  // size; unless it was left already. Errors: there is none, and why.
  absl::Status NextCopy(const ReadableFile* copy, const absl::Status& why) const
      ABSL_LOCKS_EXCLUDED(mu_);
  absl::Status ReadBlocks(const ReadableFile& file, std::uint64_t offset,
                          absl::Span<char> out) const;

  const CutFolder& folder_;
  const v1::CutFile entry_;
  const std::string path_;
  mutable Mutex mu_;
  mutable std::shared_ptr<const ReadableFile> copy_ ABSL_GUARDED_BY(mu_);
  mutable int next_ ABSL_GUARDED_BY(mu_) = 0;
  // Of the copies that were left: why, the one that may come back if there is one.
  mutable absl::Status why_ ABSL_GUARDED_BY(mu_);
};

}  // namespace paceline

#endif  // PACELINE_COMMON_CUT_VERIFIED_FILE_H_
