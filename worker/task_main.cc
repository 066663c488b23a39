#include "worker/task_main.h"

#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <thread>

#include "common/clock.h"
#include "common/daemon/daemon_flags.h"
#include "common/daemon/freed_memory.h"
#include "common/daemon/mutex_checks.h"
#include "common/daemon/path_flags.h"
#include "common/daemon/signals.h"
#include "worker/create_device.h"
#include "worker/io/net/task_clients.h"
#include "worker/io/task/task.h"
#include "worker/task_flags.h"

namespace paceline::worker {

int TaskMain(int argc, char** argv) {
  BlockTerminationSignals();
  KeepFreedMemory();  // gradients come and go each iteration
  SkipMutexChecks();
  RealClock clock;
  TaskFlags flags;
  CLI::App app("A task of paceline-worker: started by it, not by hand");
  AddTaskFlags(&app, &flags);
  if (const std::optional<int> code = ParseCommandLine(&app, argc, argv)) return *code;
  absl::StatusOr<TaskOptions> options = ToTaskOptions(flags);
  const auto calls = options.ok() ? ClientOptionsOf(flags) : options.status();
  if (!calls.ok()) {
    std::fprintf(stderr, "task: %s\n", std::string(calls.status().message()).c_str());
    return 2;
  }
  const auto files = OpenFiles(flags.paths, OwnFolders(flags));
  if (!files.ok()) {
    std::fprintf(stderr, "task: %s\n", std::string(files.status().message()).c_str());
    return 2;
  }
  InitTask(flags);
  const TaskClients clients = MakeTaskClients(*calls, &clock);
  options->clock = &clock;
  options->fs = files->get();
  options->scheduler = clients.scheduler.get();
  options->data_client = clients.data;
  options->create_device = CreateDevice;
  const std::unique_ptr<Task> task = Task::Start(*std::move(options));
  std::thread([&task] {
    WaitForTerminationSignal();
    task->Stop();
  }).detach();
  const TaskEnd end = task->Wait();
  std::fflush(nullptr);
  _exit(end.code);  // at once: a batch that is being computed must not hold the end up
}

}  // namespace paceline::worker
