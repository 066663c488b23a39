#include "worker/core/data/text_format.h"

#include <bit>
#include <cstdint>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "common/status/status_macros.h"
#include "worker/core/data/csv_columns.h"
#include "worker/core/data/csv_parser.h"
#include "worker/core/data/libsvm_parser.h"
#include "worker/core/data/number.h"
#include "worker/core/data/ratings_parser.h"

namespace paceline::worker {

namespace {

std::string LimitsKey(const RecordLimits& limits) {
  return absl::StrCat("scale=", absl::Hex(std::bit_cast<uint32_t>(limits.scale)),
                      " features=", limits.features, " classes=", limits.classes);
}

TextFormat LibsvmFormat(const RecordLimits& limits) {
  TextFormat format;
  format.syntax.delimiter = 0;
  format.syntax.comment = '#';
  format.limits = limits;
  format.make_parser =
      [limits](absl::string_view) -> absl::StatusOr<std::unique_ptr<RecordParser>> {
    return std::make_unique<LibsvmParser>(limits);
  };
  format.key = absl::StrCat("libsvm ", LimitsKey(limits));
  return format;
}

absl::StatusOr<char> DelimiterOf(const v1::DataFile& file) {
  const char delimiter = file.delimiter().empty() ? ',' : file.delimiter()[0];
  if (file.delimiter().size() > 1 || delimiter == '"' || delimiter == '\n' || delimiter == '\r') {
    return absl::InvalidArgumentError(
        absl::StrCat("delimiter ", Quoted(file.delimiter()),
                     ": one character other than a quote or a line break expected"));
  }
  return delimiter;
}

template <typename Names>
std::string NamesKey(const Names& names) {
  return absl::StrJoin(names, ",", [](std::string* out, const std::string& name) {
    absl::StrAppend(out, name.size(), ":", name);
  });
}

// What the job says of categories; the file's delimiter and limits are the caller's.
CategoryOptions CategoriesOf(const v1::DataSpec& spec, bool log_numbers, CategoryForm form) {
  CategoryOptions options;
  options.form = form;
  if (spec.hash_buckets() != 0) options.hash_buckets = spec.hash_buckets();
  for (const v1::CrossSpec& cross : spec.crosses()) {
    options.crosses.emplace_back(cross.columns().begin(), cross.columns().end());
  }
  options.log_numbers = spec.has_log_numbers() ? spec.log_numbers() : log_numbers;
  return options;
}

std::string CategoriesKey(const CategoryOptions& options) {
  std::string key = absl::StrCat(" form=", static_cast<int>(options.form),
                                 " buckets=", options.hash_buckets, " log=", options.log_numbers);
  for (const auto& cross : options.crosses) absl::StrAppend(&key, " cross=", NamesKey(cross));
  return key;
}

absl::StatusOr<TextFormat> CsvFormat(const v1::DataFile& file, const v1::DataSpec& spec,
                                     CategoryForm form) {
  CsvOptions options;
  options.limits = LimitsOf(spec);
  options.header = file.header();
  if (!file.label().empty()) options.label = file.label();
  options.categories.assign(file.categories().begin(), file.categories().end());
  options.ignore.assign(file.ignore().begin(), file.ignore().end());
  PL_ASSIGN_OR_RETURN(options.delimiter, DelimiterOf(file));
  TextFormat format;
  format.syntax.quoted = true;
  format.syntax.delimiter = options.delimiter;
  format.header = options.header;
  format.limits = options.limits;
  format.key = absl::StrCat("csv label=", Quoted(options.label), " header=", options.header,
                            " delimiter=", static_cast<int>(options.delimiter),
                            " ignore=", NamesKey(options.ignore), " ", LimitsKey(options.limits));
  if (options.categories.empty()) {
    format.make_parser =
        [options](absl::string_view first_line) -> absl::StatusOr<std::unique_ptr<RecordParser>> {
      return CsvParser::Create(options, first_line);
    };
    return format;
  }
  CategoryOptions categories = CategoriesOf(spec, /*log_numbers=*/false, form);
  categories.delimiter = options.delimiter;
  categories.quotes = true;
  categories.limits = options.limits;
  absl::StrAppend(&format.key, " categories=", NamesKey(options.categories),
                  CategoriesKey(categories));
  format.make_parser =
      [options,
       categories](absl::string_view first_line) -> absl::StatusOr<std::unique_ptr<RecordParser>> {
    PL_ASSIGN_OR_RETURN(CsvColumns columns, ReadCsvColumns(options, first_line));
    return CategoryParser::Create(categories, std::move(columns));
  };
  return format;
}

TextFormat CriteoFormat(const v1::DataSpec& spec, CategoryForm form) {
  CategoryOptions options = CategoriesOf(spec, /*log_numbers=*/true, form);
  options.limits = LimitsOf(spec);
  // A click or none.
  options.limits.classes = 2;
  TextFormat format;
  format.syntax.delimiter = options.delimiter;
  format.limits = options.limits;
  format.key = absl::StrCat("criteo ", LimitsKey(options.limits), CategoriesKey(options));
  format.make_parser =
      [options](absl::string_view) -> absl::StatusOr<std::unique_ptr<RecordParser>> {
    return CategoryParser::Create(options, CriteoColumns());
  };
  return format;
}

absl::StatusOr<TextFormat> RatingsFormat(const v1::DataFile& file, const v1::DataSpec& spec) {
  PL_ASSIGN_OR_RETURN(const char delimiter, DelimiterOf(file));
  TextFormat format;
  format.syntax.delimiter = delimiter;
  format.header = file.header();
  format.limits = LimitsOf(spec);
  format.key =
      absl::StrCat("ratings header=", format.header, " delimiter=", static_cast<int>(delimiter),
                   " ", LimitsKey(format.limits));
  format.make_parser = [delimiter, limits = format.limits](
                           absl::string_view) -> absl::StatusOr<std::unique_ptr<RecordParser>> {
    return std::make_unique<RatingsParser>(delimiter, limits);
  };
  return format;
}

}  // namespace

RecordLimits LimitsOf(const v1::DataSpec& spec) {
  RecordLimits limits;
  if (spec.has_scale()) limits.scale = static_cast<float>(spec.scale());
  limits.features = spec.features();
  limits.classes = spec.classes();
  return limits;
}

absl::StatusOr<TextFormat> MakeTextFormat(const v1::DataFile& file, const v1::DataSpec& spec,
                                          CategoryForm form) {
  switch (file.format()) {
    case v1::DATA_FORMAT_LIBSVM:
      return LibsvmFormat(LimitsOf(spec));
    case v1::DATA_FORMAT_CSV:
      return CsvFormat(file, spec, form);
    case v1::DATA_FORMAT_RATINGS:
      return RatingsFormat(file, spec);
    case v1::DATA_FORMAT_CRITEO:
      return CriteoFormat(spec, form);
    default:
      return absl::InvalidArgumentError(
          absl::StrCat("format libsvm, csv, ratings or criteo expected, got ",
                       v1::DataFormat_Name(file.format())));
  }
}

}  // namespace paceline::worker
