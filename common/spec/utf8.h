// Is a text valid UTF-8? Protobuf strings must be.
#ifndef PACELINE_COMMON_SPEC_UTF8_H_
#define PACELINE_COMMON_SPEC_UTF8_H_

#include "absl/strings/string_view.h"

namespace paceline {

// Shortest forms only, no surrogates, up to U+10FFFF (RFC 3629).
bool IsUtf8(absl::string_view text);

}  // namespace paceline

#endif  // PACELINE_COMMON_SPEC_UTF8_H_
