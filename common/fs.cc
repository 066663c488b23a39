#include "common/fs.h"

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "common/status/status_macros.h"

namespace paceline {

absl::StatusOr<std::string> ReadFile(FileSystem& fs, const std::string& path,
                                     std::uint64_t limit_bytes) {
  PL_ASSIGN_OR_RETURN(const std::unique_ptr<ReadableFile> file, fs.OpenForRead(path));
  PL_ASSIGN_OR_RETURN(const std::uint64_t size, file->Size());
  if (size > limit_bytes) {
    return absl::ResourceExhaustedError(
        absl::StrCat(path, ": at most ", limit_bytes, " bytes expected, got ", size));
  }
  std::string contents(size, '\0');
  PL_RETURN_IF_ERROR(file->ReadAt(0, absl::MakeSpan(contents)));
  return contents;
}

absl::Status WriteFileDurably(FileSystem& fs, const std::string& path, absl::string_view contents) {
  const std::string temporary = absl::StrCat(path, ".tmp");
  PL_ASSIGN_OR_RETURN(const std::unique_ptr<WritableFile> file, fs.OpenForWrite(temporary));
  PL_RETURN_IF_ERROR(file->Append(contents));
  PL_RETURN_IF_ERROR(file->Sync());
  PL_RETURN_IF_ERROR(file->Close());
  PL_RETURN_IF_ERROR(fs.Rename(temporary, path));
  return fs.SyncDir(DirName(path));
}

std::string JoinPath(absl::string_view dir, absl::string_view name) {
  if (dir.empty() || absl::StartsWith(name, "/")) return std::string(name);
  return absl::StrCat(dir, absl::EndsWith(dir, "/") ? "" : "/", name);
}

std::string DirName(absl::string_view path) {
  const std::size_t slash = path.rfind('/');
  if (slash == absl::string_view::npos) return ".";
  if (slash == 0) return "/";
  return std::string(path.substr(0, slash));
}

}  // namespace paceline
