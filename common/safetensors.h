// The safetensors file format: named tensors that any language can read without
// running code (github.com/huggingface/safetensors).
//
//   8 bytes    length of the header, little-endian
//   header     JSON: {"name": {"dtype": "F32", "shape": [2, 3], "data_offsets": [0, 24]},
//                     "__metadata__": {"key": "value"}}, padded with spaces
//   data       the tensors, row-major and little-endian, without gaps
//
// Writing streams: all tensors are declared first, then their bytes follow in the
// declared order. The data start at a multiple of 64 bytes. The file is synced,
// but neither renamed nor its folder synced: that is the caller's order to keep.
//
// Reading trusts nothing: lengths, types, shapes, bounds, overlaps and gaps are
// checked before a byte of data is served. Checksums are not part of the format;
// the writer reports them for the caller's manifest.
//
// Limits: header at most 100 MB.
#ifndef PACELINE_COMMON_SAFETENSORS_H_
#define PACELINE_COMMON_SAFETENSORS_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "common/block_crc32c.h"
#include "common/fs.h"
#include "common/safetensors_header.h"
#include "common/xxh3/xxh3.h"

namespace paceline {

// Owned by one thread at a time: its caller's.
class SafetensorsWriter {
 public:
  // Errors: InvalidArgument  a name twice, "__metadata__", not UTF-8, or a size
  //                          beyond 2^63 bytes.
  //         ResourceExhausted  the header is longer than its limit.
  static absl::StatusOr<std::unique_ptr<SafetensorsWriter>> Create(FileSystem& fs,
                                                                   const std::string& path,
                                                                   std::vector<TensorSpec> tensors,
                                                                   const TensorMetadata& metadata);

  // Adds bytes of the tensor `name`: the first that is not complete yet.
  // Errors: InvalidArgument  another tensor's turn, or more bytes than it has.
  absl::Status Append(absl::string_view name, absl::string_view bytes);

  // Syncs and closes. Errors: FailedPrecondition  a tensor is not complete.
  absl::Status Finish();

  // Of the whole file as written so far.
  std::uint64_t file_bytes() const { return file_bytes_; }
  const std::vector<std::uint32_t>& block_crc32c() const { return crc32c_.blocks(); }
  // 32 hex digits.
  std::string file_xxh3() const { return file_xxh3_.Hex(); }

 private:
  SafetensorsWriter(std::string path, std::unique_ptr<WritableFile> file,
                    std::vector<TensorInfo> tensors);
  absl::Status Write(absl::string_view bytes);
  // Steps over tensors that have all their bytes.
  void SkipComplete();

  const std::string path_;
  const std::unique_ptr<WritableFile> file_;
  const std::vector<TensorInfo> tensors_;
  std::size_t current_ = 0;
  std::uint64_t current_bytes_ = 0;
  std::uint64_t file_bytes_ = 0;
  BlockCrc32c crc32c_;
  Xxh3Stream file_xxh3_;
};

// Immutable: Read from several threads at once is fine.
class SafetensorsReader {
 public:
  // Errors: DataLoss  the file is not a valid safetensors file; says where.
  static absl::StatusOr<std::unique_ptr<SafetensorsReader>> Open(FileSystem& fs,
                                                                 const std::string& path);
  // `path` is its name in errors.
  static absl::StatusOr<std::unique_ptr<SafetensorsReader>> Open(std::unique_ptr<ReadableFile> file,
                                                                 const std::string& path);

  // In the order of their data.
  const std::vector<TensorInfo>& tensors() const { return tensors_; }
  const TensorMetadata& metadata() const { return metadata_; }
  // Null if there is none.
  const TensorInfo* Find(absl::string_view name) const;

  // Reads `out.size()` bytes of the tensor from byte `offset` of it.
  // Errors: OutOfRange  beyond the tensor's end.
  absl::Status Read(const TensorInfo& tensor, std::uint64_t offset, absl::Span<char> out) const;

 private:
  SafetensorsReader(std::string path, std::unique_ptr<ReadableFile> file, std::uint64_t data_begin,
                    std::vector<TensorInfo> tensors, TensorMetadata metadata);

  const std::string path_;
  const std::unique_ptr<ReadableFile> file_;
  // Where the data start in the file.
  const std::uint64_t data_begin_;
  const std::vector<TensorInfo> tensors_;
  const TensorMetadata metadata_;
  absl::flat_hash_map<std::string, std::size_t> by_name_;
};

}  // namespace paceline

#endif  // PACELINE_COMMON_SAFETENSORS_H_
