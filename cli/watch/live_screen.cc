#include "cli/watch/live_screen.h"

#include <utility>

#include "absl/strings/str_cat.h"

namespace paceline::cli {

void LiveScreen::Show(std::vector<std::string> lines, TerminalSize size) {
  waiting_ = Frame{.lines = std::move(lines), .size = size};
  if (clock_.Monotonic() - drawn_at_ >= kFramePeriod) Finish();
}

void LiveScreen::Finish() {
  if (!waiting_.has_value()) return;
  Draw(*waiting_);
  waiting_.reset();
}

void LiveScreen::Draw(const Frame& frame) {
  std::string text;
  const bool resized =
      frame.size.columns != drawn_size_.columns || frame.size.rows != drawn_size_.rows;
  if (drawn_lines_ > 0 && resized) {
    text = "\x1b[2J\x1b[H";
  } else if (drawn_lines_ > 0) {
    text = absl::StrCat("\x1b[", drawn_lines_, "A");
  }
  // Each line, and the rest of the old one erased; then what is left of the old lines.
  for (const std::string& line : frame.lines) absl::StrAppend(&text, "\r", line, "\x1b[K\n");
  absl::StrAppend(&text, "\x1b[J");
  out_ << text << std::flush;
  drawn_lines_ = frame.lines.size();
  drawn_size_ = frame.size;
  drawn_at_ = clock_.Monotonic();
}

}  // namespace paceline::cli
