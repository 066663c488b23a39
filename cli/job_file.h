// Job files on this machine.
#ifndef PACELINE_CLI_JOB_FILE_H_
#define PACELINE_CLI_JOB_FILE_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/fs.h"
#include "common/spec/problem.h"
#include "common/spec/read.h"
#include "proto/job.pb.h"

namespace paceline::cli {

// Reads and checks a job file; its problems are in the result.
// Errors: InvalidArgument  the file cannot be read.
absl::StatusOr<ParsedSpec> ReadJobFile(FileSystem& fs, const std::string& path);

// A spec without problems, or all of them, one "FILE:LINE: PATH: ..." per line.
// Errors: InvalidArgument
absl::StatusOr<v1::JobSpec> LoadJobFile(FileSystem& fs, const std::string& path);

// One problem per line.
absl::Status ProblemsOf(const std::string& file, const std::vector<Problem>& problems);

// Files of the spec that this machine does not have.
std::vector<Problem> MissingFiles(FileSystem& fs, const v1::JobSpec& spec);

}  // namespace paceline::cli

#endif  // PACELINE_CLI_JOB_FILE_H_
