// pacectl certs: a cluster's own authority and its certificates, without any other tool.
// Each command prints what it wrote, and what to copy where.
#ifndef PACELINE_CLI_CERTS_H_
#define PACELINE_CLI_CERTS_H_

#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "cli/environment.h"
#include "cli/exit_code.h"
#include "cli/output.h"

namespace paceline::cli {

struct CertsOptions {
  // Of the authority (cli/pki.h).
  std::string dir;
  // New certificates, and those issued again: as long as before.
  std::optional<int> days;

  // init: a certificate each for daemons ("vm2,10.0.0.2": all names of one host; the first
  // names the certificate) and for people.
  std::vector<std::string> schedulers;
  std::vector<std::string> servers;
  std::vector<std::string> workers;
  std::vector<std::string> admins;
  std::vector<std::string> users;
  std::vector<std::string> viewers;

  // issue
  std::string role;
  std::string name;
  std::vector<std::string> hosts;
  std::string out;

  // rotate: one folder's, all, or those that end within so many days.
  std::string folder;
  bool all = false;
  int within_days = 30;
  bool new_authority = false;
  bool drop_old_authority = false;
};

absl::StatusOr<ExitCode> CertsInit(const CertsOptions& options, OutputFormat format,
                                   Environment& env);
absl::StatusOr<ExitCode> CertsIssue(const CertsOptions& options, OutputFormat format,
                                    Environment& env);
absl::StatusOr<ExitCode> CertsRotate(const CertsOptions& options, OutputFormat format,
                                     Environment& env);
absl::StatusOr<ExitCode> CertsList(const CertsOptions& options, OutputFormat format,
                                   Environment& env);

}  // namespace paceline::cli

#endif  // PACELINE_CLI_CERTS_H_
