// paceline-worker: starts tasks that train. `paceline-worker task` is such a task.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <optional>
#include <string>

#include "common/clock.h"
#include "common/daemon/daemon_flags.h"
#include "common/daemon/port_file.h"
#include "common/daemon/signals.h"
#include "common/fs_posix.h"
#include "worker/task_main.h"
#include "worker/worker.h"
#include "worker/worker_flags.h"

namespace {

int Fail(const absl::Status& status) {
  std::fprintf(stderr, "paceline-worker: %s\n", std::string(status.message()).c_str());
  return absl::IsInvalidArgument(status) ? 2 : 1;
}

}  // namespace

int main(int argc, char** argv) {
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
  const absl::StatusOr<paceline::DaemonFlags> flags = parser.Validate();
  if (!flags.ok()) return Fail(flags.status());
  InitDaemon(*flags);
  absl::StatusOr<Worker::Options> options = ToWorkerOptions(*flags, own);
  if (!options.ok()) return Fail(options.status());
  options->clock = &clock;
  options->fs = &fs;

  auto worker = Worker::Start(*std::move(options));
  if (!worker.ok()) return Fail(worker.status());
  const paceline::BoundPorts ports = {(*worker)->port(), (*worker)->http_port()};
  const absl::Status announced = AnnouncePorts(fs, "worker", flags->port_file, ports);
  if (!announced.ok()) return Fail(announced);
  paceline::WaitForTerminationSignal(own.preemption_file);
  (*worker)->Shutdown(absl::Seconds(own.drain_seconds));
  return 0;
}
