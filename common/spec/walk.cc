#include "common/spec/walk.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <optional>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/string_view.h"
#include "common/check.h"
#include "common/spec/enum_names.h"
#include "common/spec/nearest.h"
#include "common/spec/ranges.h"
#include "google/protobuf/descriptor.h"

namespace paceline {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::EnumValueDescriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;

std::string Join(const std::string& path, absl::string_view name) {
  return path.empty() ? std::string(name) : absl::StrCat(path, ".", name);
}

std::string Describe(const Node& node) {
  switch (node.kind) {
    case Node::Kind::kNull:
      return "nothing";
    case Node::Kind::kList:
      return "a list";
    case Node::Kind::kMap:
      return "a map";
    case Node::Kind::kScalar:
      break;
  }
  return node.quoted ? absl::StrCat("\"", node.text, "\"") : node.text;
}

// Every path below `type`, outer ones first, by its last name.
void CollectPaths(const Descriptor& type, const std::string& path, std::vector<std::string>* names,
                  std::vector<std::string>* paths) {
  for (int i = 0; i < type.field_count(); ++i) {
    names->push_back(type.field(i)->name());
    paths->push_back(Join(path, type.field(i)->name()));
  }
  for (int i = 0; i < type.field_count(); ++i) {
    if (type.field(i)->message_type() != nullptr) {
      CollectPaths(*type.field(i)->message_type(), Join(path, type.field(i)->name()), names, paths);
    }
  }
}

// The path that an unknown key was probably meant to be: the same name elsewhere, a
// near name here, a near name elsewhere; empty if there is none.
std::string Meant(const std::string& key, const std::vector<std::string>& names_here,
                  const Descriptor& root) {
  std::vector<std::string> names;
  std::vector<std::string> paths;
  CollectPaths(root, "", &names, &paths);
  const auto path_of = [&](const std::string& name) {
    const auto found = std::find(names.begin(), names.end(), name);
    return found == names.end() ? std::string() : paths[found - names.begin()];
  };
  if (std::string same = path_of(key); !same.empty()) {
    return same;
  }
  if (std::string near_here = Nearest(key, names_here); !near_here.empty()) {
    return near_here;
  }
  return path_of(Nearest(key, names));
}

template <typename Number>
std::string WholeNumberText() {
  return absl::StrCat("a whole number from ", std::numeric_limits<Number>::min(), " to ",
                      std::numeric_limits<Number>::max());
}

class Walker {
 public:
  Walker(RepeatedKeys repeated_keys, const Descriptor& root, std::map<std::string, int>* lines,
         std::vector<Problem>* problems)
      : repeated_keys_(repeated_keys), root_(root), lines_(lines), problems_(problems) {}

  void Map(const Node& node, const std::string& path, Message* message) {
    if (node.kind == Node::Kind::kNull) {
      return;
    }
    const Descriptor& type = *message->GetDescriptor();
    if (node.kind != Node::Kind::kMap) {
      const FieldDescriptor& first = *type.field(0);
      Wrong(node, path, absl::StrCat("a map of fields (such as `", first.name(), ": ...`)"));
      return;
    }
    std::map<std::string, int> given;
    for (const NodeEntry& entry : node.entries) {
      const std::string child = Join(path, entry.key);
      const FieldDescriptor* field = type.FindFieldByName(entry.key);
      if (field == nullptr) {
        Unknown(entry, path, type);
        continue;
      }
      const auto [first, is_new] = given.emplace(entry.key, entry.line);
      const bool append = repeated_keys_ == RepeatedKeys::kAppend && field->is_repeated();
      if (!is_new && !append) {
        Problem problem = Complaint(
            child, absl::StrCat("given twice (lines ", first->second, " and ", entry.line, ")"));
        Report(std::move(problem), entry.line);
        continue;
      }
      lines_->emplace(child, entry.line);
      Field(entry.value, child, *field, message);
    }
  }

 private:
  void Report(Problem problem, int line) {
    problem.line = line;
    problems_->push_back(std::move(problem));
  }

  void Wrong(const Node& node, const std::string& path, std::string allowed) {
    Report(Expected(path, std::move(allowed), Describe(node)), node.line);
  }

  void Unknown(const NodeEntry& entry, const std::string& path, const Descriptor& type) {
    std::vector<std::string> names;
    for (int i = 0; i < type.field_count(); ++i) {
      names.push_back(type.field(i)->name());
    }
    const std::string meant = Meant(entry.key, names, root_);
    Problem problem = Complaint(
        Join(path, entry.key),
        meant.empty() ? absl::StrCat("unknown key; known here: ", absl::StrJoin(names, ", "))
                      : absl::StrCat("unknown key; did you mean `", meant, "`?"));
    problem.value = entry.key;
    problem.allowed = absl::StrJoin(names, ", ");
    Report(std::move(problem), entry.line);
  }

  void Field(const Node& node, const std::string& path, const FieldDescriptor& field,
             Message* message) {
    const Reflection& reflection = *message->GetReflection();
    if (!field.is_repeated()) {
      if (field.message_type() != nullptr) {
        Map(node, path, reflection.MutableMessage(message, &field));
      } else {
        Scalar(node, path, field, message);
      }
      return;
    }
    if (node.kind == Node::Kind::kNull) {
      return;
    }
    if (node.kind != Node::Kind::kList) {
      if (repeated_keys_ == RepeatedKeys::kAppend) {
        Element(node, path, field, message);
      } else {
        Wrong(node, path, "a list (such as `[...]`)");
      }
      return;
    }
    for (const Node& item : node.items) {
      Element(item, path, field, message);
    }
  }

  void Element(const Node& node, const std::string& path, const FieldDescriptor& field,
               Message* message) {
    const Reflection& reflection = *message->GetReflection();
    const std::string child = absl::StrCat(path, "[", reflection.FieldSize(*message, &field), "]");
    lines_->emplace(child, node.line);
    if (field.message_type() != nullptr) {
      Map(node, child, reflection.AddMessage(message, &field));
    } else {
      Scalar(node, child, field, message);
    }
  }

  // Sets a singular scalar field, or adds to a repeated one.
  void Scalar(const Node& node, const std::string& path, const FieldDescriptor& field,
              Message* message) {
    const Reflection& reflection = *message->GetReflection();
    const bool list = field.is_repeated();
    switch (field.cpp_type()) {
      case FieldDescriptor::CPPTYPE_UINT32:
        if (const auto value = Whole<uint32_t>(node, path, field)) {
          list ? reflection.AddUInt32(message, &field, *value)
               : reflection.SetUInt32(message, &field, *value);
        }
        return;
      case FieldDescriptor::CPPTYPE_UINT64:
        if (const auto value = Whole<uint64_t>(node, path, field)) {
          list ? reflection.AddUInt64(message, &field, *value)
               : reflection.SetUInt64(message, &field, *value);
        }
        return;
      case FieldDescriptor::CPPTYPE_DOUBLE:
        if (const auto value = Real(node, path, field, std::numeric_limits<double>::max())) {
          list ? reflection.AddDouble(message, &field, *value)
               : reflection.SetDouble(message, &field, *value);
        }
        return;
      case FieldDescriptor::CPPTYPE_FLOAT:
        if (const auto value = Real(node, path, field, std::numeric_limits<float>::max())) {
          const auto narrow = static_cast<float>(*value);
          list ? reflection.AddFloat(message, &field, narrow)
               : reflection.SetFloat(message, &field, narrow);
        }
        return;
      case FieldDescriptor::CPPTYPE_BOOL:
        if (node.kind == Node::Kind::kScalar && !node.quoted &&
            (node.text == "true" || node.text == "false")) {
          reflection.SetBool(message, &field, node.text == "true");
        } else {
          Wrong(node, path, "true or false");
        }
        return;
      case FieldDescriptor::CPPTYPE_STRING:
        if (node.kind == Node::Kind::kScalar) {
          list ? reflection.AddString(message, &field, node.text)
               : reflection.SetString(message, &field, node.text);
        } else {
          Wrong(node, path, "a text");
        }
        return;
      case FieldDescriptor::CPPTYPE_ENUM:
        Enum(node, path, field, message);
        return;
      default:
        PL_CHECK(false) << field.full_name() << ": a type that job files do not have";
    }
  }

  void Enum(const Node& node, const std::string& path, const FieldDescriptor& field,
            Message* message) {
    const std::vector<std::string> words = EnumWords(*field.enum_type());
    const EnumValueDescriptor* value =
        node.kind == Node::Kind::kScalar ? FindEnumWord(*field.enum_type(), node.text) : nullptr;
    if (value != nullptr) {
      message->GetReflection()->SetEnum(message, &field, value);
      return;
    }
    Problem problem = Expected(path, absl::StrJoin(words, " | "), Describe(node));
    const std::string meant =
        node.kind == Node::Kind::kScalar ? Nearest(node.text, words) : std::string();
    if (!meant.empty()) {
      absl::StrAppend(&problem.message, "; did you mean `", meant, "`?");
    }
    Report(std::move(problem), node.line);
  }

  template <typename Number>
  std::optional<Number> Whole(const Node& node, const std::string& path,
                              const FieldDescriptor& field) {
    const NumberRange* range = RangeOf(field);
    const std::string allowed =
        range != nullptr ? range->Allowed(/*whole=*/true) : WholeNumberText<Number>();
    Number value = 0;
    const bool written = node.kind == Node::Kind::kScalar && (!node.quoted || sizeof(Number) == 8);
    // SimpleAtoi would take surrounding blanks too.
    const bool digits = written && node.text.find_first_not_of("+-0123456789") == std::string::npos;
    if (!digits || !absl::SimpleAtoi(node.text, &value) || ExcludedZero(field, range, value)) {
      Wrong(node, path, allowed);
      return std::nullopt;
    }
    return value;
  }

  std::optional<double> Real(const Node& node, const std::string& path,
                             const FieldDescriptor& field, double largest) {
    const NumberRange* range = RangeOf(field);
    double value = 0;
    const bool written = node.kind == Node::Kind::kScalar && !node.quoted &&
                         node.text.find_first_not_of("+-.0123456789eE") == std::string::npos;
    if (!written || !absl::SimpleAtod(node.text, &value) || !(std::abs(value) <= largest) ||
        ExcludedZero(field, range, value)) {
      Wrong(node, path, range != nullptr ? range->Allowed(/*whole=*/false) : "a finite number");
      return std::nullopt;
    }
    return value;
  }

  static bool ExcludedZero(const FieldDescriptor& field, const NumberRange* range, double value) {
    return value == 0 && !field.has_presence() && range != nullptr && !range->Holds(0);
  }

  const RepeatedKeys repeated_keys_;
  const Descriptor& root_;
  std::map<std::string, int>* const lines_;
  std::vector<Problem>* const problems_;
};

}  // namespace

void Walk(const Node& node, RepeatedKeys repeated_keys, Message* message,
          std::map<std::string, int>* lines, std::vector<Problem>* problems) {
  Walker(repeated_keys, *message->GetDescriptor(), lines, problems).Map(node, "", message);
}

}  // namespace paceline
