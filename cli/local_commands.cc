#include "cli/local_commands.h"

#include <nlohmann/json.hpp>

#include "cli/job_file.h"
#include "common/json/proto_json.h"
#include "common/spec/reference.h"
#include "common/status/status_macros.h"

namespace paceline::cli {
namespace {

nlohmann::ordered_json ProblemJson(const Problem& problem) {
  return {{"path", problem.path},
          {"line", problem.line},
          {"value", problem.value},
          {"allowed", problem.allowed},
          {"message", problem.message}};
}

}  // namespace

absl::StatusOr<ExitCode> ValidateJob(const std::string& job_file, OutputFormat format,
                                     Environment& env) {
  PL_ASSIGN_OR_RETURN(const ParsedSpec parsed, ReadJobFile(env.fs, job_file));
  const bool valid = parsed.problems.empty();
  if (format == OutputFormat::kJson) {
    nlohmann::ordered_json json = {{"valid", valid}, {"problems", nlohmann::ordered_json::array()}};
    for (const Problem& problem : parsed.problems) {
      json["problems"].push_back(ProblemJson(problem));
    }
    if (valid) {
      json["spec"] = nlohmann::ordered_json::parse(ProtoToJson(parsed.spec, JsonLayout::kOneLine));
    }
    env.out << json.dump(1, ' ', /*ensure_ascii=*/false, nlohmann::json::error_handler_t::replace)
            << std::endl;
    return valid ? ExitCode::kOk : ExitCode::kUsage;
  }
  PL_RETURN_IF_ERROR(ProblemsOf(job_file, parsed.problems));
  env.out << job_file << ": valid" << std::endl;
  return ExitCode::kOk;
}

absl::StatusOr<ExitCode> ExplainField(const std::string& path, Environment& env) {
  PL_ASSIGN_OR_RETURN(const std::string text, Explain(path));
  env.out << text << std::flush;
  return ExitCode::kOk;
}

}  // namespace paceline::cli
