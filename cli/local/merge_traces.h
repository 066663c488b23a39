// One trace of all ranks, out of those that their tasks have written.
#ifndef PACELINE_CLI_LOCAL_MERGE_TRACES_H_
#define PACELINE_CLI_LOCAL_MERGE_TRACES_H_

#include <string>

#include "absl/status/status.h"
#include "common/fs.h"

namespace paceline::cli {

// Writes the events of all tasks' traces beside `file` (worker/core/trace/trace_path.h) to
// `to`, as one JSON array with one event a line. A trace whose writer was killed counts as
// far as it goes. Without traces the array is empty.
// Errors: those of the files.
absl::Status MergeTraces(FileSystem& fs, const std::string& file, const std::string& to);

}  // namespace paceline::cli

#endif  // PACELINE_CLI_LOCAL_MERGE_TRACES_H_
