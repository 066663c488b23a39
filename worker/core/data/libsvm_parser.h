// libsvm text: `label index:value index:value ... # comment`.
//
// Indices count from 1 in the file (feature = index - 1) and ascend strictly
// within a record; tokens are separated by spaces or tabs; the label may have a
// sign (`+1`). A record without features is a row of zeros.
//
// Example: `1 3:0.5 7:2` is label 1 and features {2: 0.5, 6: 2}.
//
// Errors of Append, all InvalidArgument: no number where one belongs, a value or
// label that is not finite (after scaling), an index that is 0, not an integer,
// above 2^64 - 2, not above the one before it, or beyond limits.features; a label
// outside limits.classes.
//
// Immutable.
#ifndef PACELINE_WORKER_CORE_DATA_LIBSVM_PARSER_H_
#define PACELINE_WORKER_CORE_DATA_LIBSVM_PARSER_H_

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "worker/core/data/record_parser.h"

namespace paceline::worker {

class LibsvmParser final : public RecordParser {
 public:
  explicit LibsvmParser(const RecordLimits& limits) : limits_(limits) {}

  bool dense() const override { return false; }
  uint64_t columns() const override { return 0; }
  absl::Status Append(absl::string_view text, Batch* batch) const override;

 private:
  absl::Status AppendFeatures(const char* p, const char* end, Batch* batch) const;

  const RecordLimits limits_;
};

}  // namespace paceline::worker

#endif  // PACELINE_WORKER_CORE_DATA_LIBSVM_PARSER_H_
