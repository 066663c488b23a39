// Words of proto enums: MODEL_KIND_MLP is `mlp` in job files, tables and summaries.
#ifndef PACELINE_COMMON_SPEC_ENUM_NAMES_H_
#define PACELINE_COMMON_SPEC_ENUM_NAMES_H_

#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/generated_enum_reflection.h"

namespace paceline {

// The lower-case word of a value: its name without the enum's prefix.
std::string EnumWord(const google::protobuf::EnumValueDescriptor& value);

// The same of a generated enum: EnumWord(v1::POLICY_BSP) is "bsp". A number that
// the enum does not know yields the number.
template <typename Enum>
requires google::protobuf::is_proto_enum<Enum>::value std::string EnumWord(Enum value) {
  const auto* known = google::protobuf::GetEnumDescriptor<Enum>()->FindValueByNumber(value);
  return known == nullptr ? std::to_string(static_cast<int>(value)) : EnumWord(*known);
}

// The value of a word or of a full proto name; null if there is none, or if it is
// the unspecified one.
const google::protobuf::EnumValueDescriptor* FindEnumWord(
    const google::protobuf::EnumDescriptor& type, absl::string_view word);

// The words of all values but the unspecified one.
std::vector<std::string> EnumWords(const google::protobuf::EnumDescriptor& type);

}  // namespace paceline

#endif  // PACELINE_COMMON_SPEC_ENUM_NAMES_H_
