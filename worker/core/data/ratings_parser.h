// Ratings: lines `user,item,rating`, as rows of a batch by fields (Batch::fields = 2).
//
// User and item are whole numbers from 0 to 2^40 - 1: field 0 is the user, field 1 the
// item, each with numbers of its own; the rating is the label. Further columns (a time,
// say) are left out. Spaces around a field are ignored.
//
// Example: `3,17,4.5` is label 4.5 and indices {3, 17}.
//
// Errors of Append, all InvalidArgument: fewer than three fields; a user or item that is
// no such number, or is not below limits.features; a rating that is no finite number.
//
// Immutable.
#ifndef PACELINE_WORKER_CORE_DATA_RATINGS_PARSER_H_
#define PACELINE_WORKER_CORE_DATA_RATINGS_PARSER_H_

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "worker/core/data/record_parser.h"

namespace paceline::worker {

class RatingsParser final : public RecordParser {
 public:
  RatingsParser(char delimiter, const RecordLimits& limits)
      : delimiter_(delimiter), limits_(limits) {}

  bool dense() const override { return false; }
  uint32_t fields() const override { return 2; }
  uint64_t columns() const override { return 0; }
  absl::Status Append(absl::string_view text, Batch* batch) const override;

 private:
  const char delimiter_;
  const RecordLimits limits_;
};

}  // namespace paceline::worker

#endif  // PACELINE_WORKER_CORE_DATA_RATINGS_PARSER_H_
