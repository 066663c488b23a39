// Where the traces of tasks lie: each beside the file that --trace names.
//
//   t.json -> t.job-1.rank-0.1.json
#ifndef PACELINE_WORKER_CORE_TRACE_TRACE_PATH_H_
#define PACELINE_WORKER_CORE_TRACE_TRACE_PATH_H_

#include <cstdint>
#include <string>

#include "absl/strings/string_view.h"

namespace paceline::worker {

// `file` with job, rank and incarnation before its extension.
std::string TracePath(absl::string_view file, uint64_t job_id, uint32_t rank, uint64_t incarnation);

// Whether `path` is, by its form, that of a task's trace beside `file`.
bool IsTracePath(absl::string_view file, absl::string_view path);

}  // namespace paceline::worker

#endif  // PACELINE_WORKER_CORE_TRACE_TRACE_PATH_H_
