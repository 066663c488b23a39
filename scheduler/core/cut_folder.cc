#include "scheduler/core/cut_folder.h"

#include "absl/strings/str_cat.h"

namespace paceline::scheduler {

std::string CutRoot(const v1::JobSpec& spec, absl::string_view data_dir) {
  const std::string& dir = spec.checkpoint().dir();
  return dir.empty() ? std::string(data_dir) : dir;
}

std::string CutMark(absl::string_view root, absl::string_view cluster_id) {
  return absl::StrCat(root, "/.paceline-", cluster_id);
}

}  // namespace paceline::scheduler
