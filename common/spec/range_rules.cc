#include <string>
#include <type_traits>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "common/check.h"
#include "common/spec/enum_names.h"
#include "common/spec/ranges.h"
#include "common/spec/rules.h"
#include "google/protobuf/descriptor.h"

namespace paceline::spec_rules {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;

// One number of a singular (index < 0) or repeated field.
struct Number {
  double value;
  std::string text;
  bool whole;
};

template <typename T>
Number MakeNumber(T value) {
  return {static_cast<double>(value), absl::StrCat(value), std::is_integral_v<T>};
}

Number Get(const Message& message, const FieldDescriptor& field, int index) {
  const auto& reflection = *message.GetReflection();
  const bool list = index >= 0;
  switch (field.cpp_type()) {
    case FieldDescriptor::CPPTYPE_UINT32:
      return MakeNumber(list ? reflection.GetRepeatedUInt32(message, &field, index)
                             : reflection.GetUInt32(message, &field));
    case FieldDescriptor::CPPTYPE_UINT64:
      return MakeNumber(list ? reflection.GetRepeatedUInt64(message, &field, index)
                             : reflection.GetUInt64(message, &field));
    case FieldDescriptor::CPPTYPE_DOUBLE:
      return MakeNumber(list ? reflection.GetRepeatedDouble(message, &field, index)
                             : reflection.GetDouble(message, &field));
    case FieldDescriptor::CPPTYPE_FLOAT:
      return MakeNumber(list ? reflection.GetRepeatedFloat(message, &field, index)
                             : reflection.GetFloat(message, &field));
    default:
      PL_CHECK(false) << field.full_name() << " has a range but is no number";
      return {};
  }
}

// A client of another version may send a number that has no name here.
void CheckEnum(int number, const google::protobuf::EnumDescriptor& type, const std::string& path,
               std::vector<Problem>* problems) {
  if (type.FindValueByNumber(number) == nullptr) {
    problems->push_back(
        Expected(path, absl::StrJoin(EnumWords(type), " | "), absl::StrCat(number)));
  }
}

}  // namespace

void CheckRanges(const Message& message, const std::string& path, std::vector<Problem>* problems) {
  const auto& reflection = *message.GetReflection();
  std::vector<const FieldDescriptor*> fields;
  reflection.ListFields(message, &fields);
  for (const FieldDescriptor* field : fields) {
    const std::string child = path.empty() ? field->name() : absl::StrCat(path, ".", field->name());
    if (field->message_type() != nullptr) {
      const int size = field->is_repeated() ? reflection.FieldSize(message, field) : 1;
      for (int i = 0; i < size; ++i) {
        if (field->is_repeated()) {
          CheckRanges(reflection.GetRepeatedMessage(message, field, i),
                      absl::StrCat(child, "[", i, "]"), problems);
        } else {
          CheckRanges(reflection.GetMessage(message, field), child, problems);
        }
      }
      continue;
    }
    if (field->cpp_type() == FieldDescriptor::CPPTYPE_ENUM && !field->is_repeated()) {
      CheckEnum(reflection.GetEnumValue(message, field), *field->enum_type(), child, problems);
      continue;
    }
    const NumberRange* range = RangeOf(*field);
    if (range == nullptr) {
      continue;
    }
    const int size = field->is_repeated() ? reflection.FieldSize(message, field) : 1;
    for (int i = 0; i < size; ++i) {
      const Number number = Get(message, *field, field->is_repeated() ? i : -1);
      if (!range->Holds(number.value)) {
        problems->push_back(
            Expected(field->is_repeated() ? absl::StrCat(child, "[", i, "]") : child,
                     range->Allowed(number.whole), number.text));
      }
    }
  }
}

}  // namespace paceline::spec_rules
