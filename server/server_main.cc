// paceline-server: holds shards of tables and serves the ranks that train them.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <optional>

#include "common/clock.h"
#include "common/daemon/daemon_flags.h"
#include "common/daemon/freed_memory.h"
#include "common/daemon/port_file.h"
#include "common/daemon/signals.h"
#include "common/fs_posix.h"
#include "server/io/process_memory.h"
#include "server/server.h"
#include "server/server_flags.h"

namespace {

using paceline::server::Server;

int Fail(const absl::Status& status) {
  std::fprintf(stderr, "paceline-server: %s\n", std::string(status.message()).c_str());
  return absl::IsInvalidArgument(status) ? 2 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  paceline::BlockTerminationSignals();
  paceline::KeepFreedMemory();
  paceline::RealClock clock;
  paceline::PosixFileSystem fs;
  paceline::server::ServerFlags own;
  Server::Options& options = own.options;
  options.clock = &clock;
  options.fs = &fs;
  options.memory_limit = paceline::server::MachineBytes() / 5 * 4;
  CLI::App app("Paceline's parameter server");
  paceline::DaemonFlagParser parser(&app, {.role = "server", .port = 7071, .http_port = 8071});
  AddServerFlags(&app, &own);
  if (const std::optional<int> code = paceline::ParseCommandLine(&app, argc, argv)) return *code;
  const absl::StatusOr<paceline::DaemonFlags> flags = parser.Validate();
  if (!flags.ok()) return Fail(flags.status());
  InitDaemon(*flags);
  options.listen = flags->listen;
  options.advertise = flags->advertise;
  options.data_dir = flags->data_dir;
  options.rpc_faults = flags->test_faults.rpc;
  options.http_listen = flags->http_listen.value_or(paceline::HostPort());

  auto server = Server::Start(options);
  if (!server.ok()) return Fail(server.status());
  const paceline::BoundPorts ports = {(*server)->port(), (*server)->http_port()};
  const absl::Status announced = AnnouncePorts(fs, "server", flags->port_file, ports);
  if (!announced.ok()) return Fail(announced);
  paceline::WaitForTerminationSignal(own.preemption_file);
  (*server)->Drain(absl::Seconds(own.drain_seconds));
  (*server)->Shutdown(absl::Seconds(5));
  return 0;
}
