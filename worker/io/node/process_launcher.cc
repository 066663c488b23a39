#include "worker/io/node/process_launcher.h"

#include <csignal>
#include <optional>

#include "absl/strings/str_cat.h"
#include "common/log.h"
#include "common/log_level.h"
#include "common/process/child_process.h"
#include "common/process/file_tail.h"
#include "common/status/status_macros.h"
#include "worker/core/node/device_flag.h"
#include "worker/io/node/oom_watch.h"

namespace paceline::worker {
namespace {

// Of a log, with a task's end.
constexpr size_t kLastLines = 20;

class ProcessTask final : public RunningTask {
 public:
  ProcessTask(std::unique_ptr<ChildProcess> child, FileSystem* fs, std::string log,
              const OomWatch* oom)
      : child_(std::move(child)),
        fs_(fs),
        log_(std::move(log)),
        oom_(oom),
        oom_kills_(oom->Kills()) {}

  int64_t pid() const override { return child_->pid(); }

  std::optional<v1::TaskExit> TryWait() override {
    const std::optional<ExitStatus> status = child_->TryWait();
    if (!status.has_value()) return std::nullopt;
    v1::TaskExit exit;
    exit.set_exit_code(status->exit_code);
    exit.set_signal(status->signal);
    const bool killed = status->signal == SIGKILL && !status->signal_was_ours;
    exit.set_cause(killed && oom_->Kills() > oom_kills_
                       ? "out of memory: killed by the kernel (SIGKILL)"
                       : status->Describe());
    const absl::StatusOr<std::vector<std::string>> lines = ReadTail(*fs_, log_, kLastLines);
    if (lines.ok()) exit.mutable_last_log_lines()->Add(lines->begin(), lines->end());
    return exit;
  }

  void Stop() override {
    const absl::Status sent = child_->Signal(SIGTERM);
    if (!sent.ok()) LogWarning("task not signalled", {{"cause", sent}});
  }
  void Kill() override { child_->Kill(); }

 private:
  const std::unique_ptr<ChildProcess> child_;
  FileSystem* const fs_;
  const std::string log_;
  const OomWatch* const oom_;
  const uint64_t oom_kills_;
};

class ProcessLauncher final : public TaskLauncher {
 public:
  explicit ProcessLauncher(ProcessLauncherOptions options) : options_(std::move(options)) {}

  absl::StatusOr<std::unique_ptr<RunningTask>> Launch(const TaskKey& key,
                                                      const TaskDevice& device) override {
    PL_RETURN_IF_ERROR(PrepareTaskLog(*options_.fs, options_.data_dir, key, options_.kept_logs));
    const std::string log = TaskLogPath(options_.data_dir, key);
    ChildProcess::Options child;
    child.argv = options_.command;
    child.argv.push_back(absl::StrCat("--job=", key.job_id));
    child.argv.push_back(absl::StrCat("--rank=", key.rank));
    child.argv.push_back(absl::StrCat("--incarnation=", key.incarnation));
    child.argv.push_back(absl::StrCat("--device=", DeviceFlagText(device.device)));
    child.argv.push_back(absl::StrCat("--device-reason=", device.reason));
    // As it is now: an operator may have changed it since the start.
    child.argv.push_back(absl::StrCat("--log-level=", LogLevelName(GetLogLevel())));
    child.argv.insert(child.argv.end(), options_.arguments.begin(), options_.arguments.end());
    for (const auto& [name, value] : options_.environment) {
      child.extra_env.push_back(absl::StrCat(name, "=", value));
    }
    child.output_path = log;
    PL_ASSIGN_OR_RETURN(std::unique_ptr<ChildProcess> process, ChildProcess::Spawn(child));
    return std::make_unique<ProcessTask>(std::move(process), options_.fs, log, &oom_);
  }

 private:
  const ProcessLauncherOptions options_;
  const OomWatch oom_;
};

}  // namespace

std::unique_ptr<TaskLauncher> MakeProcessLauncher(ProcessLauncherOptions options) {
  return std::make_unique<ProcessLauncher>(std::move(options));
}

}  // namespace paceline::worker
