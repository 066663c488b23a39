// paceline-scheduler: queues jobs, places them, watches them to their end.
#include <CLI/CLI.hpp>
#include <optional>
#include <string>

#include "common/clock.h"
#include "common/daemon/daemon_flags.h"
#include "common/daemon/daemon_main.h"
#include "common/daemon/signals.h"
#include "common/fs_posix.h"
#include "scheduler/scheduler.h"
#include "scheduler/scheduler_flags.h"

int main(int argc, char** argv) {
  using paceline::FailDaemon;
  using paceline::scheduler::Scheduler;
  paceline::BlockTerminationSignals();
  paceline::RealClock clock;
  paceline::PosixFileSystem fs;
  Scheduler::Options options = {.clock = &clock};
  options.on_end = paceline::RequestTermination;
  CLI::App app("Paceline's scheduler");
  paceline::DaemonFlagParser parser(&app, {.role = "scheduler", .port = 7070, .http_port = 8070});
  AddSchedulerFlags(&app, &options);
  if (const std::optional<int> code = paceline::ParseCommandLine(&app, argc, argv)) return *code;
  const absl::StatusOr<paceline::DaemonFlags> flags = parser.Validate();
  if (!flags.ok()) return FailDaemon("scheduler", flags.status());
  InitDaemon(*flags);
  options.fs = flags->files.get();
  options.listen = flags->listen;
  options.advertise = flags->advertise;
  options.max_connections = flags->max_connections;
  options.http_listen = flags->http_listen.value_or(paceline::HostPort());
  options.security = flags->security;
  options.data_dir = flags->data_dir;

  auto scheduler = Scheduler::Start(options);
  if (!scheduler.ok()) return FailDaemon("scheduler", scheduler.status());
  const auto health = [&] { return (*scheduler)->Health(); };
  absl::Status ended = ServeUntilSignal(fs, &clock, *flags,
                                        {.role = "scheduler",
                                         .ports = {(*scheduler)->port(), (*scheduler)->http_port()},
                                         .health = health,
                                         .ready = health});
  (*scheduler)->Shutdown(absl::Seconds(10));
  ended.Update((*scheduler)->Wait());
  return ended.ok() ? 0 : FailDaemon("scheduler", ended);
}
