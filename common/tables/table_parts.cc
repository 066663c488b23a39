#include "common/tables/table_parts.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_format.h"

namespace paceline {

absl::Status Between(absl::string_view field, uint64_t value, uint64_t low, uint64_t high) {
  if (value >= low && value <= high) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrFormat("%s: %d to %d expected, got %d", field, low, high, value));
}

v1::TableSpec DenseTable(std::string name, uint64_t rows, uint32_t dim) {
  v1::InitializerSpec zeros;
  zeros.set_kind(v1::INITIALIZER_KIND_ZEROS);
  return DenseTable(std::move(name), rows, dim, zeros);
}

v1::TableSpec DenseTable(std::string name, uint64_t rows, uint32_t dim,
                         const v1::InitializerSpec& initializer) {
  v1::TableSpec table;
  table.set_name(std::move(name));
  table.set_kind(v1::TABLE_KIND_DENSE);
  table.set_rows(rows);
  table.set_dim(dim);
  table.set_fan_in(static_cast<uint32_t>(std::min<uint64_t>(rows, UINT32_MAX)));
  table.set_fan_out(dim);
  *table.mutable_initializer() = initializer;
  return table;
}

v1::TableSpec KeyedTable(v1::TableKind kind, v1::TableSpec table) {
  if (kind == v1::TABLE_KIND_SPARSE) {
    table.set_kind(kind);
    table.clear_rows();
  }
  return table;
}

}  // namespace paceline
