// Where the records of a text file lie, and what a first pass over them found.
//
// Offsets are kept for every `stride`-th record, stride a power of two chosen so
// that there are at most kMaxOffsets of them: an index takes at most 64 MiB,
// however many records the file has.
//
// File form (little-endian): "PLINDEX2", then key length and key, stride, records,
// file_bytes, features, classes, number of offsets and offsets, number of bad
// records and their numbers, number of shown bad records and for each record,
// line, reason length and reason; at the end the XXH3 of all that. Numbers are
// uint64.
#ifndef PACELINE_WORKER_CORE_DATA_RECORD_INDEX_H_
#define PACELINE_WORKER_CORE_DATA_RECORD_INDEX_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace paceline::worker {

// A record that could not be read.
struct BadRecord {
  // Counted from 0.
  uint64_t record = 0;
  // Of its first line, counted from 1.
  uint64_t line = 0;
  std::string reason;

  friend bool operator==(const BadRecord&, const BadRecord&) = default;
};

// Thread-compatible.
struct RecordIndex {
  static constexpr uint64_t kMaxOffsets = uint64_t{1} << 23;
  static constexpr uint64_t kMaxShownBad = 10;

  uint64_t stride = 1;
  uint64_t records = 0;
  uint64_t file_bytes = 0;
  // Largest feature index + 1, over the good records.
  uint64_t features = 0;
  // Largest label + 1 if every label is an integer from 0 to 2^24, else 0.
  uint32_t classes = 0;
  // offsets[i] is the first byte of record i * stride.
  std::vector<uint64_t> offsets;
  // Numbers of all bad records, ascending, and details of the first ten.
  std::vector<uint64_t> bad;
  std::vector<BadRecord> shown_bad;

  bool IsBad(uint64_t record) const;

  // Bytes [begin, end) hold record `record` and the others of its stride.
  uint64_t GroupBegin(uint64_t record) const { return offsets[record / stride]; }
  uint64_t GroupEnd(uint64_t record) const;

  friend bool operator==(const RecordIndex&, const RecordIndex&) = default;
};

// Collects an index record by record. Owned by one thread.
class RecordIndexBuilder {
 public:
  explicit RecordIndexBuilder(uint64_t max_offsets = RecordIndex::kMaxOffsets)
      : max_offsets_(max_offsets) {}

  // The next record, in file order: good with its label and the largest feature
  // index + 1, or bad with a reason.
  void AddGood(uint64_t offset, float label, uint64_t features);
  void AddBad(uint64_t offset, uint64_t line, absl::string_view reason);

  const RecordIndex& index() const { return index_; }

  // Ends the collection.
  RecordIndex Finish(uint64_t file_bytes);

 private:
  void AddOffset(uint64_t offset);

  const uint64_t max_offsets_;
  RecordIndex index_;
  bool class_labels_ = true;
  float largest_label_ = -1;
};

// `key` says what the index was built from.
std::string EncodeRecordIndex(const RecordIndex& index, absl::string_view key);

// Errors:  DataLoss            not an index, cut off, or its checksum is wrong.
//          FailedPrecondition  built for another key.
absl::StatusOr<RecordIndex> DecodeRecordIndex(absl::string_view bytes, absl::string_view key);

}  // namespace paceline::worker

#endif  // PACELINE_WORKER_CORE_DATA_RECORD_INDEX_H_
