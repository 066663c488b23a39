// A table by key as the fields of a batch see it.
#ifndef PACELINE_WORKER_CORE_MODELS_CTR_FIELD_ROWS_H_
#define PACELINE_WORKER_CORE_MODELS_CTR_FIELD_ROWS_H_

#include <cstdint>
#include <vector>

#include "absl/status/status.h"
#include "absl/types/span.h"
#include "worker/core/model.h"

namespace paceline::worker {

// Owned by one thread: the runner's.
class FieldRows {
 public:
  // Of the first `fields` keys of each record.
  FieldRows(v1::TableSpec table, uint32_t fields);

  uint32_t fields() const { return fields_; }

  // Finds the row of each key: the key itself in a dense table, its place among the keys in
  // a sparse one. The batch has at least as many fields.
  // Errors:  InvalidArgument  a key that is not there, naming record and field.
  absl::Status Find(const Batch& batch, const TableRows& table);

  // What was found, of one record [fields].
  absl::Span<const uint64_t> Of(uint64_t record) const {
    return absl::MakeConstSpan(rows_).subspan(record * fields_, fields_);
  }

 private:
  const v1::TableSpec table_;
  const uint32_t fields_;
  // [n, fields]
  std::vector<uint64_t> rows_;
};

}  // namespace paceline::worker

#endif  // PACELINE_WORKER_CORE_MODELS_CTR_FIELD_ROWS_H_
