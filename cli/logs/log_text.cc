#include "cli/logs/log_text.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace paceline::cli {
namespace {

// Cyan, yellow, green, magenta, blue, bright cyan: red is for failures.
constexpr int kColors[] = {36, 33, 32, 35, 34, 96};

}  // namespace

std::vector<std::string> LineSplitter::Add(absl::string_view bytes) {
  std::vector<std::string> lines;
  while (!bytes.empty()) {
    const size_t room = kMaxLogLineBytes - open_.size();
    const size_t end = bytes.find('\n');
    const size_t taken = std::min({room, end, bytes.size()});
    absl::StrAppend(&open_, bytes.substr(0, taken));
    bytes.remove_prefix(taken);
    const bool ended = !bytes.empty() && bytes.front() == '\n';
    if (ended) bytes.remove_prefix(1);
    if (!ended && open_.size() < kMaxLogLineBytes) break;
    lines.push_back(std::move(open_));
    open_.clear();
  }
  return lines;
}

std::vector<std::string> LineSplitter::Finish() {
  std::vector<std::string> lines;
  if (!open_.empty()) lines.push_back(std::move(open_));
  open_.clear();
  return lines;
}

TailKeeper::TailKeeper(uint64_t lines, uint64_t bytes)
    : lines_(lines),
      limit_(bytes == 0 ? kMaxTailBytes
                        : static_cast<size_t>(std::min<uint64_t>(bytes, kMaxTailBytes))) {}

void TailKeeper::Add(absl::string_view bytes) {
  absl::StrAppend(&kept_, bytes);
  // Not at every piece: the rest has to be moved.
  if (kept_.size() > 2 * limit_) kept_.erase(0, kept_.size() - limit_);
}

std::string TailKeeper::Tail() const {
  absl::string_view tail = kept_;
  if (tail.size() > limit_) tail.remove_prefix(tail.size() - limit_);
  if (lines_ == 0) return std::string(tail);
  size_t begin = tail.size();
  for (uint64_t line = 0; line < lines_ && begin > 0; ++line) {
    // The end of the line before, beyond the end of this one.
    const size_t before = begin < 2 ? absl::string_view::npos : tail.rfind('\n', begin - 2);
    begin = before == absl::string_view::npos ? 0 : before + 1;
  }
  return std::string(tail.substr(begin));
}

std::string RankPrefix(uint32_t rank, uint32_t ranks, bool color) {
  const auto width = static_cast<int>(absl::StrCat(ranks == 0 ? 0 : ranks - 1).size());
  const std::string prefix = absl::StrFormat("rank %*d |", width, rank);
  if (!color) return prefix + " ";
  return absl::StrCat("\x1b[", kColors[rank % std::size(kColors)], "m", prefix, "\x1b[0m ");
}

}  // namespace paceline::cli
