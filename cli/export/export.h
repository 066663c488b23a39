// `pacectl export`: the parameters of a cut in one file that other programs read.
#ifndef PACELINE_CLI_EXPORT_EXPORT_H_
#define PACELINE_CLI_EXPORT_EXPORT_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "cli/environment.h"
#include "cli/exit_code.h"
#include "common/safetensors_header.h"

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
  // In place of cut_id: that of the job's best evaluation.
  bool best = false;
};

// By the file's ending: .npz or .safetensors.
// Errors: InvalidArgument  any other ending.
absl::StatusOr<ExportFormat> ExportFormatOf(const std::string& file);

struct Exported {
  uint64_t cut_id = 0;
  uint64_t job_id = 0;
  std::vector<TensorSpec> arrays;
};

// Downloads the shard files into a temporary folder, verifies sizes and checksums,
// merges them into tables (see cut_tables.h for the arrays) and writes the file; a
// safetensors file says in its metadata of which model it is (export_metadata.h).
// Errors: as SchedulerClient::ReadCut; DataLoss  a file is damaged; NotFound  the job has
//         no best cut.
absl::StatusOr<Exported> WriteExport(const ExportOptions& options, SchedulerClient& client,
                                     Environment& env);

// WriteExport, and prints one line per array.
absl::StatusOr<ExitCode> Export(const ExportOptions& options, SchedulerClient& client,
                                Environment& env);

}  // namespace paceline::cli

#endif  // PACELINE_CLI_EXPORT_EXPORT_H_
