// The text of a record by its number, through a record index.
//
// Reads only what is asked for, plus kReadAhead when records are asked for in file
// order. Owned by one thread; bytes and index must outlive it.
#ifndef PACELINE_WORKER_IO_DATA_RECORD_READER_H_
#define PACELINE_WORKER_IO_DATA_RECORD_READER_H_

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "worker/core/data/record_index.h"
#include "worker/core/data/record_scanner.h"
#include "worker/io/data/data_bytes.h"

namespace paceline::worker {

class RecordReader {
 public:
  static constexpr uint64_t kReadAhead = uint64_t{256} << 10;

  RecordReader(const DataBytes* bytes, const RecordIndex* index, const TextSyntax& syntax)
      : bytes_(bytes), index_(index), syntax_(syntax) {}

  // The text of `record` < index.records; valid until the next Read.
  // Errors:  DataLoss  there is no such record where the index says.
  //          Those of reading the file.
  absl::StatusOr<absl::string_view> Read(uint64_t record);

 private:
  // The bytes [begin, end) of the file; valid until the next call.
  absl::StatusOr<absl::string_view> Bytes(uint64_t begin, uint64_t end);

  const DataBytes* const bytes_;
  const RecordIndex* const index_;
  const TextSyntax syntax_;
  // Bytes of the file from window_begin_ on.
  std::string window_;
  uint64_t window_begin_ = 0;
  std::string text_;
};

}  // namespace paceline::worker

#endif  // PACELINE_WORKER_IO_DATA_RECORD_READER_H_
