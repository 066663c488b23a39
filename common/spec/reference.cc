#include "common/spec/reference.h"

#include <memory>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "common/check.h"
#include "common/spec/enum_names.h"
#include "common/spec/job_descriptor.h"
#include "common/spec/nearest.h"
#include "common/spec/ranges.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/descriptor.pb.h"

namespace paceline {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::DescriptorPool;
using google::protobuf::EnumDescriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::FileDescriptorSet;
using google::protobuf::SourceLocation;

constexpr size_t kWidth = 90;

constexpr char kIntroduction[] =
    R"(# The job spec

<!-- Made by //common/spec:write_reference from the comments of proto/job.proto. -->

A job file says what to train, on which data, how, and with what. It is YAML, JSON
(`.json`) or protobuf text (`.textproto`) and maps one to one onto the message `JobSpec`
of `proto/job.proto`. Unknown keys, wrong types and values out of range are errors that
name the line, the field, the value and what is allowed. `pacectl validate JOB` checks a
file, `pacectl explain FIELD` prints a part of this page.

```yaml
)";

constexpr char kExample[] = R"(name: digits-mlp
model: {kind: mlp, hidden: [128]}
data:
  scale: 0.0625                            # features are multiplied by this
  train: {path: data/train.csv, format: csv}
  eval:  {path: data/test.csv,  format: csv}
train:
  global_batch: 64
  epochs: 20
  optimizer: {kind: adam, learning_rate: 0.001}
consistency: {policy: ssp, staleness: 4}
resources: {workers: 4, servers: 2}
)";

const Descriptor& JobSpecWithComments() {
  static const Descriptor* const descriptor = [] {
    FileDescriptorSet files;
    const absl::string_view bytes = JobDescriptorBytes();
    PL_CHECK(files.ParseFromArray(bytes.data(), static_cast<int>(bytes.size())));
    auto pool = std::make_unique<DescriptorPool>();
    for (const auto& file : files.file()) {
      PL_CHECK(pool->BuildFile(file) != nullptr) << file.name();
    }
    // Lives as long as the process, like the descriptors of generated messages.
    const Descriptor* found = pool.release()->FindMessageTypeByName("paceline.v1.JobSpec");
    PL_CHECK(found != nullptr);
    return found;
  }();
  return *descriptor;
}

// The comment above a field, message or enum value, as one paragraph.
template <typename Element>
std::string Comment(const Element& element) {
  SourceLocation location;
  if (!element.GetSourceLocation(&location)) {
    return "";
  }
  std::vector<std::string> words =
      absl::StrSplit(location.leading_comments, absl::ByAnyChar(" \n"), absl::SkipEmpty());
  return absl::StrJoin(words, " ");
}

std::string Meaning(const FieldDescriptor& field) {
  std::string comment = Comment(field);
  if (field.enum_type() == nullptr) {
    return comment;
  }
  for (int i = 0; i < field.enum_type()->value_count(); ++i) {
    const auto& value = *field.enum_type()->value(i);
    if (const std::string more = Comment(value); !more.empty()) {
      absl::StrAppend(&comment, " ", EnumWord(value), ": ", more);
    }
  }
  return comment;
}

// What a field says of itself, and its message of all such fields.
std::string SectionComment(const FieldDescriptor& field) {
  const std::string own = Comment(field);
  const std::string general = Comment(*field.message_type());
  if (absl::StartsWith(general, absl::StripSuffix(own, "."))) {
    return general;
  }
  return absl::StartsWith(own, general) ? own : absl::StrCat(own, " ", general);
}

// "a whole number from 1 to 1024", "list of ...", "bsp | ssp | asp".
std::string Allowed(const FieldDescriptor& field, absl::string_view between_words) {
  const bool whole = field.cpp_type() == FieldDescriptor::CPPTYPE_UINT32 ||
                     field.cpp_type() == FieldDescriptor::CPPTYPE_UINT64;
  std::string allowed;
  if (const NumberRange* range = RangeOf(field); range != nullptr) {
    allowed = range->Allowed(whole);
  } else if (whole) {
    allowed = "a whole number of at least 0";
  } else if (field.enum_type() != nullptr) {
    allowed = absl::StrJoin(EnumWords(*field.enum_type()), between_words);
  } else if (field.message_type() != nullptr) {
    allowed = "a map";
  } else if (field.cpp_type() == FieldDescriptor::CPPTYPE_BOOL) {
    allowed = "true or false";
  } else {
    allowed = "a text";
  }
  return field.is_repeated() ? absl::StrCat("a list; each: ", allowed) : allowed;
}

std::string Wrapped(const std::string& text, size_t indent) {
  std::string all;
  std::string line;
  for (const absl::string_view word : absl::StrSplit(text, ' ', absl::SkipEmpty())) {
    if (!line.empty() && indent + line.size() + 1 + word.size() > kWidth) {
      absl::StrAppend(&all, std::string(indent, ' '), line, "\n");
      line.clear();
    }
    absl::StrAppend(&line, line.empty() ? "" : " ", word);
  }
  return line.empty() ? all : absl::StrCat(all, std::string(indent, ' '), line, "\n");
}

std::string ExplainFields(const Descriptor& type) {
  std::string text;
  for (int i = 0; i < type.field_count(); ++i) {
    const FieldDescriptor& field = *type.field(i);
    absl::StrAppend(&text, "\n  ", field.name(), ": ", Allowed(field, " | "), "\n",
                    Wrapped(Meaning(field), 6));
  }
  return text;
}

absl::Status NoSuchField(absl::string_view path, absl::string_view name, const Descriptor& type) {
  std::vector<std::string> names;
  for (int i = 0; i < type.field_count(); ++i) {
    names.push_back(type.field(i)->name());
  }
  const std::string meant = Nearest(name, names);
  return absl::NotFoundError(
      absl::StrCat(path, ": no field `", name, "`; ",
                   meant.empty() ? absl::StrCat("known here: ", absl::StrJoin(names, ", "))
                                 : absl::StrCat("did you mean `", meant, "`?")));
}

std::string Cell(const std::string& text) { return absl::StrReplaceAll(text, {{"|", "\\|"}}); }

void AppendSection(const Descriptor& type, const std::string& path, const std::string& comment,
                   std::string* out) {
  if (!path.empty()) {
    absl::StrAppend(out, "\n## `", path, "`\n\n", Wrapped(comment, 0));
  }
  absl::StrAppend(out, "\n| key | value | meaning |\n|---|---|---|\n");
  for (int i = 0; i < type.field_count(); ++i) {
    const FieldDescriptor& field = *type.field(i);
    absl::StrAppend(out, "| `", field.name(), "` | ", Cell(Allowed(field, ", ")), " | ",
                    Cell(Meaning(field)), " |\n");
  }
  for (int i = 0; i < type.field_count(); ++i) {
    const FieldDescriptor& field = *type.field(i);
    if (field.message_type() != nullptr) {
      AppendSection(*field.message_type(),
                    path.empty() ? field.name() : absl::StrCat(path, ".", field.name()),
                    SectionComment(field), out);
    }
  }
}

}  // namespace

absl::StatusOr<std::string> Explain(absl::string_view path) {
  const Descriptor* type = &JobSpecWithComments();
  const FieldDescriptor* field = nullptr;
  absl::string_view rest = path == "job" ? "" : absl::StripPrefix(path, "job.");
  for (const absl::string_view name : absl::StrSplit(rest, '.', absl::SkipEmpty())) {
    if (type == nullptr) {
      return absl::NotFoundError(
          absl::StrCat(path, ": `", field->name(), "` holds a value and has no fields"));
    }
    const FieldDescriptor* next = type->FindFieldByName(std::string(name));
    if (next == nullptr) {
      return NoSuchField(path, name, *type);
    }
    field = next;
    type = field->message_type();
  }
  std::string text =
      field == nullptr
          ? absl::StrCat("job: a map\n", Wrapped(Comment(*type), 2))
          : absl::StrCat(rest, ": ", Allowed(*field, " | "), "\n",
                         Wrapped(type == nullptr ? Meaning(*field) : SectionComment(*field), 2));
  return type == nullptr ? text : text + ExplainFields(*type);
}

absl::string_view ExampleJob() { return kExample; }

std::string JobSpecMarkdown() {
  std::string text = absl::StrCat(kIntroduction, kExample, "```\n");
  AppendSection(JobSpecWithComments(), "", "", &text);
  return text;
}

}  // namespace paceline
