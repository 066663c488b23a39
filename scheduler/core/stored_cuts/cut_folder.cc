#include "scheduler/core/stored_cuts/cut_folder.h"

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "common/cut/held_cuts.h"

namespace paceline::scheduler {
namespace {

constexpr absl::string_view kMarkPrefix = ".paceline-";

}  // namespace

std::string CutRoot(const v1::JobSpec& spec, absl::string_view data_dir) {
  const std::string& dir = spec.checkpoint().dir();
  return dir.empty() ? std::string(data_dir) : dir;
}

std::string CutsDir(const v1::JobSpec& spec, absl::string_view data_dir,
                    absl::string_view cluster_id, uint64_t job_id) {
  const v1::CheckpointSpec& checkpoint = spec.checkpoint();
  if (checkpoint.replicas() > 0) return HeldCutsDir(cluster_id, job_id);
  // Each job has a folder of its own, also where several name the same one.
  return checkpoint.dir().empty() ? absl::StrCat(data_dir, "/jobs/", job_id)
                                  : absl::StrCat(checkpoint.dir(), "/job-", job_id);
}

std::string CutDir(absl::string_view checkpoint_dir, uint64_t cut_id) {
  return absl::StrFormat("%s/%08d", checkpoint_dir, cut_id);
}

std::string CutMark(absl::string_view root, absl::string_view cluster_id) {
  return absl::StrCat(root, "/", kMarkPrefix, cluster_id);
}

bool IsCutMark(absl::string_view name) { return absl::StartsWith(name, kMarkPrefix); }

}  // namespace paceline::scheduler
