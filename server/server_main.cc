// paceline-server: holds shards of tables and serves the ranks that train them.
#include <CLI/CLI.hpp>
#include <optional>

#include "common/clock.h"
#include "common/daemon/daemon_flags.h"
#include "common/daemon/daemon_main.h"
#include "common/daemon/freed_memory.h"
#include "common/daemon/host_status.h"
#include "common/daemon/signals.h"
#include "common/fs_posix.h"
#include "server/server.h"
#include "server/server_flags.h"

int main(int argc, char** argv) {
  using paceline::FailDaemon;
  using paceline::server::Server;
  paceline::BlockTerminationSignals();
  paceline::KeepFreedMemory();
  paceline::RealClock clock;
  paceline::PosixFileSystem fs;
  paceline::server::ServerFlags own;
  Server::Options& options = own.options;
  options.clock = &clock;
  options.memory_limit = paceline::ReadHostStatus("/").memory_bytes() / 5 * 4;
  CLI::App app("Paceline's parameter server");
  paceline::DaemonFlagParser parser(&app, {.role = "server", .port = 7071, .http_port = 8071});
  AddServerFlags(&app, &own);
  if (const std::optional<int> code = paceline::ParseCommandLine(&app, argc, argv)) return *code;
  const absl::StatusOr<paceline::DaemonFlags> flags = parser.Validate();
  if (!flags.ok()) return FailDaemon("server", flags.status());
  InitDaemon(*flags);
  options.fs = flags->files.get();
  options.listen = flags->listen;
  options.advertise = flags->advertise;
  options.security = flags->security;
  options.max_connections = flags->max_connections;
  options.data_dir = flags->data_dir;
  options.rpc_faults = flags->test_faults.rpc;
  options.http_listen = flags->http_listen.value_or(paceline::HostPort());

  auto server = Server::Start(options);
  if (!server.ok()) return FailDaemon("server", server.status());
  const absl::Status served =
      ServeUntilSignal(fs, &clock, *flags,
                       {.role = "server",
                        .ports = {(*server)->port(), (*server)->http_port()},
                        .health = [&] { return (*server)->Health(); },
                        .ready = [&] { return (*server)->Ready(); },
                        .preemption_file = own.preemption_file});
  if (!served.ok()) return FailDaemon("server", served);
  (*server)->Drain(absl::Seconds(own.drain_seconds));
  (*server)->Shutdown(absl::Seconds(5));
  return 0;
}
