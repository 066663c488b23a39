// Walks the rows of a sparse shard file in the order of their keys.
#ifndef PACELINE_CLI_EXPORT_SHARD_CURSOR_H_
#define PACELINE_CLI_EXPORT_SHARD_CURSOR_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "common/safetensors.h"

namespace paceline::cli {

// Reads keys, and rows if asked for, in blocks of about 64 KiB. Owned by one thread;
// the reader outlives it.
class ShardCursor {
 public:
  // `reader` has tensors `keys` U64 [n] and `rows` F32 [n, dim].
  ShardCursor(const SafetensorsReader* reader, bool with_rows);

  // Steps to the first row, then to the next one; `done` after the last.
  // Errors: DataLoss  a key that is not greater than the one before.
  absl::Status Next();

  bool done() const { return done_; }
  uint64_t key() const { return keys_[in_block_]; }
  // Bytes of the row, with `with_rows`.
  absl::string_view row() const {
    return absl::string_view(rows_).substr(in_block_ * row_bytes_, row_bytes_);
  }

 private:
  absl::Status LoadBlock();

  const SafetensorsReader* const reader_;
  const bool with_rows_;
  const uint64_t count_;
  const uint64_t row_bytes_;
  // Rows before the block, and in it.
  uint64_t block_begin_ = 0;
  uint64_t in_block_ = 0;
  std::vector<uint64_t> keys_;
  std::string rows_;
  bool done_ = false;
};

}  // namespace paceline::cli

#endif  // PACELINE_CLI_EXPORT_SHARD_CURSOR_H_
