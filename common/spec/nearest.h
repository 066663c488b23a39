// The known name that a mistyped one was probably meant to be.
#ifndef PACELINE_COMMON_SPEC_NEAREST_H_
#define PACELINE_COMMON_SPEC_NEAREST_H_

#include <string>
#include <vector>

#include "absl/strings/string_view.h"

namespace paceline {

// Edits (insertion, deletion, substitution, swap of neighbours) between two names,
// without regard to case, `-` and `_`. Names longer than 64 bytes count as different
// in all of their bytes.
int EditDistance(absl::string_view a, absl::string_view b);

// The candidate with the fewest edits; the earlier one of equals. Empty when none is
// near: more than a third of the name's length, and more than 2 edits.
std::string Nearest(absl::string_view name, const std::vector<std::string>& candidates);

}  // namespace paceline

#endif  // PACELINE_COMMON_SPEC_NEAREST_H_
