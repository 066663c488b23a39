// A job file's text, read and checked: everything before it is submitted.
#ifndef PACELINE_COMMON_SPEC_READ_H_
#define PACELINE_COMMON_SPEC_READ_H_

#include "absl/strings/string_view.h"
#include "common/spec/parse.h"

namespace paceline {

// Parses, resolves relative paths against `folder` (absolute: where the file lies),
// fills in defaults and validates. The problems carry lines and stand in their
// order, those of missing fields last; a field that could not be read is not
// complained of twice.
ParsedSpec ReadSpec(absl::string_view text, SpecFormat format, absl::string_view folder);

}  // namespace paceline

#endif  // PACELINE_COMMON_SPEC_READ_H_
