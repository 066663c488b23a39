#include "cli/local/process_cluster.h"

#include <csignal>
#include <optional>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "common/process/file_tail.h"
#include "common/status/status_macros.h"

namespace paceline::cli {
namespace {

constexpr char kHost[] = "127.0.0.1";
constexpr char kSchedulerName[] = "scheduler";
constexpr int kShownLogLines = 20;
constexpr absl::Duration kPollPeriod = absl::Milliseconds(10);

std::string ServerName(int index) { return absl::StrCat("server-", index); }
std::string WorkerName(int index) { return absl::StrCat("worker-", index); }

std::string Local(int port) { return absl::StrCat(kHost, ":", port); }

}  // namespace

absl::StatusOr<std::unique_ptr<LocalCluster>> ProcessCluster::Start(const Options& options,
                                                                    FileSystem& fs, Clock& clock,
                                                                    Interrupt& interrupt) {
  std::unique_ptr<ProcessCluster> cluster(new ProcessCluster(options, fs, clock));
  PL_RETURN_IF_ERROR(
      cluster->Add(kSchedulerName, options.binaries.scheduler,
                   {"--heartbeat-ms", absl::StrCat(absl::ToInt64Milliseconds(kHeartbeat))}));
  PL_RETURN_IF_ERROR(cluster->AwaitScheduler(interrupt));
  const std::vector<std::string> scheduler = {"--scheduler", cluster->address_};
  for (int i = 0; i < options.servers; ++i) {
    PL_RETURN_IF_ERROR(cluster->Add(ServerName(i), options.binaries.server, scheduler));
  }
  std::vector<std::string> worker = scheduler;
  if (!options.trace.empty()) worker.insert(worker.end(), {"--trace", options.trace});
  if (!options.model_dir.empty()) worker.insert(worker.end(), {"--model-dir", options.model_dir});
  for (int i = 0; i < options.workers; ++i) {
    PL_RETURN_IF_ERROR(cluster->Add(WorkerName(i), options.binaries.worker, worker));
  }
  return cluster;
}

std::string ProcessCluster::PathOf(const Daemon& daemon, const char* ending) const {
  return JoinPath(options_.folder, daemon.name) + ending;
}

absl::Status ProcessCluster::Add(const std::string& name, const std::string& program,
                                 const std::vector<std::string>& flags) {
  daemons_.push_back({.name = name, .program = program, .flags = flags, .process = nullptr});
  const absl::Status status = Spawn(BoundPorts(), &daemons_.back());
  if (!status.ok()) {
    daemons_.pop_back();
  }
  return status;
}

absl::Status ProcessCluster::Spawn(const BoundPorts& ports, Daemon* daemon) {
  ChildProcess::Options child;
  child.argv = {daemon->program,        "--listen",    Local(ports.port),        "--http-listen",
                Local(ports.http_port), "--port-file", PathOf(*daemon, ".port"), "--data-dir",
                PathOf(*daemon)};
  child.argv.insert(child.argv.end(), daemon->flags.begin(), daemon->flags.end());
  child.output_path = PathOf(*daemon, ".log");
  PL_ASSIGN_OR_RETURN(daemon->process, ChildProcess::Spawn(child));
  return absl::OkStatus();
}

absl::StatusOr<ProcessCluster::Daemon*> ProcessCluster::Find(DaemonRole role, int index) {
  const std::string name = role == DaemonRole::kScheduler ? kSchedulerName
                           : role == DaemonRole::kServer  ? ServerName(index)
                                                          : WorkerName(index);
  for (Daemon& daemon : daemons_) {
    if (daemon.name == name) {
      return &daemon;
    }
  }
  return absl::NotFoundError(absl::StrCat("there is no ", name));
}

absl::Status ProcessCluster::KillAndRestart(DaemonRole role, int index) {
  PL_ASSIGN_OR_RETURN(Daemon * daemon, Find(role, index));
  // One that has not said its ports yet is known to nobody: any port will do.
  const BoundPorts ports = ReadPortFile(fs_, PathOf(*daemon, ".port")).value_or(BoundPorts());
  daemon->process->Kill();
  daemon->process->Wait();
  return Spawn(ports, daemon);
}

absl::Status ProcessCluster::Pause(DaemonRole role, int index) {
  PL_ASSIGN_OR_RETURN(Daemon * daemon, Find(role, index));
  return daemon->process->Signal(SIGSTOP);
}

absl::Status ProcessCluster::Resume(DaemonRole role, int index) {
  PL_ASSIGN_OR_RETURN(Daemon * daemon, Find(role, index));
  return daemon->process->Signal(SIGCONT);
}

absl::Status ProcessCluster::AwaitScheduler(Interrupt& interrupt) {
  const std::string port_file = JoinPath(options_.folder, absl::StrCat(kSchedulerName, ".port"));
  const absl::Duration deadline = clock_.Monotonic() + options_.start_timeout;
  while (true) {
    const absl::StatusOr<BoundPorts> ports = ReadPortFile(fs_, port_file);
    if (ports.ok()) {
      address_ = Local(ports->port);
      return absl::OkStatus();
    }
    if (!absl::IsNotFound(ports.status())) {
      return ports.status();
    }
    PL_RETURN_IF_ERROR(Check());
    if (clock_.Monotonic() >= deadline) {
      return absl::DeadlineExceededError(
          absl::StrCat("the scheduler has not said its port within ",
                       absl::FormatDuration(options_.start_timeout)));
    }
    if (interrupt.WaitFor(clock_, kPollPeriod)) {
      return absl::CancelledError("interrupted");
    }
  }
}

absl::Status ProcessCluster::DescribeEnd(Daemon& daemon, const ExitStatus& exit) {
  std::string text = absl::StrCat(daemon.name, " ended: ", exit.Describe());
  const auto lines = ReadTail(fs_, PathOf(daemon, ".log"), kShownLogLines);
  if (lines.ok()) {
    for (const std::string& line : *lines) {
      absl::StrAppend(&text, "\n    | ", line);
    }
  }
  return absl::InternalError(text);
}

absl::Status ProcessCluster::Check() {
  for (Daemon& daemon : daemons_) {
    if (const std::optional<ExitStatus> exit = daemon.process->TryWait()) {
      return DescribeEnd(daemon, *exit);
    }
  }
  return absl::OkStatus();
}

void ProcessCluster::StopGroup(const std::string& prefix, absl::Status* first_error) {
  const auto note = [&](const absl::Status& status) {
    if (first_error->ok()) {
      *first_error = status;
    }
  };
  for (Daemon& daemon : daemons_) {
    if (absl::StartsWith(daemon.name, prefix)) {
      note(daemon.process->Signal(SIGTERM));
    }
  }
  const absl::Duration deadline = clock_.Monotonic() + options_.stop_timeout;
  for (Daemon& daemon : daemons_) {
    if (!absl::StartsWith(daemon.name, prefix)) {
      continue;
    }
    while (!daemon.process->TryWait() && clock_.Monotonic() < deadline) {
      clock_.SleepFor(kPollPeriod);
    }
    if (!daemon.process->TryWait()) {
      daemon.process->Kill();
      note(absl::InternalError(absl::StrCat(daemon.name, " did not end within ",
                                            absl::FormatDuration(options_.stop_timeout))));
    }
    const ExitStatus exit = daemon.process->Wait();
    if (!exit.success()) {
      note(DescribeEnd(daemon, exit));
    }
  }
}

absl::Status ProcessCluster::Stop() {
  absl::Status first_error;
  // Those who report before the one they report to.
  StopGroup("worker-", &first_error);
  StopGroup("server-", &first_error);
  StopGroup(kSchedulerName, &first_error);
  return first_error;
}

}  // namespace paceline::cli
