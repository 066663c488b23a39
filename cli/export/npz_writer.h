// NumPy's .npz: a zip archive of uncompressed .npy arrays, written front to back.
//
// The archive is always in the Zip64 form, so that no array or file is too large.
// `numpy.load("x.npz")["name"]` reads it.
#ifndef PACELINE_CLI_EXPORT_NPZ_WRITER_H_
#define PACELINE_CLI_EXPORT_NPZ_WRITER_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "common/fs.h"
#include "common/safetensors_header.h"

namespace paceline::cli {

// The .npy header of an array: "\x93NUMPY", version 1.0, a dictionary, padded to 64.
std::string NpyHeader(const TensorSpec& array);

// Owned by one thread.
class NpzWriter {
 public:
  explicit NpzWriter(std::unique_ptr<WritableFile> file) : file_(std::move(file)) {}

  // Begins the next array; the one before must be complete.
  // Errors: FailedPrecondition  it is not.
  absl::Status Begin(const TensorSpec& array);
  // Errors: InvalidArgument  more bytes than the array has.
  absl::Status Append(absl::string_view bytes);
  // Writes the directory, syncs and closes.
  // Errors: FailedPrecondition  the last array is not complete.
  absl::Status Finish();

 private:
  struct Entry {
    std::string name;
    std::uint64_t offset = 0;
    std::uint64_t bytes = 0;
    std::uint32_t crc = 0;
  };

  absl::Status Write(absl::string_view bytes);
  absl::Status Content(absl::string_view bytes);
  absl::Status EndEntry();

  const std::unique_ptr<WritableFile> file_;
  std::vector<Entry> entries_;
  std::uint64_t written_ = 0;
  std::uint64_t missing_ = 0;
  bool open_ = false;
};

}  // namespace paceline::cli

#endif  // PACELINE_CLI_EXPORT_NPZ_WRITER_H_
