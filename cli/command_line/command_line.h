// The tree of pacectl's commands, and what all of them share: the scheduler they ask, the
// form of their output, how long they wait. Commands are added by topic (add_commands.h);
// help, completion scripts and the manual are made of the finished tree.
//
//   CLI::App* cancel = line.Command("cancel", "stop a job", "pacectl cancel 7");
//   line.JobId(cancel);
//   line.OnScheduler(cancel, [&line](SchedulerClient& client) {
//     return Cancel(line.job_id(), ..., client, line.env());
//   });
//
// Owned by one thread.
#ifndef PACELINE_CLI_COMMAND_LINE_COMMAND_LINE_H_
#define PACELINE_CLI_COMMAND_LINE_COMMAND_LINE_H_

#include <CLI/CLI.hpp>
#include <cstdint>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "cli/context/endpoint.h"
#include "cli/environment.h"
#include "cli/exit_code.h"
#include "cli/output.h"

namespace paceline::cli {

class Dialer;
class SchedulerClient;

class CommandLine {
 public:
  using Result = absl::StatusOr<ExitCode>;

  // With the options that all commands take. `env` outlives it.
  explicit CommandLine(Environment& env);
  CommandLine(const CommandLine&) = delete;
  CommandLine& operator=(const CommandLine&) = delete;

  CLI::App& app() { return app_; }
  Environment& env() { return env_; }

  // ---- to add commands ----
  // `examples`: one a line; shown with the command's help.
  CLI::App* Command(const std::string& name, const std::string& help, absl::string_view examples);
  // Of a command that has commands of its own.
  CLI::App* Command(CLI::App* parent, const std::string& name, const std::string& help,
                    absl::string_view examples);

  // What a command does: it asks a scheduler, and other daemons too, or nobody.
  void OnScheduler(CLI::App* command, std::function<Result(SchedulerClient&)> run);
  void OnCluster(CLI::App* command, std::function<Result(SchedulerClient&, const Dialer&)> run);
  void OnItsOwn(CLI::App* command, std::function<Result()> run);

  // Forms of output beside table and json.
  void Formats(CLI::App* command, std::set<OutputFormat> more);

  // Arguments and options that several commands have.
  void JobFile(CLI::App* command, std::string* file);
  void JobId(CLI::App* command);
  void Timeout(CLI::App* command);

  // ---- after parsing ----
  OutputFormat format() const { return format_; }
  uint64_t job_id() const { return job_id_; }
  absl::Duration timeout() const;
  // --address, --tls-dir and --context as given.
  EndpointSources sources() const;

  // Runs the command that was parsed.
  Result Run();

 private:
  absl::Status CheckFormat();

  Environment& env_;
  CLI::App app_;
  std::function<Result()> run_;
  const CLI::App* command_ = nullptr;
  std::map<const CLI::App*, std::set<OutputFormat>> formats_;

  std::string address_;
  std::string tls_dir_;
  std::string context_;
  std::string output_ = "table";
  OutputFormat format_ = OutputFormat::kTable;
  uint64_t job_id_ = 0;
  int64_t timeout_s_ = 0;
};

// A value that is one of these; says the nearest to one that is not.
CLI::Validator OneOf(std::vector<std::string> values);

}  // namespace paceline::cli

#endif  // PACELINE_CLI_COMMAND_LINE_COMMAND_LINE_H_
