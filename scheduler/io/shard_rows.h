// The rows of one shard file of a cut, in the order of their keys, as a stream.
#ifndef PACELINE_SCHEDULER_IO_SHARD_ROWS_H_
#define PACELINE_SCHEDULER_IO_SHARD_ROWS_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "common/cut/cut_folder.h"
#include "common/safetensors.h"
#include "proto/node.pb.h"

namespace paceline::scheduler {

// Memory: at most 1 MiB of rows, or one row if that is more. Thread-compatible.
class ShardRows {
 public:
  // Opens the file that the manifest of the cut in `folder`, which outlives this, has
  // for the shard, and checks that its tensors are those of the shard.
  // Errors:  DataLoss  as VerifiedFile, here and in Next; a tensor is missing or has
  //                    another type or shape; names the file.
  static absl::StatusOr<std::unique_ptr<ShardRows>> Open(const CutFolder& folder,
                                                         const v1::CutFile& file,
                                                         const v1::TableSpec& table,
                                                         const v1::ShardSpec& shard);

  // Number of rows.
  uint64_t count() const { return count_; }

  // Goes to the next row; the first call to the first. False at the end.
  // Errors:  DataLoss  keys do not ascend.
  absl::StatusOr<bool> Next();

  // Of the row that Next went to: its key (dense: its index in the table) and dim
  // little-endian float32.
  uint64_t key() const { return key_; }
  absl::string_view row() const;

 private:
  ShardRows(std::string path, std::unique_ptr<SafetensorsReader> reader);
  absl::Status Fill();

  const std::string path_;
  const std::unique_ptr<SafetensorsReader> reader_;
  const TensorInfo* rows_ = nullptr;
  // Null: dense.
  const TensorInfo* keys_ = nullptr;
  uint64_t first_row_ = 0;
  uint64_t row_bytes_ = 0;
  uint64_t count_ = 0;
  // Rows before the buffer, rows in it, and the next one in it.
  uint64_t before_ = 0;
  uint64_t buffered_ = 0;
  uint64_t next_ = 0;
  uint64_t key_ = 0;
  bool started_ = false;
  std::vector<char> row_buffer_;
  std::vector<uint64_t> key_buffer_;
};

}  // namespace paceline::scheduler

#endif  // PACELINE_SCHEDULER_IO_SHARD_ROWS_H_
