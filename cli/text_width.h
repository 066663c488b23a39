// How wide a line is on a terminal: code points, without ANSI colours.
//
// Thread-safe: pure functions.
#ifndef PACELINE_CLI_TEXT_WIDTH_H_
#define PACELINE_CLI_TEXT_WIDTH_H_

#include <cstddef>
#include <string>

#include "absl/strings/string_view.h"

namespace paceline::cli {

size_t TextWidth(absl::string_view text);

// The first `columns` columns. Colours that are on at the cut are switched off.
std::string CutText(absl::string_view text, size_t columns);

// What came from elsewhere, fit for a terminal: control characters become '?'.
std::string Printable(absl::string_view text);

}  // namespace paceline::cli

#endif  // PACELINE_CLI_TEXT_WIDTH_H_
