// paceline-worker: starts tasks that train. `paceline-worker task` is such a task.
#include <CLI/CLI.hpp>
#include <optional>
#include <string>

#include "common/clock.h"
#include "common/daemon/daemon_flags.h"
#include "common/daemon/daemon_main.h"
#include "common/daemon/signals.h"
#include "common/fs_posix.h"
#include "worker/task_main.h"
#include "worker/worker.h"
#include "worker/worker_flags.h"

int main(int argc, char** argv) {
  using paceline::FailDaemon;
  using paceline::worker::Worker;
  if (argc > 1 && std::string(argv[1]) == "task") {
    return paceline::worker::TaskMain(argc - 1, argv + 1);
  }
  paceline::BlockTerminationSignals();
  paceline::RealClock clock;
  paceline::PosixFileSystem fs;
  paceline::worker::WorkerFlags own;
  CLI::App app("Paceline's worker");
  paceline::DaemonFlagParser parser(&app, {.role = "worker", .port = 7072, .http_port = 8072});
  paceline::worker::AddWorkerFlags(&app, &own);
  if (const std::optional<int> code = paceline::ParseCommandLine(&app, argc, argv)) return *code;
  const absl::StatusOr<paceline::DaemonFlags> flags = parser.Validate(OwnFolders(own));
  if (!flags.ok()) return FailDaemon("worker", flags.status());
  InitDaemon(*flags);
  absl::StatusOr<Worker::Options> options = ToWorkerOptions(*flags, own);
  if (!options.ok()) return FailDaemon("worker", options.status());
  options->clock = &clock;
  options->fs = flags->files.get();

  auto worker = Worker::Start(*std::move(options));
  if (!worker.ok()) return FailDaemon("worker", worker.status());
  const absl::Status served =
      ServeUntilSignal(fs, &clock, *flags,
                       {.role = "worker",
                        .ports = {(*worker)->port(), (*worker)->http_port()},
                        .health = [&] { return (*worker)->health(); },
                        .ready = [&] { return (*worker)->ready(); },
                        .preemption_file = own.preemption_file});
  if (!served.ok()) return FailDaemon("worker", served);
  (*worker)->Shutdown(absl::Seconds(own.drain_seconds));
  return 0;
}
