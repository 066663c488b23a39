#include "worker/core/models/ctr/field_rows.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_format.h"

namespace paceline::worker {

FieldRows::FieldRows(v1::TableSpec table, uint32_t fields)
    : table_(std::move(table)), fields_(fields) {}

absl::Status FieldRows::Find(const Batch& batch, const TableRows& table) {
  const bool sparse = table_.kind() == v1::TABLE_KIND_SPARSE;
  rows_.resize(batch.size() * fields_);
  for (uint64_t i = 0; i < batch.size(); ++i) {
    for (uint32_t field = 0; field < fields_; ++field) {
      const uint64_t key = batch.indices[i * batch.fields + field];
      uint64_t& row = rows_[i * fields_ + field];
      if (!sparse) {
        if (key >= table_.rows()) {
          return absl::InvalidArgumentError(
              absl::StrFormat("batch record %d, field %d: a key below %d expected, got %d", i,
                              field, table_.rows(), key));
        }
        row = key;
        continue;
      }
      const auto at = std::lower_bound(table.keys.begin(), table.keys.end(), key);
      if (at == table.keys.end() || *at != key) {
        return absl::InvalidArgumentError(
            absl::StrFormat("batch record %d, field %d: key %d is not among the %d keys of table "
                            "%s",
                            i, field, key, table.keys.size(), table_.name()));
      }
      row = static_cast<uint64_t>(at - table.keys.begin());
    }
  }
  return absl::OkStatus();
}

}  // namespace paceline::worker
