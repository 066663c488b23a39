#include "worker/io/node/in_process_launcher.h"

#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"

namespace paceline::worker {
namespace {

class InProcessTask final : public RunningTask {
 public:
  explicit InProcessTask(std::unique_ptr<Task> task) : task_(std::move(task)) {}

  int64_t pid() const override { return 0; }

  std::optional<v1::TaskExit> TryWait() override {
    if (!task_->ended()) return std::nullopt;
    const TaskEnd end = task_->Wait();
    v1::TaskExit exit;
    exit.set_exit_code(end.code);
    exit.set_cause(absl::StrCat("exit code ", static_cast<int>(end.code)));
    if (!end.cause.empty()) exit.add_last_log_lines(end.cause);
    return exit;
  }

  void Stop() override { task_->Stop(); }
  // A thread cannot be killed.
  void Kill() override { task_->Stop(); }

 private:
  const std::unique_ptr<Task> task_;
};

class InProcessLauncher final : public TaskLauncher {
 public:
  explicit InProcessLauncher(TaskOptions options) : options_(std::move(options)) {}

  absl::StatusOr<std::unique_ptr<RunningTask>> Launch(const TaskKey& key,
                                                      const TaskDevice& device) override {
    TaskOptions options = options_;
    options.job_id = key.job_id;
    options.rank = key.rank;
    options.incarnation = key.incarnation;
    options.device = device.device;
    options.device_reason = device.reason;
    return std::make_unique<InProcessTask>(Task::Start(std::move(options)));
  }

 private:
  const TaskOptions options_;
};

}  // namespace

std::unique_ptr<TaskLauncher> MakeInProcessLauncher(TaskOptions options) {
  return std::make_unique<InProcessLauncher>(std::move(options));
}

}  // namespace paceline::worker
