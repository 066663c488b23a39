#include "cli/output.h"

#include <yaml-cpp/emitter.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "common/check.h"

namespace paceline::cli {
namespace {

using Json = nlohmann::ordered_json;

// A text that no reader of YAML takes for anything else.
bool IsPlain(const std::string& text) {
  if (text.empty() || !(absl::ascii_isalpha(text.front()) || text.front() == '/')) return false;
  const bool harmless = std::all_of(text.begin(), text.end(), [](unsigned char c) {
    return absl::ascii_isalnum(c) || c == '_' || c == '-' || c == '.' || c == '/';
  });
  if (!harmless) return false;
  // In some version of YAML each of these is a boolean, a null or a number.
  for (const char* word :
       {"true", "false", "yes", "no", "on", "off", "y", "n", "null", "nan", "inf", "infinity"}) {
    if (absl::EqualsIgnoreCase(text, word)) return false;
  }
  return true;
}

void EmitText(const std::string& text, YAML::Emitter* out) {
  if (!IsPlain(text)) *out << YAML::DoubleQuoted;
  *out << text;
}

void Emit(const Json& json, YAML::Emitter* out) {
  switch (json.type()) {
    case Json::value_t::object:
      if (json.empty()) *out << YAML::Flow;
      *out << YAML::BeginMap;
      for (const auto& [key, value] : json.items()) {
        *out << YAML::Key;
        EmitText(key, out);
        *out << YAML::Value;
        Emit(value, out);
      }
      *out << YAML::EndMap;
      return;
    case Json::value_t::array:
      if (json.empty()) *out << YAML::Flow;
      *out << YAML::BeginSeq;
      for (const Json& item : json) Emit(item, out);
      *out << YAML::EndSeq;
      return;
    case Json::value_t::string:
      EmitText(json.get<std::string>(), out);
      return;
    case Json::value_t::null:
      *out << YAML::Null;
      return;
    default:
      // Numbers, true and false are written as in JSON.
      *out << json.dump();
  }
}

}  // namespace

bool IsData(OutputFormat format) {
  return format == OutputFormat::kJson || format == OutputFormat::kYaml;
}

std::string JsonToYaml(absl::string_view json) {
  const Json parsed = Json::parse(json.begin(), json.end(), nullptr, /*allow_exceptions=*/false);
  PL_CHECK(!parsed.is_discarded());
  YAML::Emitter out;
  Emit(parsed, &out);
  return std::string(out.c_str()) + "\n";
}

void PrintData(absl::string_view json, OutputFormat format, std::ostream& out) {
  if (format == OutputFormat::kYaml) {
    out << "---\n" << JsonToYaml(json) << std::flush;
  } else {
    out << std::string(json) << std::endl;
  }
}

}  // namespace paceline::cli
