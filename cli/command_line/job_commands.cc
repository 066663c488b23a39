#include <memory>

#include "absl/strings/str_cat.h"
#include "cli/command_line/add_commands.h"
#include "cli/commands.h"
#include "cli/delete.h"
#include "cli/logs/logs.h"
#include "cli/watch/watch_commands.h"

namespace paceline::cli {
namespace {

using Result = CommandLine::Result;

constexpr char kTensorBoardHelp[] =
    "write curves for TensorBoard into a folder of the job in this one";

void AddSubmit(CommandLine* line) {
  CLI::App* submit = line->Command("submit", "queue a job",
                                   "pacectl submit job.yaml\n"
                                   "pacectl submit job.yaml --wait --tensorboard runs\n"
                                   "pacectl submit --from 7@3");
  auto options = std::make_shared<SubmitOptions>();
  submit->add_option("JOB", options->job_file,
                     "job file: .yaml, .json or .textproto; may be left out with --from");
  submit->add_option("--from", options->from,
                     "go on from a cut: JOB@CUT, JOB@best, JOB (its newest) or its folder");
  submit->add_flag("--weights-only", options->weights_only,
                   "with --from: take the weights alone, and start at iteration 0");
  submit->add_option("--weights", options->weights,
                     "start from a safetensors file as `pacectl export` writes it");
  CLI::Option* wait = submit->add_flag("--wait", options->wait, "follow the job to its end");
  submit->add_option("--request-id", options->request_id,
                     "a repeated id returns the first job instead of starting another");
  submit
      ->add_option("--tensorboard", options->tensorboard,
                   absl::StrCat("with --wait: ", kTensorBoardHelp))
      ->needs(wait);
  line->Timeout(submit);
  line->OnScheduler(submit, [line, options](SchedulerClient& client) {
    options->timeout = line->timeout();
    return Submit(*options, line->format(), client, line->env());
  });
}

void AddViews(CommandLine* line) {
  CLI::App* list =
      line->Command("list", "all jobs", "pacectl list\npacectl list -o wide\npacectl list -o json");
  line->Formats(list, {OutputFormat::kWide, OutputFormat::kName, OutputFormat::kYaml});
  line->OnScheduler(
      list, [line](SchedulerClient& client) { return List(line->format(), client, line->env()); });

  CLI::App* status = line->Command("status", "the run summary of a job",
                                   "pacectl status 7\npacectl status 7 -o json");
  line->JobId(status);
  line->Formats(status, {OutputFormat::kYaml});
  line->OnScheduler(status, [line](SchedulerClient& client) {
    return Status(line->job_id(), line->format(), client, line->env());
  });

  CLI::App* describe = line->Command("describe", "everything about a job",
                                     "pacectl describe 7\npacectl describe 7 -o yaml");
  line->JobId(describe);
  line->Formats(describe, {OutputFormat::kWide, OutputFormat::kYaml});
  line->OnScheduler(describe, [line](SchedulerClient& client) {
    return Describe(line->job_id(), line->format(), client, line->env());
  });
}

void AddWatch(CommandLine* line) {
  CLI::App* watch = line->Command("watch", "follow a job to its end, or all jobs",
                                  "pacectl watch 7\n"
                                  "pacectl watch\n"
                                  "pacectl watch 7 -o json --timeout 1h");
  auto options = std::make_shared<WatchJobOptions>();
  watch->add_option("ID", options->job_id, "id of the job; default: a list of all jobs");
  watch->add_option("--tensorboard", options->tensorboard, kTensorBoardHelp);
  line->Timeout(watch);
  line->OnScheduler(watch, [line, options](SchedulerClient& client) -> Result {
    options->timeout = line->timeout();
    if (options->job_id.has_value()) {
      return WatchJob(*options, line->format(), client, line->env());
    }
    if (!options->tensorboard.empty()) {
      return absl::InvalidArgumentError("--tensorboard: the id of a job expected, got none");
    }
    return WatchJobs(options->timeout, line->format(), client, line->env());
  });
}

void AddLogs(CommandLine* line) {
  CLI::App* logs = line->Command("logs", "the logs of a job's ranks",
                                 "pacectl logs 7\n"
                                 "pacectl logs 7 -f --tail 20\n"
                                 "pacectl logs 7 --rank 0 --rank 3 -f");
  auto options = std::make_shared<LogsOptions>();
  line->JobId(logs);
  logs->add_option("--rank", options->ranks, "a rank, may be repeated; default: all of them")
      ->take_all()
      ->allow_extra_args(false);
  logs->add_flag("-f,--follow", options->follow, "as they grow, until the job ends");
  CLI::Option* tail = logs->add_option("--tail", options->tail_lines, "only the last lines of each")
                          ->check(CLI::Range(uint64_t{1}, kMaxTailLines));
  logs->add_option("--tail-bytes", options->tail_bytes, "only the end of each log")
      ->check(CLI::PositiveNumber)
      ->excludes(tail);
  line->OnCluster(logs, [line, options](SchedulerClient& client, const Dialer& dialer) {
    options->job_id = line->job_id();
    return Logs(*options, client, dialer, line->env());
  });
}

void AddActions(CommandLine* line) {
  CLI::App* cancel = line->Command("cancel", "stop a job and free what it holds",
                                   "pacectl cancel 7 --reason \"wrong data\"");
  line->JobId(cancel);
  auto reason = std::make_shared<std::string>();
  cancel->add_option("--reason", *reason, "shown with the job");
  line->OnScheduler(cancel, [line, reason](SchedulerClient& client) {
    return Cancel(line->job_id(), *reason, line->format(), client, line->env());
  });

  CLI::App* remove = line->Command("delete", "forget a job that has ended, with its cuts and logs",
                                   "pacectl delete 7");
  line->JobId(remove);
  line->OnScheduler(remove, [line](SchedulerClient& client) {
    return Delete(line->job_id(), client, line->env());
  });

  CLI::App* checkpoint =
      line->Command("checkpoint", "take a cut of a running job now", "pacectl checkpoint 7");
  line->JobId(checkpoint);
  line->Timeout(checkpoint);
  line->OnScheduler(checkpoint, [line](SchedulerClient& client) {
    return Checkpoint(line->job_id(), line->timeout(), line->format(), client, line->env());
  });
}

}  // namespace

void AddJobCommands(CommandLine* line) {
  AddSubmit(line);
  AddViews(line);
  AddWatch(line);
  AddLogs(line);
  AddActions(line);
}

}  // namespace paceline::cli
