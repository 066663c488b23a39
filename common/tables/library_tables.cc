#include "common/tables/library_tables.h"

#include <algorithm>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_split.h"
#include "common/status/status_macros.h"
#include "common/tables/sharding.h"

namespace paceline {
namespace {

constexpr size_t kMaxNameBytes = 63;

bool IsLetterOrDigit(unsigned char c) { return absl::ascii_islower(c) || absl::ascii_isdigit(c); }

absl::Status Between(const std::string& field, uint64_t value, uint64_t high) {
  if (value >= 1 && value <= high) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrFormat("%s: 1 to %d expected, got %d", field, high, value));
}

absl::StatusOr<v1::TableSpec> OneTable(const v1::LibraryTableSpec& given, const std::string& field,
                                       uint64_t features, uint32_t classes) {
  const uint64_t rows = given.rows() == 0 ? features : given.rows();
  const uint32_t dim = given.dim() == 0 ? classes : given.dim();
  PL_RETURN_IF_ERROR(
      Between(absl::StrCat(field, given.dim() == 0 ? ".dim: 0, the number of classes" : ".dim"),
              dim, kMaxDim));
  v1::TableSpec table;
  table.set_name(given.name());
  table.set_kind(given.kind());
  table.set_dim(dim);
  if (given.kind() != v1::TABLE_KIND_SPARSE) {
    PL_RETURN_IF_ERROR(Between(
        absl::StrCat(field, given.rows() == 0 ? ".rows: 0, the number of features" : ".rows"), rows,
        kMaxRows));
    table.set_rows(rows);
  }
  table.set_fan_in(static_cast<uint32_t>(std::min<uint64_t>(rows, UINT32_MAX)));
  table.set_fan_out(dim);
  *table.mutable_initializer() = given.initializer();
  table.set_no_decay(given.no_decay());
  return table;
}

}  // namespace

bool IsLibraryTableName(absl::string_view name) {
  if (name.size() > kMaxNameBytes || absl::EndsWith(name, ".keys") ||
      absl::EndsWith(name, ".rows")) {
    return false;
  }
  const std::vector<absl::string_view> parts = absl::StrSplit(name, '/');
  return std::all_of(parts.begin(), parts.end(), [](absl::string_view part) {
    return !part.empty() && IsLetterOrDigit(part.front()) &&
           std::all_of(part.begin(), part.end(), [](unsigned char c) {
             return IsLetterOrDigit(c) || c == '.' || c == '_' || c == '-';
           });
  });
}

absl::StatusOr<std::vector<v1::TableSpec>> LibraryTables(const v1::ModelSpec& model,
                                                         uint64_t features, uint32_t classes) {
  const v1::LibrarySpec& library = model.library();
  PL_RETURN_IF_ERROR(Between("model.library.tables: number of tables",
                             static_cast<uint64_t>(library.tables_size()), kMaxLibraryTables));
  std::vector<v1::TableSpec> tables;
  for (int t = 0; t < library.tables_size(); ++t) {
    const std::string field = absl::StrCat("model.library.tables[", t, "]");
    if (!IsLibraryTableName(library.tables(t).name())) {
      return absl::InvalidArgumentError(
          absl::StrCat(field, ".name: a table's name expected, got ", library.tables(t).name()));
    }
    PL_ASSIGN_OR_RETURN(tables.emplace_back(),
                        OneTable(library.tables(t), field, features, classes));
  }
  std::sort(tables.begin(), tables.end(),
            [](const auto& a, const auto& b) { return a.name() < b.name(); });
  const auto twice =
      std::adjacent_find(tables.begin(), tables.end(),
                         [](const auto& a, const auto& b) { return a.name() == b.name(); });
  if (twice != tables.end()) {
    return absl::InvalidArgumentError(absl::StrCat(
        "model.library.tables: every name once expected, got ", twice->name(), " twice"));
  }
  return tables;
}

}  // namespace paceline
