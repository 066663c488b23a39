#include "worker/core/trace/trace_path.h"

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

namespace paceline::worker {
namespace {

// Where the extension begins: the end if there is none. A name's first dot hides the file.
size_t ExtensionOf(absl::string_view file) {
  const size_t slash = file.rfind('/');
  const size_t name = slash == absl::string_view::npos ? 0 : slash + 1;
  const size_t dot = file.rfind('.');
  return dot == absl::string_view::npos || dot <= name ? file.size() : dot;
}

}  // namespace

std::string TracePath(absl::string_view file, uint64_t job_id, uint32_t rank,
                      uint64_t incarnation) {
  const size_t extension = ExtensionOf(file);
  return absl::StrCat(file.substr(0, extension), ".job-", job_id, ".rank-", rank, ".", incarnation,
                      file.substr(extension));
}

bool IsTracePath(absl::string_view file, absl::string_view path) {
  const size_t extension = ExtensionOf(file);
  return absl::StartsWith(path, absl::StrCat(file.substr(0, extension), ".job-")) &&
         absl::EndsWith(path, file.substr(extension)) &&
         absl::StrContains(path.substr(extension), ".rank-");
}

}  // namespace paceline::worker
