#include "worker/core/data/category_parser.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "common/status/status_macros.h"
#include "worker/core/data/category_hash.h"
#include "worker/core/data/csv_fields.h"
#include "worker/core/data/number.h"

namespace paceline::worker {

namespace {

absl::StatusOr<float> NumberOf(absl::string_view field) {
  float value = 0;
  const char* end = field.data() + field.size();
  if (field.empty() || ReadNumber(field.data(), end, &value) != end) return NumberError(field);
  return value;
}

absl::Status InColumn(const std::string& column, const absl::Status& status) {
  return absl::InvalidArgumentError(absl::StrCat(column, ": ", status.message()));
}

// The fields of the members of one cross.
absl::StatusOr<std::vector<uint64_t>> FindMembers(const std::vector<std::string>& cross,
                                                  const CsvColumns& columns) {
  if (cross.size() < 2) {
    return absl::InvalidArgumentError("cross: two columns or more expected");
  }
  std::vector<uint64_t> members;
  for (const std::string& name : cross) {
    PL_ASSIGN_OR_RETURN(const uint64_t column, columns.Find("cross", name));
    if (columns.roles[column] != ColumnRole::kCategory) {
      return absl::InvalidArgumentError(
          absl::StrCat("cross ", Quoted(name), ": a column of categories expected"));
    }
    members.push_back(static_cast<uint64_t>(
        std::count(columns.roles.begin(), columns.roles.begin() + column, ColumnRole::kCategory)));
  }
  return members;
}

}  // namespace

CategoryParser::CategoryParser(CategoryOptions options, CsvColumns columns, Crosses crosses)
    : options_(std::move(options)),
      columns_(std::move(columns)),
      crosses_(std::move(crosses)),
      numbers_(columns_.Count(ColumnRole::kNumber)),
      categories_(columns_.Count(ColumnRole::kCategory)) {}

absl::StatusOr<std::unique_ptr<CategoryParser>> CategoryParser::Create(CategoryOptions options,
                                                                       CsvColumns columns) {
  Crosses crosses;
  for (const std::vector<std::string>& cross : options.crosses) {
    PL_ASSIGN_OR_RETURN(std::vector<uint64_t> members, FindMembers(cross, columns));
    crosses.push_back(std::move(members));
  }
  std::unique_ptr<CategoryParser> parser(
      new CategoryParser(std::move(options), std::move(columns), std::move(crosses)));
  const uint64_t given = parser->options_.limits.features;
  if (given != 0 && given != parser->features()) {
    return absl::InvalidArgumentError(
        absl::StrCat(parser->numbers_, " columns of numbers and ", parser->options_.hash_buckets,
                     " hash buckets make ", parser->features(), " features; ", given, " expected"));
  }
  return parser;
}

uint32_t CategoryParser::fields() const {
  if (options_.form != CategoryForm::kFields) return 0;
  return static_cast<uint32_t>(categories_ + crosses_.size());
}

uint64_t CategoryParser::columns() const {
  return options_.form == CategoryForm::kFields ? numbers_ : 0;
}

absl::Status CategoryParser::Append(absl::string_view text, Batch* batch) const {
  const size_t indices = batch->indices.size();
  const size_t values = batch->values.size();
  const size_t dense = batch->dense_values.size();
  float label = 0;
  Hashes hashes;
  absl::Status status = AppendFields(text, &label, &hashes, batch);
  if (status.ok()) status = CheckLabel(label, options_.limits);
  if (!status.ok()) {
    batch->indices.resize(indices);
    batch->values.resize(values);
    batch->dense_values.resize(dense);
    return status;
  }
  AppendKeys(&hashes, batch);
  batch->labels.push_back(label);
  return absl::OkStatus();
}

absl::Status CategoryParser::AppendFields(absl::string_view text, float* label, Hashes* hashes,
                                          Batch* batch) const {
  const uint64_t fields = columns_.roles.size();
  CsvFields walk(text, options_.delimiter, options_.quotes);
  uint64_t column = 0;
  uint64_t number = 0;
  for (; walk.Next(); ++column) {
    if (column >= fields) continue;  // counted for the message
    const absl::string_view field = absl::StripAsciiWhitespace(walk.text());
    switch (columns_.roles[column]) {
      case ColumnRole::kIgnored:
        break;
      case ColumnRole::kCategory:
        hashes->push_back(HashCategory(hashes->size(), field));
        break;
      case ColumnRole::kNumber:
        PL_RETURN_IF_ERROR(AppendNumber(column, number++, field, batch));
        break;
      case ColumnRole::kLabel: {
        const absl::StatusOr<float> value = NumberOf(field);
        if (!value.ok()) return InColumn(columns_.Name(column), value.status());
        *label = *value;
      }
    }
  }
  PL_RETURN_IF_ERROR(walk.status());
  if (column != fields) {
    return absl::InvalidArgumentError(
        absl::StrCat(fields, " fields separated by ",
                     Quoted(absl::string_view(&options_.delimiter, 1)), " expected, got ", column));
  }
  return absl::OkStatus();
}

absl::Status CategoryParser::AppendNumber(uint64_t column, uint64_t number, absl::string_view field,
                                          Batch* batch) const {
  const bool csr = options_.form == CategoryForm::kCsr;
  if (field.empty()) {
    if (!csr) batch->dense_values.push_back(0);
    return absl::OkStatus();
  }
  const absl::StatusOr<float> read = NumberOf(field);
  if (!read.ok()) return InColumn(columns_.Name(column), read.status());
  float value = *read;
  if (options_.log_numbers) {
    value = static_cast<float>(std::copysign(std::log1p(std::abs(double{value})), value));
  }
  value *= options_.limits.scale;
  if (!std::isfinite(value)) {
    return absl::InvalidArgumentError(absl::StrCat(
        columns_.Name(column), ": not finite after scaling by ", options_.limits.scale));
  }
  if (csr) {
    batch->indices.push_back(number);
    batch->values.push_back(value);
  } else {
    batch->dense_values.push_back(value);
  }
  return absl::OkStatus();
}

void CategoryParser::AppendKeys(Hashes* hashes, Batch* batch) const {
  for (const std::vector<uint64_t>& cross : crosses_) {
    CrossHash hash(hashes->size());
    for (const uint64_t member : cross) hash.Add((*hashes)[member]);
    hashes->push_back(hash.hash());
  }
  for (uint64_t& hash : *hashes) hash %= options_.hash_buckets;
  if (options_.form == CategoryForm::kFields) {
    batch->indices.insert(batch->indices.end(), hashes->begin(), hashes->end());
    return;
  }
  std::sort(hashes->begin(), hashes->end());
  for (size_t i = 0; i < hashes->size(); ++i) {
    if (i > 0 && (*hashes)[i] == (*hashes)[i - 1]) {
      batch->values.back() += 1;
      continue;
    }
    batch->indices.push_back(numbers_ + (*hashes)[i]);
    batch->values.push_back(1);
  }
  batch->offsets.push_back(batch->indices.size());
}

}  // namespace paceline::worker
