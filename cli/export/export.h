// `pacectl export`: the parameters of a cut in one file that other programs read.
#ifndef PACELINE_CLI_EXPORT_EXPORT_H_
#define PACELINE_CLI_EXPORT_EXPORT_H_

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "cli/environment.h"
#include "cli/exit_code.h"

namespace paceline::cli {

class SchedulerClient;

enum class ExportFormat { kSafetensors, kNpz };

struct ExportOptions {
  uint64_t job_id = 0;
  // 0: the newest.
  uint64_t cut_id = 0;
  // Replaced, if it exists, once the new one is whole.
  std::string file;
  ExportFormat format = ExportFormat::kSafetensors;
};

// By the file's ending: .npz or .safetensors.
// Errors: InvalidArgument  any other ending.
absl::StatusOr<ExportFormat> ExportFormatOf(const std::string& file);

// Downloads the shard files into a temporary folder, verifies sizes and checksums,
// merges them into tables (see cut_tables.h for the arrays) and writes the file.
// Prints one line per array.
// Errors: as SchedulerClient::ReadCut; DataLoss  a file is damaged.
absl::StatusOr<ExitCode> Export(const ExportOptions& options, SchedulerClient& client,
                                Environment& env);

}  // namespace paceline::cli

#endif  // PACELINE_CLI_EXPORT_EXPORT_H_
