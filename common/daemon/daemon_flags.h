// The command line that all daemons share.
//
//   int main(int argc, char** argv) {
//     CLI::App app("Paceline's parameter server");
//     DaemonFlagParser parser(&app, {.role = "server", .port = 7071, .http_port = 8071});
//     app.add_option("--scheduler", ...);
//     if (const std::optional<int> code = ParseCommandLine(&app, argc, argv)) return *code;
//     absl::StatusOr<DaemonFlags> flags = parser.Validate();
//     ...
//     InitDaemon(*flags);
//
// --listen, --advertise, --max-connections, --http-listen, --port-file, --data-dir,
// --tls-dir, --log-level, --log-format, --tcp-congestion, --insecure, --data-root,
// --checkpoint-root, --test-faults, --version, and --config FILE with the same names as keys
// (`listen = "127.0.0.1:7071"`), where the command line wins and an unknown key is an error.
//
// Owned by one thread: main's.
#ifndef PACELINE_COMMON_DAEMON_DAEMON_FLAGS_H_
#define PACELINE_COMMON_DAEMON_DAEMON_FLAGS_H_

#include <CLI/CLI.hpp>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "common/daemon/address.h"
#include "common/daemon/path_flags.h"
#include "common/daemon/service_manager.h"
#include "common/failpoint/test_faults.h"
#include "common/fs.h"
#include "common/log.h"
#include "common/rpc/security.h"
#include "common/rpc/tcp_options.h"
#include "common/security/identity.h"

namespace paceline {

struct DaemonFlags {
  // Port 0: any free one.
  HostPort listen;
  // As given; without it the host of `listen`. Port 0: the one that was bound.
  HostPort advertise;
  // Of gRPC; 0: as many as descriptors allow.
  uint64_t max_connections = 0;
  // Nothing, after --http-listen=none: no HTTP.
  std::optional<HostPort> http_listen;
  // Empty: none.
  std::string port_file;
  std::string data_dir;
  LogOptions log;
  TcpOptions tcp;
  bool insecure = false;
  PathFlags paths;
  // All that the daemon and its jobs read and write, within `paths`.
  std::shared_ptr<FileSystem> files;
  // Never null: of --tls-dir, or none.
  std::shared_ptr<RpcSecurity> security;
  TestFaults test_faults;
  // From the environment.
  ServiceEnvironment service;
};

class DaemonFlagParser {
 public:
  struct Defaults {
    std::string role;
    int port = 0;
    int http_port = 0;
  };

  // Adds the options to `app`, which must not outlive the parser's use.
  DaemonFlagParser(CLI::App* app, const Defaults& defaults);
  DaemonFlagParser(const DaemonFlagParser&) = delete;
  DaemonFlagParser& operator=(const DaemonFlagParser&) = delete;

  // After ParseCommandLine, once: what a service manager says is taken out of the
  // environment. `own_dirs`: folders that the daemon writes to for itself, beside its
  // --data-dir.
  // Errors: InvalidArgument  names the flag: malformed; a listener that other
  //                          hosts reach without --tls-dir or --insecure; an --advertise
  //                          that nobody can dial, or that the certificate is not for; a
  //                          --tls-dir that is not good, or of another role;
  //                          --test-faults that make no sense.
  //         those of OpenFiles.
  absl::StatusOr<DaemonFlags> Validate(std::vector<std::string> own_dirs = {}) const;

 private:
  const std::string role_;
  std::string listen_;
  std::string advertise_;
  std::string http_listen_;
  std::string port_file_;
  std::string data_dir_;
  std::string tls_dir_;
  std::string log_level_ = "info";
  std::string log_format_ = "text";
  std::string tcp_congestion_ = "auto";
  uint64_t max_connections_ = 0;
  bool insecure_ = false;
  PathFlags paths_;
  std::string test_faults_;
};

// Parses. Nothing: go on. Else the exit code: 0 after --help, 2 after a usage
// error; the text has been printed.
std::optional<int> ParseCommandLine(CLI::App* app, int argc, const char* const* argv);

// Sets up the log, how connections send, and what goes wrong on purpose. Once, early
// in main.
void InitDaemon(const DaemonFlags& flags);

}  // namespace paceline

#endif  // PACELINE_COMMON_DAEMON_DAEMON_FLAGS_H_
