// In which form a command prints its data.
#ifndef PACELINE_CLI_OUTPUT_H_
#define PACELINE_CLI_OUTPUT_H_

#include <ostream>
#include <string>

#include "absl/strings/string_view.h"

namespace paceline::cli {

enum class OutputFormat {
  // For people; with more columns; the names alone, one a line.
  kTable,
  kWide,
  kName,
  // For programs: the same data.
  kJson,
  kYaml,
  // A line for each record.
  kCsv,
};

// kJson or kYaml.
bool IsData(OutputFormat format);

// JSON as YAML: the same order, and texts quoted wherever they could be anything but texts.
// `json` is whole and valid.
std::string JsonToYaml(absl::string_view json);

// Prints JSON as it is, or as YAML. Several documents in a row are told apart by `---`.
void PrintData(absl::string_view json, OutputFormat format, std::ostream& out);

}  // namespace paceline::cli

#endif  // PACELINE_CLI_OUTPUT_H_
