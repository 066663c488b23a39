#include "common/spec/parse.h"

#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "common/spec/json_node.h"
#include "common/spec/node.h"
#include "common/spec/text_node.h"
#include "common/spec/utf8.h"
#include "common/spec/walk.h"
#include "common/spec/yaml_node.h"

namespace paceline {
namespace {

absl::StatusOr<Node> ParseNode(absl::string_view text, SpecFormat format) {
  switch (format) {
    case SpecFormat::kJson:
      return ParseJson(text);
    case SpecFormat::kTextproto:
      return ParseText(text);
    case SpecFormat::kYaml:
      break;
  }
  return ParseYaml(text);
}

}  // namespace

SpecFormat FormatOf(absl::string_view file_name) {
  if (absl::EndsWithIgnoreCase(file_name, ".json")) {
    return SpecFormat::kJson;
  }
  for (const char* ending : {".textproto", ".txtpb", ".pbtxt", ".textpb"}) {
    if (absl::EndsWithIgnoreCase(file_name, ending)) {
      return SpecFormat::kTextproto;
    }
  }
  return SpecFormat::kYaml;
}

ParsedSpec ParseSpec(absl::string_view text, SpecFormat format) {
  ParsedSpec parsed;
  if (text.size() > kMaxSpecBytes) {
    parsed.problems.push_back(Expected("", absl::StrCat("at most ", kMaxSpecBytes, " bytes"),
                                       absl::StrCat(text.size(), " bytes")));
    return parsed;
  }
  text = absl::StripPrefix(text, "\xEF\xBB\xBF");
  if (!IsUtf8(text) || absl::StrContains(text, '\0')) {
    parsed.problems.push_back(Complaint("", "not a UTF-8 text"));
    return parsed;
  }
  absl::StatusOr<Node> node = ParseNode(text, format);
  if (!node.ok()) {
    parsed.problems.push_back(Complaint("", std::string(node.status().message())));
    return parsed;
  }
  if (node->kind == Node::Kind::kNull) {
    parsed.problems.push_back(Complaint("", "the file is empty; a job spec expected"));
    return parsed;
  }
  Walk(*node, format == SpecFormat::kTextproto ? RepeatedKeys::kAppend : RepeatedKeys::kRefused,
       &parsed.spec, &parsed.lines, &parsed.problems);
  return parsed;
}

}  // namespace paceline
