#include "common/process/file_tail.h"

#include <algorithm>

#include "absl/strings/str_split.h"
#include "common/status/status_macros.h"

namespace paceline {

absl::StatusOr<std::vector<std::string>> ReadTail(FileSystem& fs, const std::string& path,
                                                  std::size_t max_lines, std::uint64_t max_bytes) {
  PL_ASSIGN_OR_RETURN(const std::unique_ptr<ReadableFile> file, fs.OpenForRead(path));
  PL_ASSIGN_OR_RETURN(const std::uint64_t size, file->Size());
  std::string text(std::min(size, max_bytes), '\0');
  PL_RETURN_IF_ERROR(file->ReadAt(size - text.size(), absl::MakeSpan(text)));
  if (!text.empty() && text.back() == '\n') text.pop_back();
  if (text.empty()) return std::vector<std::string>();

  std::vector<std::string> lines = absl::StrSplit(text, '\n');
  if (lines.size() > max_lines) {
    lines.erase(lines.begin(), lines.end() - static_cast<std::ptrdiff_t>(max_lines));
  }
  for (std::string& line : lines) {
    std::replace_if(
        line.begin(), line.end(),
        [](char c) { return (static_cast<unsigned char>(c) < 0x20 && c != '\t') || c == 0x7f; },
        '?');
  }
  return lines;
}

}  // namespace paceline
