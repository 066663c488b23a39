#include "cli/command_line/command_line.h"

#include <cmath>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "cli/context/context_file.h"
#include "cli/dialer.h"
#include "cli/scheduler_client.h"
#include "common/spec/nearest.h"
#include "common/status/status_macros.h"
#include "common/version/version.h"

namespace paceline::cli {
namespace {

constexpr char kExitCodes[] =
    "Data go to stdout, messages to stderr. Exit codes: 0 ok, 1 the job failed, 2 usage,\n"
    "3 the scheduler is unavailable, 4 denied, 5 timeout, 130 interrupted.";

// In the order in which they are named.
const std::vector<std::pair<std::string, OutputFormat>>& KnownFormats() {
  static const auto* const formats = new std::vector<std::pair<std::string, OutputFormat>>{
      {"table", OutputFormat::kTable}, {"wide", OutputFormat::kWide}, {"name", OutputFormat::kName},
      {"json", OutputFormat::kJson},   {"yaml", OutputFormat::kYaml}, {"csv", OutputFormat::kCsv}};
  return *formats;
}

std::vector<std::string> FormatNames() {
  std::vector<std::string> names;
  for (const auto& [name, format] : KnownFormats()) names.push_back(name);
  return names;
}

std::string Examples(absl::string_view examples) {
  std::string text = "Examples:";
  for (const absl::string_view line : absl::StrSplit(examples, '\n', absl::SkipWhitespace())) {
    absl::StrAppend(&text, "\n  ", line);
  }
  return text;
}

}  // namespace

CLI::Validator OneOf(std::vector<std::string> values) {
  CLI::Validator validator;
  // CLI11's own form: completion scripts read it.
  validator.description(absl::StrCat("{", absl::StrJoin(values, ","), "}"));
  validator.operation([values = std::move(values)](std::string& value) -> std::string {
    for (const std::string& known : values) {
      if (value == known) return "";
    }
    const std::string meant = Nearest(value, values);
    return absl::StrCat(absl::StrJoin(values, ", "), " expected, got `", value, "`",
                        meant.empty() ? "" : absl::StrCat("; did you mean `", meant, "`?"));
  });
  return validator;
}

CommandLine::CommandLine(Environment& env)
    : env_(env), app_("Runs training jobs on a Paceline cluster", "pacectl") {
  app_.require_subcommand(1);
  app_.fallthrough();
  app_.footer(kExitCodes);
  app_.set_version_flag("--version", absl::StrCat("pacectl ", kVersion));
  app_.add_option("--address", address_,
                  "host:port of the scheduler (PACELINE_ADDRESS, or of the context)");
  app_.add_option("--tls-dir", tls_dir_,
                  "folder with ca.crt, tls.crt and tls.key (PACELINE_TLS_DIR, or of the context)");
  app_.add_option("--context", context_, "name of the cluster to speak to: see pacectl context");
  app_.add_option("-o,--output", output_, "form of the output")
      ->check(OneOf(FormatNames()))
      ->capture_default_str();
}

CLI::App* CommandLine::Command(const std::string& name, const std::string& help,
                               absl::string_view examples) {
  return Command(&app_, name, help, examples);
}

CLI::App* CommandLine::Command(CLI::App* parent, const std::string& name, const std::string& help,
                               absl::string_view examples) {
  CLI::App* command = parent->add_subcommand(name, help);
  command->footer(Examples(examples));
  return command;
}

void CommandLine::OnCluster(CLI::App* command,
                            std::function<Result(SchedulerClient&, const Dialer&)> run) {
  OnItsOwn(command, [this, run = std::move(run)]() -> Result {
    PL_ASSIGN_OR_RETURN(const ContextFile file, LoadContextFile(env_.fs, env_.config_file));
    PL_ASSIGN_OR_RETURN(const Endpoint endpoint, ResolveEndpoint(sources(), file));
    PL_ASSIGN_OR_RETURN(const Dialer dialer, Dialer::Create(endpoint.tls_dir, env_.clock.Now()));
    SchedulerClient client(endpoint.address, dialer.Dial(endpoint.address, Role::kScheduler),
                           &env_.interrupt);
    return run(client, dialer);
  });
}

void CommandLine::OnScheduler(CLI::App* command, std::function<Result(SchedulerClient&)> run) {
  OnCluster(command,
            [run = std::move(run)](SchedulerClient& client, const Dialer&) { return run(client); });
}

void CommandLine::OnItsOwn(CLI::App* command, std::function<Result()> run) {
  command->callback([this, command, run = std::move(run)] {
    command_ = command;
    run_ = run;
  });
}

void CommandLine::Formats(CLI::App* command, std::set<OutputFormat> more) {
  formats_[command] = std::move(more);
}

void CommandLine::JobFile(CLI::App* command, std::string* file) {
  command->add_option("JOB", *file, "job file: .yaml, .json or .textproto")->required();
}

void CommandLine::JobId(CLI::App* command) {
  command->add_option("ID", job_id_, "id of the job")->required();
}

void CommandLine::Timeout(CLI::App* command) {
  const std::map<std::string, double> units = {{"s", 1}, {"m", 60}, {"h", 3600}};
  command->add_option("--timeout", timeout_s_, "give up after this long: seconds, or 5m")
      ->transform(CLI::AsNumberWithUnit(units, CLI::AsNumberWithUnit::CASE_SENSITIVE))
      ->check([](const std::string& seconds) {
        double value = 0;
        const bool ok = absl::SimpleAtod(seconds, &value) && value > 0 && std::isfinite(value);
        return ok ? std::string() : absl::StrCat("a time greater than 0 expected, got ", seconds);
      });
}

absl::Duration CommandLine::timeout() const {
  return timeout_s_ > 0 ? absl::Seconds(timeout_s_) : absl::InfiniteDuration();
}

EndpointSources CommandLine::sources() const {
  return {.address_flag = address_,
          .tls_dir_flag = tls_dir_,
          .context_flag = context_,
          .address_variable = env_.address_variable,
          .tls_dir_variable = env_.tls_dir_variable};
}

absl::Status CommandLine::CheckFormat() {
  std::set<OutputFormat> allowed = {OutputFormat::kTable, OutputFormat::kJson};
  if (const auto more = formats_.find(command_); more != formats_.end()) {
    allowed.insert(more->second.begin(), more->second.end());
  }
  std::vector<std::string> names;
  for (const auto& [name, format] : KnownFormats()) {
    if (name == output_) format_ = format;
    if (allowed.count(format) > 0) names.push_back(name);
  }
  if (allowed.count(format_) > 0) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat("--output of ", command_->get_name(), ": ",
                                                 absl::StrJoin(names, ", "), " expected, got `",
                                                 output_, "`"));
}

CommandLine::Result CommandLine::Run() {
  PL_RETURN_IF_ERROR(CheckFormat());
  const Result result = run_();
  // A full disk, or a reader that has gone: what was to be said went nowhere.
  if (result.ok() && !(env_.out << std::flush)) {
    return absl::AbortedError("standard output: it cannot be written");
  }
  return result;
}

}  // namespace paceline::cli
