#include "cli/table.h"

#include <algorithm>
#include <cstddef>
#include <utility>

#include "absl/strings/str_cat.h"
#include "cli/text_width.h"

namespace paceline::cli {

TextTable::TextTable(std::vector<std::string> header) {
  if (!header.empty()) {
    rows_.push_back(std::move(header));
  }
}

void TextTable::Add(std::vector<std::string> row) { rows_.push_back(std::move(row)); }

std::string TextTable::ToString() const {
  std::vector<size_t> widths;
  for (const auto& row : rows_) {
    widths.resize(std::max(widths.size(), row.size()));
    for (size_t i = 0; i < row.size(); ++i) {
      widths[i] = std::max(widths[i], TextWidth(row[i]));
    }
  }
  std::string text;
  for (const auto& row : rows_) {
    for (size_t i = 0; i < row.size(); ++i) {
      absl::StrAppend(&text, row[i]);
      if (i + 1 < row.size()) {
        text.append(widths[i] - TextWidth(row[i]) + 2, ' ');
      }
    }
    text.push_back('\n');
  }
  return text;
}

std::string ColoredState(const std::string& word, bool color) {
  const char* code = word == "succeeded"                         ? "32"
                     : word == "failed"                          ? "31"
                     : word == "cancelled" || word == "pending"  ? "33"
                     : word == "running" || word == "recovering" ? "36"
                                                                 : nullptr;
  return color && code != nullptr ? absl::StrCat("\x1b[", code, "m", word, "\x1b[0m") : word;
}

}  // namespace paceline::cli
