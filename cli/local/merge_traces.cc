#include "cli/local/merge_traces.h"

#include <algorithm>
#include <cstdint>
#include <memory>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"
#include "absl/types/span.h"
#include "common/status/status_macros.h"
#include "worker/core/trace/trace_path.h"

namespace paceline::cli {
namespace {

// Traces may be larger than memory.
constexpr uint64_t kPiece = uint64_t{1} << 20;

// Writes events as lines of an array.
class EventWriter {
 public:
  explicit EventWriter(std::unique_ptr<WritableFile> file) : file_(std::move(file)) {}

  // A line of a trace; what is no event is left out.
  absl::Status Add(absl::string_view line) {
    const absl::string_view event = absl::StripSuffix(line, ",");
    if (!absl::StartsWith(event, "{")) return absl::OkStatus();
    absl::StrAppend(&text_, any_ ? ",\n" : "[\n", event);
    any_ = true;
    return text_.size() < kPiece ? absl::OkStatus() : Flush();
  }
  absl::Status Finish() {
    absl::StrAppend(&text_, any_ ? "\n]\n" : "[]\n");
    PL_RETURN_IF_ERROR(Flush());
    return file_->Close();
  }

 private:
  absl::Status Flush() {
    const absl::Status written = file_->Append(text_);
    text_.clear();
    return written;
  }

  const std::unique_ptr<WritableFile> file_;
  std::string text_;
  bool any_ = false;
};

// Lines that have an end: the last may be torn.
absl::Status AddLines(FileSystem& fs, const std::string& path, EventWriter* writer) {
  PL_ASSIGN_OR_RETURN(const std::unique_ptr<ReadableFile> file, fs.OpenForRead(path));
  PL_ASSIGN_OR_RETURN(const uint64_t size, file->Size());
  std::string piece;
  std::string line;
  for (uint64_t at = 0; at < size; at += piece.size()) {
    piece.resize(std::min(kPiece, size - at));
    PL_RETURN_IF_ERROR(file->ReadAt(at, absl::MakeSpan(piece)));
    absl::string_view rest = piece;
    for (size_t end = rest.find('\n'); end != absl::string_view::npos; end = rest.find('\n')) {
      absl::StrAppend(&line, rest.substr(0, end));
      PL_RETURN_IF_ERROR(writer->Add(line));
      line.clear();
      rest.remove_prefix(end + 1);
    }
    absl::StrAppend(&line, rest);
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status MergeTraces(FileSystem& fs, const std::string& file, const std::string& to) {
  const std::string folder = DirName(file);
  PL_ASSIGN_OR_RETURN(const std::vector<std::string> names, fs.List(folder));
  PL_ASSIGN_OR_RETURN(std::unique_ptr<WritableFile> merged, fs.OpenForWrite(to));
  EventWriter writer(std::move(merged));
  for (const std::string& name : names) {
    const std::string path = JoinPath(folder, name);
    if (worker::IsTracePath(file, path)) PL_RETURN_IF_ERROR(AddLines(fs, path, &writer));
  }
  return writer.Finish();
}

}  // namespace paceline::cli
