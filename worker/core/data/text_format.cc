#include "worker/core/data/text_format.h"

#include <bit>
#include <cstdint>
#include <utility>

#include "absl/strings/str_cat.h"
#include "worker/core/data/csv_parser.h"
#include "worker/core/data/libsvm_parser.h"
#include "worker/core/data/number.h"

namespace paceline::worker {

namespace {

std::string LimitsKey(const RecordLimits& limits) {
  return absl::StrCat("scale=", absl::Hex(std::bit_cast<uint32_t>(limits.scale)),
                      " features=", limits.features, " classes=", limits.classes);
}

TextFormat LibsvmFormat(const RecordLimits& limits) {
  TextFormat format;
  format.syntax.comment = '#';
  format.limits = limits;
  format.make_parser =
      [limits](absl::string_view) -> absl::StatusOr<std::unique_ptr<RecordParser>> {
    return std::make_unique<LibsvmParser>(limits);
  };
  format.key = absl::StrCat("libsvm ", LimitsKey(limits));
  return format;
}

absl::StatusOr<TextFormat> CsvFormat(const v1::DataFile& file, const RecordLimits& limits) {
  CsvOptions options;
  options.limits = limits;
  options.header = file.header();
  if (!file.label().empty()) options.label = file.label();
  if (!file.delimiter().empty()) options.delimiter = file.delimiter()[0];
  if (file.delimiter().size() > 1 || options.delimiter == '"' || options.delimiter == '\n' ||
      options.delimiter == '\r') {
    return absl::InvalidArgumentError(
        absl::StrCat("delimiter ", Quoted(file.delimiter()),
                     ": one character other than a quote or a line break expected"));
  }
  TextFormat format;
  format.syntax.quoted = true;
  format.syntax.delimiter = options.delimiter;
  format.header = options.header;
  format.limits = limits;
  format.make_parser =
      [options](absl::string_view first_line) -> absl::StatusOr<std::unique_ptr<RecordParser>> {
    return CsvParser::Create(options, first_line);
  };
  format.key =
      absl::StrCat("csv label=", Quoted(options.label), " header=", options.header,
                   " delimiter=", static_cast<int>(options.delimiter), " ", LimitsKey(limits));
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

absl::StatusOr<TextFormat> MakeTextFormat(const v1::DataFile& file, const v1::DataSpec& spec) {
  const RecordLimits limits = LimitsOf(spec);
  switch (file.format()) {
    case v1::DATA_FORMAT_LIBSVM:
      return LibsvmFormat(limits);
    case v1::DATA_FORMAT_CSV:
      return CsvFormat(file, limits);
    default:
      return absl::InvalidArgumentError(
          absl::StrCat("format libsvm or csv expected, got ", v1::DataFormat_Name(file.format())));
  }
}

}  // namespace paceline::worker
