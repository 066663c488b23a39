#include "common/daemon/daemon_flags.h"

#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "common/daemon/descriptors.h"
#include "common/daemon/man_page.h"
#include "common/daemon/mutex_checks.h"
#include "common/status/status_macros.h"
#include "common/version/version.h"

namespace paceline {
namespace {

constexpr int kUsageError = 2;

absl::StatusOr<HostPort> ParseFlag(absl::string_view flag, const std::string& value) {
  absl::StatusOr<HostPort> address = ParseHostPort(value);
  if (address.ok()) return address;
  return absl::InvalidArgumentError(absl::StrCat(flag, ": ", address.status().message()));
}

absl::Status CheckReach(absl::string_view flag, const HostPort& address, bool insecure) {
  if (insecure || IsLoopback(address.host)) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat(flag, " ", address.ToString(),
                   ": other hosts reach this listener, and it is not protected: listen on "
                   "127.0.0.1, or accept the risk with --insecure"));
}

}  // namespace

HostPort DaemonFlags::Advertised(int bound_port) const {
  return HostPort{advertise.host, advertise.port == 0 ? bound_port : advertise.port};
}

DaemonFlagParser::DaemonFlagParser(CLI::App* app, const Defaults& defaults)
    : role_(defaults.role),
      listen_(HostPort{"127.0.0.1", defaults.port}.ToString()),
      http_listen_(HostPort{"127.0.0.1", defaults.http_port}.ToString()),
      data_dir_(absl::StrCat("paceline-data/", defaults.role)) {
  app->add_option("--listen", listen_, "host:port for gRPC; port 0: any free one")
      ->capture_default_str();
  app->add_option("--advertise", advertise_,
                  "host:port that others dial, if it differs from --listen");
  app->add_option("--http-listen", http_listen_,
                  "host:port for health, metrics and status over HTTP; or: none")
      ->capture_default_str();
  app->add_option("--port-file", port_file_, "file to write the bound ports to");
  app->add_option("--data-dir", data_dir_, "folder for all that must survive a restart")
      ->capture_default_str();
  app->add_option("--log-level", log_level_, "debug, info, warning or error")
      ->capture_default_str();
  app->add_option("--log-format", log_format_, "text or json")->capture_default_str();
  app->add_option("--tcp-congestion", tcp_congestion_,
                  "congestion control of connections: auto (cubic or reno), system, or a name")
      ->capture_default_str();
  app->add_flag("--insecure", insecure_, "allow unprotected listeners that other hosts reach");
  app->add_option("--test-faults", test_faults_, "for tests only: what goes wrong on purpose");
  app->set_version_flag("--version", absl::StrCat("paceline-", defaults.role, " ", kVersion));
  AddManPageFlag(app, {.name = absl::StrCat("paceline-", defaults.role), .section = 8});
  app->set_config("--config", "", "file with these options as keys");
  app->allow_config_extras(CLI::config_extras_mode::error);
}

absl::StatusOr<DaemonFlags> DaemonFlagParser::Validate() const {
  DaemonFlags flags;
  flags.insecure = insecure_;
  flags.port_file = port_file_;
  flags.data_dir = data_dir_;
  if (data_dir_.empty()) return absl::InvalidArgumentError("--data-dir is empty");
  flags.log.role = role_;
  PL_ASSIGN_OR_RETURN(flags.log.level, ParseLogLevel(log_level_));
  PL_ASSIGN_OR_RETURN(flags.log.format, ParseLogFormat(log_format_));
  PL_ASSIGN_OR_RETURN(flags.tcp, ParseTcpCongestion(tcp_congestion_));
  PL_ASSIGN_OR_RETURN(flags.test_faults, ParseTestFaults(test_faults_));

  PL_ASSIGN_OR_RETURN(flags.listen, ParseFlag("--listen", listen_));
  PL_RETURN_IF_ERROR(CheckReach("--listen", flags.listen, insecure_));
  if (advertise_.empty()) {
    flags.advertise = HostPort{flags.listen.host, 0};
  } else {
    PL_ASSIGN_OR_RETURN(flags.advertise, ParseFlag("--advertise", advertise_));
  }
  if (IsWildcard(flags.advertise.host)) {
    return absl::InvalidArgumentError(
        absl::StrCat("--advertise: nobody can dial ", flags.advertise.host,
                     ": name the address under which others reach this host"));
  }
  if (http_listen_ != "none") {
    PL_ASSIGN_OR_RETURN(flags.http_listen, ParseFlag("--http-listen", http_listen_));
    PL_RETURN_IF_ERROR(CheckReach("--http-listen", *flags.http_listen, insecure_));
  }
  return flags;
}

std::optional<int> ParseCommandLine(CLI::App* app, int argc, const char* const* argv) {
  try {
    app->parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app->exit(error) == 0 ? 0 : kUsageError;
  }
  return std::nullopt;
}

void InitDaemon(const DaemonFlags& flags) {
  SkipMutexChecks();
  InitLogging(flags.log);
  SetDefaultTcpOptions(flags.tcp);
  LogInfo("connections",
          {{"congestion", flags.tcp.congestion}, {"descriptors", RaiseDescriptorLimit()}});
  EnableTestFaults(flags.test_faults);
}

}  // namespace paceline
