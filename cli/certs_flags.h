// The command line of pacectl certs.
#ifndef PACELINE_CLI_CERTS_FLAGS_H_
#define PACELINE_CLI_CERTS_FLAGS_H_

#include <CLI/CLI.hpp>
#include <functional>

#include "absl/status/statusor.h"
#include "cli/certs.h"

namespace paceline::cli {

using CertsCommand = absl::StatusOr<ExitCode> (*)(const CertsOptions&, OutputFormat, Environment&);

// Adds init, issue, rotate and list to `certs`. `on` is told what each of them is to run;
// by then `options` is filled in.
void AddCertsCommands(CLI::App* certs, CertsOptions* options,
                      const std::function<void(CLI::App*, CertsCommand)>& on);

}  // namespace paceline::cli

#endif  // PACELINE_CLI_CERTS_FLAGS_H_
