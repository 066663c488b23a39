#include "cli/job_file.h"

#include <filesystem>
#include <system_error>

#include "absl/strings/str_cat.h"
#include "common/status/status_macros.h"

namespace paceline::cli {
namespace {

// The folder of a file, with symbolic links resolved, so that `..` in a job file
// means what it means to the file system.
std::string FolderOf(const std::string& path) {
  std::error_code error;
  const std::filesystem::path absolute = std::filesystem::absolute(path, error);
  const std::filesystem::path folder = absolute.parent_path();
  const std::filesystem::path real = std::filesystem::weakly_canonical(folder, error);
  return error ? folder.lexically_normal().string() : real.string();
}

void CheckExists(FileSystem& fs, const std::string& path, const std::string& file,
                 std::vector<Problem>* problems) {
  if (!file.empty() && !fs.Exists(file)) {
    problems->push_back(Complaint(path, absl::StrCat("no such file: ", file)));
  }
}

}  // namespace

absl::StatusOr<ParsedSpec> ReadJobFile(FileSystem& fs, const std::string& path) {
  absl::StatusOr<std::string> text = ReadFile(fs, path, kMaxSpecBytes);
  if (!text.ok()) {
    return absl::InvalidArgumentError(text.status().message());
  }
  return ReadSpec(*text, FormatOf(path), FolderOf(path));
}

absl::Status ProblemsOf(const std::string& file, const std::vector<Problem>& problems) {
  std::string text;
  for (const Problem& problem : problems) {
    absl::StrAppend(&text, text.empty() ? "" : "\n", ToString(problem, file));
  }
  return problems.empty() ? absl::OkStatus() : absl::InvalidArgumentError(text);
}

absl::StatusOr<v1::JobSpec> LoadJobFile(FileSystem& fs, const std::string& path) {
  PL_ASSIGN_OR_RETURN(const ParsedSpec parsed, ReadJobFile(fs, path));
  PL_RETURN_IF_ERROR(ProblemsOf(path, parsed.problems));
  return parsed.spec;
}

std::vector<Problem> MissingFiles(FileSystem& fs, const v1::JobSpec& spec) {
  std::vector<Problem> problems;
  CheckExists(fs, "data.train.path", spec.data().train().path(), &problems);
  CheckExists(fs, "data.train.labels", spec.data().train().labels(), &problems);
  CheckExists(fs, "data.eval.path", spec.data().eval().path(), &problems);
  CheckExists(fs, "data.eval.labels", spec.data().eval().labels(), &problems);
  CheckExists(fs, "start.weights", spec.start().weights(), &problems);
  return problems;
}

}  // namespace paceline::cli
