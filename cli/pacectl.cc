#include "cli/pacectl.h"

#include <grpcpp/security/credentials.h>

#include <CLI/CLI.hpp>
#include <cmath>
#include <functional>
#include <map>
#include <optional>
#include <string>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "cli/backup.h"
#include "cli/bench.h"
#include "cli/commands.h"
#include "cli/exit_code.h"
#include "cli/export/export.h"
#include "cli/local/local_run.h"
#include "cli/local_commands.h"
#include "cli/logs/logs.h"
#include "cli/scheduler_client.h"
#include "common/daemon/address.h"
#include "common/daemon/daemon_flags.h"
#include "common/rpc/channel.h"
#include "common/status/status_macros.h"
#include "common/version/version.h"

namespace paceline::cli {
namespace {

// A person waits for a scheduler that is far away or busy rather than try again.
constexpr absl::Duration kConnectTimeout = absl::Seconds(5);

using Result = absl::StatusOr<ExitCode>;

// The command line. What a command's callback stores in `run` is run after parsing.
class CommandLine {
 public:
  explicit CommandLine(Environment& env) : env_(env), address_(env.default_address) {
    app_.require_subcommand(1);
    app_.fallthrough();
    app_.footer(
        "Data go to stdout, messages to stderr. Exit codes: 0 ok, 1 the job failed, 2 usage,\n"
        "3 the scheduler is unavailable, 4 denied, 5 timeout, 130 interrupted.");
    app_.set_version_flag("--version", absl::StrCat("pacectl ", kVersion));
    app_.add_option("--address", address_, "host:port of the scheduler (PACELINE_ADDRESS)")
        ->capture_default_str();
    app_.add_option("-o,--output", output_, "table or json")
        ->check(CLI::IsMember({"table", "json"}))
        ->capture_default_str();
    AddLocal();
    AddSubmit();
    AddJobCommands();
    AddLogs();
    AddExport();
    AddBackup();
    AddBench();
    AddReference();
  }

  CLI::App& app() { return app_; }
  Result Run() { return run_(); }

 private:
  // A command that asks a scheduler.
  void OnScheduler(CLI::App* command, std::function<Result(SchedulerClient&)> run) {
    command->callback([this, run] {
      run_ = [this, run]() -> Result {
        const absl::StatusOr<HostPort> address = ParseHostPort(address_);
        if (!address.ok()) {
          return absl::InvalidArgumentError(
              absl::StrCat("--address: ", address.status().message()));
        }
        SchedulerClient client(address->ToString(),
                               MakeChannel(address->ToString(), grpc::InsecureChannelCredentials(),
                                           {.connect_timeout = kConnectTimeout}),
                               &env_.interrupt);
        return run(client);
      };
    });
  }

  void OnItsOwn(CLI::App* command, std::function<Result()> run) {
    command->callback([this, run] { run_ = run; });
  }

  CLI::App* Command(const std::string& name, const std::string& help) {
    return app_.add_subcommand(name, help);
  }

  static void JobFile(CLI::App* command, std::string* file) {
    command->add_option("JOB", *file, "job file: .yaml, .json or .textproto")->required();
  }
  void JobId(CLI::App* command) { command->add_option("ID", job_id_, "id of the job")->required(); }
  void Timeout(CLI::App* command) {
    const std::map<std::string, double> units = {{"s", 1}, {"m", 60}, {"h", 3600}};
    command->add_option("--timeout", timeout_s_, "give up after this long: seconds, or 5m")
        ->transform(CLI::AsNumberWithUnit(units, CLI::AsNumberWithUnit::CASE_SENSITIVE))
        ->check([](const std::string& seconds) {
          double value = 0;
          const bool ok = absl::SimpleAtod(seconds, &value) && value > 0 && std::isfinite(value);
          return ok ? std::string() : absl::StrCat("a time greater than 0 expected, got ", seconds);
        });
  }
  OutputFormat format() const {
    return output_ == "json" ? OutputFormat::kJson : OutputFormat::kTable;
  }
  absl::Duration timeout() const {
    return timeout_s_ > 0 ? absl::Seconds(timeout_s_) : absl::InfiniteDuration();
  }

  void AddLocal() {
    CLI::App* local = Command("local", "run things on this machine");
    local->require_subcommand(1);
    CLI::App* run = local->add_subcommand("run", "run one job on a cluster of its own");
    JobFile(run, &local_run_.job_file);
    run->add_option("--servers", local_run_.servers, "servers, instead of resources.servers")
        ->check(CLI::Range(1, 1024));
    run->add_option("--workers", local_run_.workers, "ranks, instead of resources.workers")
        ->check(CLI::Range(1, 1024));
    run->add_option("--bin-dir", local_run_.bin_dir, "folder of the daemons' programs");
    run->add_option("--keep", local_run_.keep, "empty folder that keeps logs, state and cuts");
    run->add_option("--trace", local_run_.trace,
                    "write where the time of every rank goes to this file, for Perfetto");
    run->add_flag("--in-process", local_run_.in_process,
                  "everything on threads of this process, for debugging");
    run->add_option("--chaos", local_run_.chaos,
                    "faults to survive, such as kill-worker@50,kill-server@120: when all ranks "
                    "have done so many iterations, a process is killed and started again "
                    "(kill-worker, kill-server, kill-task, kill-scheduler) or stopped for 8 "
                    "heartbeats (stop-worker)");
    Timeout(run);
    OnItsOwn(run, [this] {
      local_run_.timeout = timeout();
      return LocalRun(local_run_, format(), env_);
    });
  }

  void AddSubmit() {
    CLI::App* submit = Command("submit", "queue a job");
    submit->add_option("JOB", submit_.job_file,
                       "job file: .yaml, .json or .textproto; may be left out with --from");
    submit->add_option("--from", submit_.from,
                       "go on from a cut: JOB@CUT, JOB (its newest) or the cut's folder");
    submit->add_flag("--weights-only", submit_.weights_only,
                     "with --from: take the weights alone, and start at iteration 0");
    submit->add_option("--weights", submit_.weights,
                       "start from a safetensors file as `pacectl export` writes it");
    submit->add_flag("--wait", submit_.wait, "follow the job to its end");
    submit->add_option("--request-id", submit_.request_id,
                       "a repeated id returns the first job instead of starting another");
    Timeout(submit);
    OnScheduler(submit, [this](SchedulerClient& client) {
      submit_.timeout = timeout();
      return Submit(submit_, format(), client, env_);
    });
  }

  void AddJobCommands() {
    OnScheduler(Command("list", "all jobs"),
                [this](SchedulerClient& client) { return List(format(), client, env_); });
    CLI::App* status = Command("status", "the run summary of a job");
    JobId(status);
    OnScheduler(status, [this](SchedulerClient& client) {
      return Status(job_id_, format(), client, env_);
    });
    CLI::App* describe = Command("describe", "everything about a job");
    JobId(describe);
    OnScheduler(describe, [this](SchedulerClient& client) {
      return Describe(job_id_, format(), client, env_);
    });
    CLI::App* watch = Command("watch", "follow a job to its end");
    JobId(watch);
    Timeout(watch);
    OnScheduler(watch, [this](SchedulerClient& client) {
      return Watch(job_id_, timeout(), format(), client, env_);
    });
    CLI::App* cancel = Command("cancel", "stop a job and free what it holds");
    JobId(cancel);
    cancel->add_option("--reason", reason_, "shown with the job");
    OnScheduler(cancel, [this](SchedulerClient& client) {
      return Cancel(job_id_, reason_, format(), client, env_);
    });
    CLI::App* checkpoint = Command("checkpoint", "take a cut of a running job now");
    JobId(checkpoint);
    Timeout(checkpoint);
    OnScheduler(checkpoint, [this](SchedulerClient& client) {
      return Checkpoint(job_id_, timeout(), format(), client, env_);
    });
    OnScheduler(
        Command("cluster", "the daemons and what they hold"),
        [this](SchedulerClient& client) { return DescribeCluster(format(), client, env_); });
  }

  void AddLogs() {
    CLI::App* logs = Command("logs", "the log of a rank's task");
    JobId(logs);
    logs->add_option("--rank", logs_.rank, "which rank")->capture_default_str();
    logs->add_flag("-f,--follow", logs_.follow, "until the task ends");
    logs->add_option("--tail-bytes", logs_.tail_bytes, "only the end of the log")
        ->check(CLI::PositiveNumber);
    OnScheduler(logs, [this](SchedulerClient& client) {
      logs_.job_id = job_id_;
      return Logs(logs_, client, env_);
    });
  }

  void AddExport() {
    CLI::App* command = Command("export", "write a job's parameters to a file");
    JobId(command);
    command->add_option("FILE", export_.file, "file to write: .safetensors or .npz")->required();
    command->add_option("--cut", export_.cut_id, "which cut; default: the newest");
    command->add_option("--format", export_format_, "safetensors or npz; default: by FILE's name")
        ->check(CLI::IsMember({"safetensors", "npz"}));
    OnScheduler(command, [this](SchedulerClient& client) -> Result {
      export_.job_id = job_id_;
      const std::string name =
          export_format_.empty() ? export_.file : absl::StrCat(".", export_format_);
      PL_ASSIGN_OR_RETURN(export_.format, ExportFormatOf(name));
      return Export(export_, client, env_);
    });
  }

  void AddBackup() {
    CLI::App* backup = Command("backup", "write the scheduler's state to a file (no parameters)");
    backup->add_option("FILE", backup_file_, "file to write")->required();
    OnScheduler(backup,
                [this](SchedulerClient& client) { return Backup(backup_file_, client, env_); });
    CLI::App* restore = Command("restore", "make a scheduler's state folder from a backup");
    restore->add_option("FILE", backup_file_, "what pacectl backup wrote")->required();
    restore->add_option("--state-dir", state_dir_, "the scheduler's --data-dir; new or empty")
        ->required();
    OnItsOwn(restore, [this] { return Restore(backup_file_, state_dir_, env_); });
  }

  void AddBench() {
    CLI::App* bench = Command("bench", "measure what the cluster can move, with jobs of its own");
    bench->add_option("--policy", bench_.policies, "policies: bsp,ssp,asp (default: all)")
        ->delimiter(',')
        ->check(CLI::IsMember({"bsp", "ssp", "asp"}));
    bench
        ->add_option("--size", bench_.sizes,
                     "sizes of the model, such as 4MiB,64MiB (default: 1MiB,16MiB)")
        ->delimiter(',')
        ->transform(CLI::AsSizeValue(/*kb_is_1000=*/false))
        ->check(CLI::Range(kMinBenchBytes, kMaxBenchBytes));
    bench->add_option("--workers", bench_.workers, "ranks (default: as many as slots are free)")
        ->check(CLI::Range(1, 1024));
    bench->add_option("--servers", bench_.servers, "servers (default: all that are live)")
        ->check(CLI::Range(1, 1024));
    bench->add_option("--seconds", bench_seconds_, "that each job is measured")
        ->check(CLI::Range(1.0, 3600.0))
        ->capture_default_str();
    OnScheduler(bench, [this](SchedulerClient& client) {
      bench_.time = absl::Seconds(bench_seconds_);
      return Bench(bench_, format(), client, env_);
    });
  }

  void AddReference() {
    CLI::App* validate = Command("validate", "check a job file");
    JobFile(validate, &submit_.job_file);
    OnItsOwn(validate, [this] { return ValidateJob(submit_.job_file, format(), env_); });
    CLI::App* explain = Command("explain", "what a field of the job file means");
    explain->add_option("FIELD", field_, "such as train.optimizer; default: all");
    OnItsOwn(explain, [this] { return ExplainField(field_, env_); });
    OnItsOwn(Command("version", "the version of this program"), [this]() -> Result {
      env_.out << "pacectl " << kVersion << std::endl;
      return ExitCode::kOk;
    });
  }

  Environment& env_;
  CLI::App app_{"Runs training jobs on a Paceline cluster", "pacectl"};
  std::function<Result()> run_;

  std::string address_;
  std::string output_ = "table";
  uint64_t job_id_ = 0;
  int64_t timeout_s_ = 0;
  std::string reason_;
  std::string field_;
  SubmitOptions submit_;
  LocalRunOptions local_run_;
  LogsOptions logs_;
  ExportOptions export_;
  std::string export_format_;
  BenchOptions bench_;
  double bench_seconds_ = 10;
  std::string backup_file_;
  std::string state_dir_;
};

}  // namespace

int RunPacectl(int argc, const char* const* argv, Environment& env) {
  CommandLine command_line(env);
  if (const std::optional<int> code = ParseCommandLine(&command_line.app(), argc, argv)) {
    return *code;
  }
  const Result result = command_line.Run();
  if (result.ok()) {
    return static_cast<int>(*result);
  }
  env.err << "pacectl: " << result.status().message() << std::endl;
  return static_cast<int>(ExitCodeOf(result.status()));
}

}  // namespace paceline::cli
