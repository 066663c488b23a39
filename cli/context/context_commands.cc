#include "cli/context/context_commands.h"

#include <filesystem>
#include <nlohmann/json.hpp>
#include <system_error>

#include "absl/strings/str_cat.h"
#include "cli/context/context_file.h"
#include "cli/context/endpoint.h"
#include "cli/table.h"
#include "common/daemon/address.h"
#include "common/status/status_macros.h"

namespace paceline::cli {
namespace {

nlohmann::ordered_json ContextJson(const ContextFile& file, const std::string& name,
                                   const Context& context) {
  return {{"name", name},
          {"current", name == file.current},
          {"address", context.address},
          {"tls_dir", context.tls_dir}};
}

absl::StatusOr<std::string> Absolute(const std::string& path) {
  std::error_code error;
  const std::filesystem::path absolute = std::filesystem::absolute(path, error);
  if (!error) return absolute.lexically_normal().string();
  return absl::InvalidArgumentError(absl::StrCat("--tls-dir ", path, ": ", error.message()));
}

}  // namespace

absl::StatusOr<ExitCode> ListContexts(OutputFormat format, Environment& env) {
  PL_ASSIGN_OR_RETURN(const ContextFile file, LoadContextFile(env.fs, env.config_file));
  if (IsData(format)) {
    nlohmann::ordered_json json = {{"contexts", nlohmann::ordered_json::array()}};
    for (const auto& [name, context] : file.contexts) {
      json["contexts"].push_back(ContextJson(file, name, context));
    }
    PrintData(json.dump(1), format, env.out);
    return ExitCode::kOk;
  }
  if (format == OutputFormat::kName) {
    for (const auto& [name, context] : file.contexts) env.out << name << "\n";
    env.out << std::flush;
    return ExitCode::kOk;
  }
  if (file.contexts.empty()) {
    env.err << "no contexts in " << env.config_file
            << "; add one: pacectl context set NAME --address HOST:PORT" << std::endl;
    return ExitCode::kOk;
  }
  TextTable table({"CURRENT", "NAME", "ADDRESS", "TLS"});
  for (const auto& [name, context] : file.contexts) {
    table.Add({name == file.current ? "*" : "", name, context.address,
               context.tls_dir.empty() ? "none" : context.tls_dir});
  }
  env.out << table.ToString() << std::flush;
  return ExitCode::kOk;
}

absl::StatusOr<ExitCode> ShowContext(const std::string& given, OutputFormat format,
                                     Environment& env) {
  PL_ASSIGN_OR_RETURN(const ContextFile file, LoadContextFile(env.fs, env.config_file));
  const std::string& name = given.empty() ? file.current : given;
  if (name.empty()) {
    return absl::NotFoundError(absl::StrCat("there is no current context in ", env.config_file));
  }
  PL_ASSIGN_OR_RETURN(const Context context, FindContext(file, name));
  if (IsData(format)) {
    PrintData(ContextJson(file, name, context).dump(1), format, env.out);
    return ExitCode::kOk;
  }
  TextTable table({});
  table.Add({"name", name});
  table.Add({"address", context.address});
  table.Add({"tls", context.tls_dir.empty() ? "none" : context.tls_dir});
  table.Add({"current", name == file.current ? "yes" : "no"});
  table.Add({"file", env.config_file});
  env.out << table.ToString() << std::flush;
  return ExitCode::kOk;
}

absl::StatusOr<ExitCode> UseContext(const std::string& name, Environment& env) {
  PL_ASSIGN_OR_RETURN(ContextFile file, LoadContextFile(env.fs, env.config_file));
  PL_ASSIGN_OR_RETURN(const Context context, FindContext(file, name));
  file.current = name;
  PL_RETURN_IF_ERROR(SaveContextFile(env.fs, env.config_file, file));
  env.err << "context " << name << ": " << context.address << std::endl;
  return ExitCode::kOk;
}

absl::StatusOr<ExitCode> SetContext(const std::string& name, const std::string& address,
                                    const std::string& tls_dir, Environment& env) {
  PL_RETURN_IF_ERROR(CheckContextName(name));
  PL_ASSIGN_OR_RETURN(ContextFile file, LoadContextFile(env.fs, env.config_file));
  const bool is_new = file.contexts.count(name) == 0;
  if (is_new && address.empty()) {
    return absl::InvalidArgumentError(
        absl::StrCat("--address: the address of the scheduler of the new context ", name,
                     " expected, got nothing"));
  }
  Context& context = file.contexts[name];
  if (!address.empty()) {
    const absl::StatusOr<HostPort> parsed = ParseHostPort(address);
    if (!parsed.ok()) {
      return absl::InvalidArgumentError(absl::StrCat("--address: ", parsed.status().message()));
    }
    context.address = parsed->ToString();
  }
  if (!tls_dir.empty()) {
    PL_ASSIGN_OR_RETURN(context.tls_dir, Absolute(tls_dir));
  }
  if (file.contexts.size() == 1) file.current = name;
  PL_RETURN_IF_ERROR(SaveContextFile(env.fs, env.config_file, file));
  env.err << "context " << name << (is_new ? " added" : " changed")
          << (file.current == name ? "; it is the current one" : "") << std::endl;
  return ExitCode::kOk;
}

absl::StatusOr<ExitCode> DeleteContext(const std::string& name, Environment& env) {
  PL_ASSIGN_OR_RETURN(ContextFile file, LoadContextFile(env.fs, env.config_file));
  PL_RETURN_IF_ERROR(FindContext(file, name).status());
  file.contexts.erase(name);
  if (file.current == name) {
    file.current.clear();
    env.err << "it was the current context; choose another: pacectl context use NAME" << std::endl;
  }
  PL_RETURN_IF_ERROR(SaveContextFile(env.fs, env.config_file, file));
  return ExitCode::kOk;
}

}  // namespace paceline::cli
