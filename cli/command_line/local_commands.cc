#include <memory>

#include "cli/command_line/add_commands.h"
#include "cli/local/local_run.h"

namespace paceline::cli {

void AddLocalCommands(CommandLine* line) {
  CLI::App* local = line->Command("local", "run things on this machine",
                                  "pacectl local run job.yaml --servers 2 --workers 4");
  local->require_subcommand(1);
  CLI::App* run = line->Command(local, "run", "run one job on a cluster of its own",
                                "pacectl local run job.yaml\n"
                                "pacectl local run job.yaml --servers 2 --workers 4 -o json\n"
                                "pacectl local run job.yaml --chaos kill-worker@50");
  auto options = std::make_shared<LocalRunOptions>();
  line->JobFile(run, &options->job_file);
  run->add_option("--servers", options->servers, "servers, instead of resources.servers")
      ->check(CLI::Range(1, 1024));
  run->add_option("--workers", options->workers, "ranks, instead of resources.workers")
      ->check(CLI::Range(1, 1024));
  run->add_option("--bin-dir", options->bin_dir, "folder of the daemons' programs");
  run->add_option("--keep", options->keep, "empty folder that keeps logs, state and cuts");
  run->add_option("--trace", options->trace,
                  "write where the time of every rank goes to this file, for Perfetto");
  run->add_option("--model-dir", options->model_dir,
                  "folder of shared libraries that the job may bring as its model")
      ->check(CLI::ExistingDirectory);
  run->add_flag("--in-process", options->in_process,
                "everything on threads of this process, for debugging");
  run->add_option("--chaos", options->chaos,
                  "faults to survive, such as kill-worker@50,kill-server@120: when all ranks "
                  "have done so many iterations, a process is killed and started again "
                  "(kill-worker, kill-server, kill-task, kill-scheduler) or stopped for 8 "
                  "heartbeats (stop-worker)");
  run->add_option("--tensorboard", options->tensorboard,
                  "write curves for TensorBoard into a folder of the job in this one");
  line->Timeout(run);
  line->OnItsOwn(run, [line, options] {
    options->timeout = line->timeout();
    return LocalRun(*options, line->format(), line->env());
  });
}

}  // namespace paceline::cli
