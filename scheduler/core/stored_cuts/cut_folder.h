// Where cuts lie.
//
//   <root>                 checkpoint.dir, or the scheduler's --data-dir
//   <root>/.paceline-ID    the mark of the cluster ID: who sees it shares the folder
//   <root>/jobs/12         cuts of job 12, or, in a folder that the user named,
//   <root>/job-12
//   <root>/job-12/00000003 its cut 3
//
// Those of a job with checkpoint.replicas: common/cut/held_cuts.h.
//
// Pure functions.
#ifndef PACELINE_SCHEDULER_CORE_STORED_CUTS_CUT_FOLDER_H_
#define PACELINE_SCHEDULER_CORE_STORED_CUTS_CUT_FOLDER_H_

#include <cstdint>
#include <string>

#include "absl/strings/string_view.h"
#include "proto/job.pb.h"

namespace paceline::scheduler {

// Under which the job's files lie, with those of other jobs.
std::string CutRoot(const v1::JobSpec& spec, absl::string_view data_dir);

// The folder of a job's cuts, and of one of them.
std::string CutsDir(const v1::JobSpec& spec, absl::string_view data_dir,
                    absl::string_view cluster_id, uint64_t job_id);
std::string CutDir(absl::string_view checkpoint_dir, uint64_t cut_id);

// Path of the mark that a scheduler leaves in a root before it places a job there.
std::string CutMark(absl::string_view root, absl::string_view cluster_id);

// Whether a file of this name is the mark of some cluster.
bool IsCutMark(absl::string_view name);

}  // namespace paceline::scheduler

#endif  // PACELINE_SCHEDULER_CORE_STORED_CUTS_CUT_FOLDER_H_
