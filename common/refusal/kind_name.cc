#include "common/refusal/kind_name.h"

#include "absl/strings/ascii.h"

namespace paceline {

std::string RefusalKindName(int kind) {
  if (kind == v1::Refusal::KIND_UNSPECIFIED || !v1::Refusal::Kind_IsValid(kind)) return "other";
  return absl::AsciiStrToLower(v1::Refusal::Kind_Name(static_cast<v1::Refusal::Kind>(kind)));
}

}  // namespace paceline
