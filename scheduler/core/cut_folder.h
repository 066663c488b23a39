// Where cuts lie.
//
//   <root>                 checkpoint.dir, or the scheduler's --data-dir
//   <root>/.paceline-ID    the mark of the cluster ID: who sees it shares the folder
//
// Pure functions.
#ifndef PACELINE_SCHEDULER_CORE_CUT_FOLDER_H_
#define PACELINE_SCHEDULER_CORE_CUT_FOLDER_H_

#include <string>

#include "absl/strings/string_view.h"
#include "proto/job.pb.h"

namespace paceline::scheduler {

// Under which the job's files lie, with those of other jobs.
std::string CutRoot(const v1::JobSpec& spec, absl::string_view data_dir);

// Path of the mark that a scheduler leaves in a root before it places a job there.
std::string CutMark(absl::string_view root, absl::string_view cluster_id);

}  // namespace paceline::scheduler

#endif  // PACELINE_SCHEDULER_CORE_CUT_FOLDER_H_
