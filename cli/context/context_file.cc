#include "cli/context/context_file.h"

#include <yaml-cpp/emitter.h>

#include <algorithm>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "common/daemon/address.h"
#include "common/security/private_file.h"
#include "common/spec/nearest.h"
#include "common/spec/node.h"
#include "common/spec/utf8.h"
#include "common/spec/yaml_node.h"
#include "common/status/status_macros.h"

namespace paceline::cli {
namespace {

constexpr size_t kMaxNameBytes = 63;

absl::Status Wrong(const std::string& path, int line, absl::string_view what) {
  return absl::InvalidArgumentError(line > 0 ? absl::StrCat(path, ":", line, ": ", what)
                                             : absl::StrCat(path, ": ", what));
}

absl::Status UnknownKey(const std::string& path, const NodeEntry& entry,
                        const std::vector<std::string>& known) {
  const std::string meant = Nearest(entry.key, known);
  return Wrong(path, entry.line,
               absl::StrCat("unknown key `", entry.key, "`; ",
                            meant.empty() ? absl::StrCat("known: ", absl::StrJoin(known, ", "))
                                          : absl::StrCat("did you mean `", meant, "`?")));
}

absl::StatusOr<std::string> TextOf(const std::string& path, const NodeEntry& entry) {
  if (entry.value.kind == Node::Kind::kScalar) return entry.value.text;
  return Wrong(path, entry.line, absl::StrCat("`", entry.key, "`: a text expected"));
}

// Refuses keys that stand twice.
absl::Status CheckMap(const std::string& path, const Node& node, absl::string_view what) {
  if (node.kind != Node::Kind::kMap) {
    return Wrong(path, node.line, absl::StrCat(what, ": a map expected"));
  }
  std::vector<std::string> seen;
  for (const NodeEntry& entry : node.entries) {
    if (std::find(seen.begin(), seen.end(), entry.key) != seen.end()) {
      return Wrong(path, entry.line, absl::StrCat("`", entry.key, "` stands here twice"));
    }
    seen.push_back(entry.key);
  }
  return absl::OkStatus();
}

absl::StatusOr<Context> ReadContext(const std::string& path, const NodeEntry& entry) {
  PL_RETURN_IF_ERROR(CheckMap(path, entry.value, absl::StrCat("context `", entry.key, "`")));
  Context context;
  for (const NodeEntry& field : entry.value.entries) {
    if (field.key == "address") {
      PL_ASSIGN_OR_RETURN(context.address, TextOf(path, field));
      if (const auto parsed = ParseHostPort(context.address); !parsed.ok()) {
        return Wrong(path, field.line, absl::StrCat("address: ", parsed.status().message()));
      }
    } else if (field.key == "tls_dir") {
      PL_ASSIGN_OR_RETURN(context.tls_dir, TextOf(path, field));
      if (!context.tls_dir.empty()) context.tls_dir = JoinPath(DirName(path), context.tls_dir);
    } else {
      return UnknownKey(path, field, {"address", "tls_dir"});
    }
  }
  if (context.address.empty()) {
    return Wrong(path, entry.line, absl::StrCat("context `", entry.key, "` has no address"));
  }
  return context;
}

absl::Status ReadContexts(const std::string& path, const NodeEntry& entry, ContextFile* file) {
  if (entry.value.kind == Node::Kind::kNull) return absl::OkStatus();
  PL_RETURN_IF_ERROR(CheckMap(path, entry.value, "contexts"));
  for (const NodeEntry& context : entry.value.entries) {
    if (const absl::Status name = CheckContextName(context.key); !name.ok()) {
      return Wrong(path, context.line, name.message());
    }
    PL_ASSIGN_OR_RETURN(file->contexts[context.key], ReadContext(path, context));
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status CheckContextName(absl::string_view name) {
  const bool ok = !name.empty() && name.size() <= kMaxNameBytes && absl::ascii_isalnum(name[0]) &&
                  std::all_of(name.begin(), name.end(), [](unsigned char c) {
                    return absl::ascii_isalnum(c) || c == '.' || c == '_' || c == '-';
                  });
  if (ok) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat(
      "a name of 1 to ", kMaxNameBytes,
      " of [A-Za-z0-9._-], starting with a letter or digit, expected, got `", name, "`"));
}

absl::StatusOr<ContextFile> ParseContextFile(absl::string_view text, const std::string& path) {
  // What is none would not be written as it was read.
  if (!IsUtf8(text)) return Wrong(path, 0, "UTF-8 expected, got other bytes");
  const absl::StatusOr<Node> root = ParseYaml(text);
  if (!root.ok()) return Wrong(path, 0, root.status().message());
  ContextFile file;
  if (root->kind == Node::Kind::kNull) return file;
  PL_RETURN_IF_ERROR(CheckMap(path, *root, "the file"));
  int current_line = 0;
  for (const NodeEntry& entry : root->entries) {
    if (entry.key == "current") {
      if (entry.value.kind == Node::Kind::kNull) continue;
      PL_ASSIGN_OR_RETURN(file.current, TextOf(path, entry));
      current_line = entry.line;
    } else if (entry.key == "contexts") {
      PL_RETURN_IF_ERROR(ReadContexts(path, entry, &file));
    } else {
      return UnknownKey(path, entry, {"current", "contexts"});
    }
  }
  if (!file.current.empty() && file.contexts.count(file.current) == 0) {
    return Wrong(path, current_line, absl::StrCat("current: no context `", file.current, "`"));
  }
  return file;
}

std::string ContextFileText(const ContextFile& file) {
  // Quoted: a name such as 1.0 or yes is a text too.
  YAML::Emitter out;
  out << YAML::BeginMap;
  if (!file.current.empty()) {
    out << YAML::Key << "current" << YAML::Value << YAML::DoubleQuoted << file.current;
  }
  out << YAML::Key << "contexts" << YAML::Value << YAML::BeginMap;
  for (const auto& [name, context] : file.contexts) {
    out << YAML::Key << YAML::DoubleQuoted << name << YAML::Value << YAML::BeginMap;
    out << YAML::Key << "address" << YAML::Value << YAML::DoubleQuoted << context.address;
    if (!context.tls_dir.empty()) {
      out << YAML::Key << "tls_dir" << YAML::Value << YAML::DoubleQuoted << context.tls_dir;
    }
    out << YAML::EndMap;
  }
  out << YAML::EndMap << YAML::EndMap;
  return absl::StrCat(out.c_str(), "\n");
}

absl::StatusOr<ContextFile> LoadContextFile(FileSystem& fs, const std::string& path) {
  if (path.empty()) return ContextFile();
  const absl::StatusOr<std::string> text = ReadFile(fs, path, kMaxContextFileBytes);
  if (absl::IsNotFound(text.status())) return ContextFile();
  if (!text.ok()) return absl::InvalidArgumentError(text.status().message());
  return ParseContextFile(*text, path);
}

absl::Status SaveContextFile(FileSystem& fs, const std::string& path, const ContextFile& file) {
  if (path.empty()) {
    return absl::InvalidArgumentError(
        "there is no place for contexts: set HOME, XDG_CONFIG_HOME or PACELINE_CONFIG");
  }
  PL_RETURN_IF_ERROR(fs.CreateDirs(DirName(path)));
  return WritePrivateFile(path, ContextFileText(file), 0600);
}

}  // namespace paceline::cli
