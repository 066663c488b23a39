// The bytes of a data file as its format sees them: a name that ends in .gz is
// gunzipped, once.
//
// Unpacked bytes are kept in a file in `cache_dir`, `<hash>.unpacked`, found again
// by the path, size and modification time of the original; without a cache_dir
// they are kept in memory, up to kMaxUnpackedMemory. The cache file is the bytes
// followed by a footer of four uint64 (little-endian): "PLUNPACK", size, a hash
// over the bytes, a hash of what it was unpacked from. It is checked whole when
// opened, and made anew if stale or damaged. Any number of processes may make it
// at once: each writes a file of its own and renames it.
//
// Thread-compatible.
#ifndef PACELINE_WORKER_IO_DATA_DATA_BYTES_H_
#define PACELINE_WORKER_IO_DATA_DATA_BYTES_H_

#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "common/fs.h"

namespace paceline::worker {

class DataBytes {
 public:
  static constexpr uint64_t kMaxUnpackedMemory = uint64_t{1} << 30;

  // Every error names the path.
  // Errors:  NotFound, PermissionDenied, ...  of opening the file.
  //          InvalidArgument    empty; .gz and not gzip, or gzip and not .gz.
  //          DataLoss           gzip data cut off or damaged.
  //          ResourceExhausted  no cache_dir and too large for memory; disk full.
  static absl::StatusOr<std::unique_ptr<DataBytes>> Open(
      FileSystem* fs, const std::string& path, const std::string& cache_dir,
      uint64_t max_unpacked_memory = kMaxUnpackedMemory);

  const std::string& path() const { return path_; }
  // Of the unpacked bytes.
  uint64_t size() const { return size_; }
  // Path, size and modification time of the original when it was opened.
  const std::string& fingerprint() const { return fingerprint_; }

  // Fills `out` from `offset`.
  // Errors:  OutOfRange  beyond size(). Those of reading a file.
  absl::Status ReadAt(uint64_t offset, absl::Span<char> out) const;

  // Errors:  DataLoss  the original is not as it was when it was opened.
  absl::Status CheckUnchanged() const;

 private:
  DataBytes(std::string path, std::unique_ptr<ReadableFile> original, std::string fingerprint);

  absl::Status OpenUnpacked(FileSystem* fs, const std::string& cache_dir, uint64_t max_memory);
  absl::Status UnpackToMemory(uint64_t max_bytes);
  absl::Status UnpackToFile(FileSystem* fs, const std::string& unpacked);
  absl::Status OpenCacheFile(FileSystem* fs, const std::string& unpacked);

  const std::string path_;
  const std::unique_ptr<ReadableFile> original_;
  const std::string fingerprint_;
  // Where the bytes are: in unpacked_ if it is set, else in memory_ if in_memory_,
  // else in the original.
  std::unique_ptr<ReadableFile> unpacked_;
  bool in_memory_ = false;
  std::string memory_;
  uint64_t size_ = 0;
};

}  // namespace paceline::worker

#endif  // PACELINE_WORKER_IO_DATA_DATA_BYTES_H_
