#include "common/daemon/daemon_flags.h"

#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "common/clock.h"
#include "common/daemon/descriptors.h"
#include "common/daemon/man_page.h"
#include "common/daemon/mutex_checks.h"
#include "common/security/tls_dir.h"
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

absl::Status CheckReach(absl::string_view flag, const HostPort& address, bool accepted) {
  if (accepted || IsLoopback(address.host)) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat(flag, " ", address.ToString(),
                   ": other hosts reach this listener, and it is not protected: give it a "
                   "certificate with --tls-dir (pacectl certs), listen on 127.0.0.1, or accept "
                   "the risk with --insecure"));
}

absl::Status OfTlsDir(const absl::Status& status) {
  if (status.ok()) return status;
  return absl::InvalidArgumentError(absl::StrCat("--tls-dir: ", status.message()));
}

absl::StatusOr<std::shared_ptr<RpcSecurity>> LoadSecurity(const std::string& tls_dir, Role role) {
  if (tls_dir.empty()) return RpcSecurity::Insecure();
  auto security = RpcSecurity::Load(tls_dir, RealClock().Now());
  PL_RETURN_IF_ERROR(OfTlsDir(security.status()));
  if ((*security)->identity().role == role) return security;
  return OfTlsDir(absl::InvalidArgumentError(absl::StrCat("a certificate of a ", RoleName(role),
                                                          " expected, ", tls_dir, " has that of ",
                                                          IdentityText((*security)->identity()))));
}

}  // namespace

DaemonFlagParser::DaemonFlagParser(CLI::App* app, const Defaults& defaults)
    : role_(defaults.role),
      listen_(HostPort{"127.0.0.1", defaults.port}.ToString()),
      http_listen_(HostPort{"127.0.0.1", defaults.http_port}.ToString()),
      data_dir_(absl::StrCat("paceline-data/", defaults.role)) {
  app->add_option("--listen", listen_, "host:port for gRPC; port 0: any free one")
      ->capture_default_str();
  app->add_option("--advertise", advertise_,
                  "host:port that others dial, if it differs from --listen");
  app->add_option("--max-connections", max_connections_,
                  "gRPC connections at a time; 0: three quarters of ulimit -n");
  app->add_option("--http-listen", http_listen_,
                  "host:port for health, metrics and status over HTTP; or: none")
      ->capture_default_str();
  app->add_option("--port-file", port_file_, "file to write the bound ports to");
  app->add_option("--data-dir", data_dir_, "folder for all that must survive a restart")
      ->capture_default_str();
  app->add_option("--tls-dir", tls_dir_,
                  "folder with ca.crt, tls.crt and tls.key: all connections are encrypted, and "
                  "both sides known by their certificates");
  app->add_option("--log-level", log_level_, "debug, info, warning or error")
      ->capture_default_str();
  app->add_option("--log-format", log_format_, "text or json")->capture_default_str();
  app->add_option("--tcp-congestion", tcp_congestion_,
                  "congestion control of connections: auto (cubic or reno), system, or a name")
      ->capture_default_str();
  app->add_flag("--insecure", insecure_,
                "allow listeners that other hosts reach and that no certificate protects");
  AddPathFlags(app, &paths_);
  app->add_option("--test-faults", test_faults_, "for tests only: what goes wrong on purpose");
  app->set_version_flag("--version", absl::StrCat("paceline-", defaults.role, " ", kVersion));
  AddManPageFlag(app, {.name = absl::StrCat("paceline-", defaults.role), .section = 8});
  app->set_config("--config", "", "file with these options as keys");
  app->allow_config_extras(CLI::config_extras_mode::error);
}

absl::StatusOr<DaemonFlags> DaemonFlagParser::Validate(std::vector<std::string> own_dirs) const {
  DaemonFlags flags;
  flags.insecure = insecure_;
  flags.paths = paths_;
  flags.max_connections = max_connections_;
  flags.service = TakeServiceEnvironment();
  flags.port_file = port_file_;
  flags.data_dir = data_dir_;
  if (data_dir_.empty()) return absl::InvalidArgumentError("--data-dir is empty");
  flags.log.role = role_;
  PL_ASSIGN_OR_RETURN(flags.log.level, ParseLogLevel(log_level_));
  PL_ASSIGN_OR_RETURN(flags.log.format, ParseLogFormat(log_format_));
  PL_ASSIGN_OR_RETURN(flags.tcp, ParseTcpCongestion(tcp_congestion_));
  PL_ASSIGN_OR_RETURN(flags.test_faults, ParseTestFaults(test_faults_));

  PL_ASSIGN_OR_RETURN(const Role role, ParseRole(role_));
  PL_ASSIGN_OR_RETURN(flags.security, LoadSecurity(tls_dir_, role));
  const bool accepted = insecure_ || flags.security->tls();
  PL_ASSIGN_OR_RETURN(flags.listen, ParseFlag("--listen", listen_));
  PL_RETURN_IF_ERROR(CheckReach("--listen", flags.listen, accepted));
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
  if (flags.security->tls()) {
    PL_RETURN_IF_ERROR(OfTlsDir(CheckCertificateHost(tls_dir_, flags.advertise.host)));
  }
  if (http_listen_ != "none") {
    PL_ASSIGN_OR_RETURN(flags.http_listen, ParseFlag("--http-listen", http_listen_));
    PL_RETURN_IF_ERROR(CheckReach("--http-listen", *flags.http_listen, accepted));
  }
  own_dirs.push_back(data_dir_);
  PL_ASSIGN_OR_RETURN(flags.files, OpenFiles(paths_, own_dirs));
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
