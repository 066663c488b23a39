// paceline-scheduler: queues jobs, places them, watches them to their end.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <optional>
#include <string>

#include "common/clock.h"
#include "common/daemon/daemon_flags.h"
#include "common/daemon/port_file.h"
#include "common/daemon/signals.h"
#include "common/fs_posix.h"
#include "scheduler/scheduler.h"
#include "scheduler/scheduler_flags.h"

namespace {

using paceline::scheduler::Scheduler;

int Fail(const absl::Status& status) {
  std::fprintf(stderr, "paceline-scheduler: %s\n", std::string(status.message()).c_str());
  return absl::IsInvalidArgument(status) ? 2 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  paceline::BlockTerminationSignals();
  paceline::RealClock clock;
  paceline::PosixFileSystem fs;
  Scheduler::Options options = {.clock = &clock, .fs = &fs};
  options.on_end = paceline::RequestTermination;
  CLI::App app("Paceline's scheduler");
  paceline::DaemonFlagParser parser(&app, {.role = "scheduler", .port = 7070, .http_port = 8070});
  AddSchedulerFlags(&app, &options);
  if (const std::optional<int> code = paceline::ParseCommandLine(&app, argc, argv)) return *code;
  const absl::StatusOr<paceline::DaemonFlags> flags = parser.Validate();
  if (!flags.ok()) return Fail(flags.status());
  InitDaemon(*flags);
  options.listen = flags->listen;
  options.advertise = flags->advertise;
  options.http_listen = flags->http_listen.value_or(paceline::HostPort());
  options.data_dir = flags->data_dir;

  auto scheduler = Scheduler::Start(options);
  if (!scheduler.ok()) return Fail(scheduler.status());
  const paceline::BoundPorts ports = {(*scheduler)->port(), (*scheduler)->http_port()};
  const absl::Status announced = AnnouncePorts(fs, "scheduler", flags->port_file, ports);
  if (!announced.ok()) return Fail(announced);
  paceline::WaitForTerminationSignal();
  (*scheduler)->Shutdown(absl::Seconds(10));
  const absl::Status ended = (*scheduler)->Wait();
  return ended.ok() ? 0 : Fail(ended);
}
