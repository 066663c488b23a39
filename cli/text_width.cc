#include "cli/text_width.h"

namespace paceline::cli {
namespace {

bool BeginsCharacter(char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }

// Bytes of the colour that begins at `at`, or 0: ESC [ ... m.
size_t ColourBytes(absl::string_view text, size_t at) {
  if (text.substr(at, 2) != "\x1b[") return 0;
  const size_t end = text.find('m', at);
  return end == absl::string_view::npos ? 0 : end + 1 - at;
}

}  // namespace

size_t TextWidth(absl::string_view text) {
  size_t width = 0;
  for (size_t i = 0; i < text.size();) {
    if (const size_t colour = ColourBytes(text, i); colour > 0) {
      i += colour;
      continue;
    }
    if (BeginsCharacter(text[i])) ++width;
    ++i;
  }
  return width;
}

std::string CutText(absl::string_view text, size_t columns) {
  size_t width = 0;
  bool coloured = false;
  for (size_t i = 0; i < text.size();) {
    if (const size_t colour = ColourBytes(text, i); colour > 0) {
      coloured = text.substr(i, colour) != "\x1b[0m";
      i += colour;
      continue;
    }
    if (BeginsCharacter(text[i]) && ++width > columns) {
      return std::string(text.substr(0, i)) + (coloured ? "\x1b[0m" : "");
    }
    ++i;
  }
  return std::string(text);
}

std::string Printable(absl::string_view text) {
  std::string printable(text);
  for (char& c : printable) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte == 0x7f) c = '?';
  }
  return printable;
}

}  // namespace paceline::cli
