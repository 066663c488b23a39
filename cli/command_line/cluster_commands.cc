#include <memory>
#include <string>

#include "cli/backup.h"
#include "cli/bench.h"
#include "cli/command_line/add_commands.h"
#include "cli/commands.h"
#include "cli/doctor/doctor.h"
#include "cli/drain.h"
#include "cli/log_level.h"
#include "cli/top/top.h"

namespace paceline::cli {
namespace {

void AddViews(CommandLine* line) {
  CLI::App* cluster = line->Command("cluster", "the daemons and what they hold",
                                    "pacectl cluster\npacectl cluster -o wide");
  line->Formats(cluster, {OutputFormat::kWide, OutputFormat::kName, OutputFormat::kYaml});
  line->OnScheduler(cluster, [line](SchedulerClient& client) {
    return DescribeCluster(line->format(), client, line->env());
  });

  CLI::App* top = line->Command("top", "what nodes and ranks take and do, live",
                                "pacectl top\npacectl top --sort memory\npacectl top --once");
  auto options = std::make_shared<TopOptions>();
  auto sort = std::make_shared<std::string>("cpu");
  top->add_option("--sort", *sort, "the greatest first")
      ->check(OneOf({"cpu", "memory", "rate"}))
      ->capture_default_str();
  top->add_flag("--once", options->once, "print it once instead of again and again");
  line->Formats(top, {OutputFormat::kYaml});
  line->Timeout(top);
  line->OnScheduler(top, [line, options, sort](SchedulerClient& client) {
    options->timeout = line->timeout();
    options->sort = *sort == "memory" ? TopSort::kMemory
                    : *sort == "rate" ? TopSort::kRate
                                      : TopSort::kCpu;
    return Top(*options, line->format(), client, line->env());
  });
}

void AddDoctor(CommandLine* line) {
  CLI::App* doctor = line->Command("doctor", "look for what is wrong with the cluster",
                                   "pacectl doctor\n"
                                   "pacectl doctor --no-bandwidth\n"
                                   "pacectl doctor -o json");
  auto options = std::make_shared<DoctorOptions>();
  doctor->add_flag("!--no-bandwidth", options->bandwidth,
                   "do not measure the connections between daemons");
  line->Formats(doctor, {OutputFormat::kYaml});
  line->OnCluster(doctor, [line, options](SchedulerClient& client, const Dialer& dialer) {
    return Doctor(*options, line->format(), client, dialer, line->env());
  });
}

void AddLogLevel(CommandLine* line) {
  CLI::App* command = line->Command("log-level", "ask or change what daemons log, as they run",
                                    "pacectl log-level --all\n"
                                    "pacectl log-level debug\n"
                                    "pacectl log-level debug 3 10.0.0.7:7072\n"
                                    "pacectl log-level info --all");
  auto options = std::make_shared<LogLevelOptions>();
  command->add_option("LEVEL", options->level, "log this and above; default: only ask")
      ->check(OneOf({"debug", "info", "warning", "error"}));
  CLI::Option* nodes = command->add_option(
      "NODE", options->nodes, "numbers or addresses of nodes, or scheduler; default: scheduler");
  command->add_flag("--all", options->all, "the scheduler and all nodes")->excludes(nodes);
  line->Formats(command, {OutputFormat::kYaml});
  line->OnCluster(command, [line, options](SchedulerClient& client, const Dialer& dialer) {
    return DaemonLogLevel(*options, line->format(), client, dialer, line->env());
  });
}

void AddBench(CommandLine* line) {
  CLI::App* bench = line->Command("bench", "measure what the cluster can move, with its own jobs",
                                  "pacectl bench\n"
                                  "pacectl bench --policy bsp,asp --size 4MiB,64MiB --seconds 30");
  auto options = std::make_shared<BenchOptions>();
  auto seconds = std::make_shared<double>(10);
  bench->add_option("--policy", options->policies, "policies: bsp,ssp,asp (default: all)")
      ->delimiter(',')
      ->check(OneOf({"bsp", "ssp", "asp"}));
  bench
      ->add_option("--size", options->sizes,
                   "sizes of the model, such as 4MiB,64MiB (default: 1MiB,16MiB)")
      ->delimiter(',')
      ->transform(CLI::AsSizeValue(/*kb_is_1000=*/false))
      ->check(CLI::Range(kMinBenchBytes, kMaxBenchBytes));
  bench->add_option("--workers", options->workers, "ranks (default: as many as slots are free)")
      ->check(CLI::Range(1, 1024));
  bench->add_option("--servers", options->servers, "servers (default: all that are live)")
      ->check(CLI::Range(1, 1024));
  bench->add_option("--seconds", *seconds, "that each job is measured")
      ->check(CLI::Range(1.0, 3600.0))
      ->capture_default_str();
  line->OnScheduler(bench, [line, options, seconds](SchedulerClient& client) {
    options->time = absl::Seconds(*seconds);
    return Bench(*options, line->format(), client, line->env());
  });
}

void AddBackup(CommandLine* line) {
  CLI::App* backup =
      line->Command("backup", "write the scheduler's state to a file (no parameters)",
                    "pacectl backup state.backup");
  auto file = std::make_shared<std::string>();
  backup->add_option("FILE", *file, "file to write")->required();
  line->OnScheduler(
      backup, [line, file](SchedulerClient& client) { return Backup(*file, client, line->env()); });

  CLI::App* restore =
      line->Command("restore", "make a scheduler's state folder from a backup",
                    "pacectl restore state.backup --state-dir /var/lib/paceline/scheduler");
  auto state_dir = std::make_shared<std::string>();
  restore->add_option("FILE", *file, "what pacectl backup wrote")->required();
  restore->add_option("--state-dir", *state_dir, "the scheduler's --data-dir; new or empty")
      ->required();
  line->OnItsOwn(restore,
                 [line, file, state_dir] { return Restore(*file, *state_dir, line->env()); });
}

void AddDrain(CommandLine* line) {
  CLI::App* drain = line->Command("drain", "empty a node for maintenance: ranks and shards move",
                                  "pacectl drain 3 --reason 'new disks' --wait\n"
                                  "pacectl drain 10.0.0.7:7072 --undo");
  auto options = std::make_shared<DrainOptions>();
  drain->add_option("NODE", options->node, "number or address of the node")->required();
  drain->add_flag("--undo", options->undo, "take it back: it gets new work again");
  drain->add_option("--reason", options->reason, "shown with the node");
  drain->add_flag("--wait", options->wait, "until it holds nothing");
  line->Timeout(drain);
  line->OnScheduler(drain, [line, options](SchedulerClient& client) {
    options->timeout = line->timeout();
    return Drain(*options, line->format(), client, line->env());
  });
}

}  // namespace

void AddClusterCommands(CommandLine* line) {
  AddViews(line);
  AddDrain(line);
  AddDoctor(line);
  AddLogLevel(line);
  AddBench(line);
  AddBackup(line);
}

}  // namespace paceline::cli
