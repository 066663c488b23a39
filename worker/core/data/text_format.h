// What a job says of a text data file, as the scanner and parser that read it.
#ifndef PACELINE_WORKER_CORE_DATA_TEXT_FORMAT_H_
#define PACELINE_WORKER_CORE_DATA_TEXT_FORMAT_H_

#include <functional>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "proto/job.pb.h"
#include "worker/core/data/category_parser.h"
#include "worker/core/data/record_parser.h"
#include "worker/core/data/record_scanner.h"

namespace paceline::worker {

// Immutable.
struct TextFormat {
  TextSyntax syntax;
  // The first line names the columns and is not a record.
  bool header = false;
  RecordLimits limits;
  // Makes the parser for a file with this first line.
  // Errors:  InvalidArgument  the line does not fit the job.
  std::function<absl::StatusOr<std::unique_ptr<RecordParser>>(absl::string_view first_line)>
      make_parser;
  // Everything that decides which records are good and what they hold.
  std::string key;
};

// The features, classes and scale of a data section.
RecordLimits LimitsOf(const v1::DataSpec& spec);

// Format libsvm, csv, ratings or criteo. Absent options take the defaults of the job file.
// `form` is that of records with categories.
// Errors:  InvalidArgument  another format, or a delimiter that is not one character.
absl::StatusOr<TextFormat> MakeTextFormat(const v1::DataFile& file, const v1::DataSpec& spec,
                                          CategoryForm form = CategoryForm::kCsr);

}  // namespace paceline::worker

#endif  // PACELINE_WORKER_CORE_DATA_TEXT_FORMAT_H_
