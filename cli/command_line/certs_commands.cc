#include <memory>

#include "cli/certs.h"
#include "cli/certs_flags.h"
#include "cli/command_line/add_commands.h"

namespace paceline::cli {

void AddCertsCommands(CommandLine* line) {
  CLI::App* certs = line->Command("certs", "certificates for --tls-dir",
                                  "pacectl certs init --dir pki --scheduler 10.0.0.1 --admin me\n"
                                  "pacectl certs issue user alice --dir pki\n"
                                  "pacectl certs rotate --dir pki --within-days 30");
  auto options = std::make_shared<CertsOptions>();
  AddCertsCommands(certs, options.get(), [line, options](CLI::App* command, CertsCommand run) {
    line->OnItsOwn(command,
                   [line, options, run] { return run(*options, line->format(), line->env()); });
  });
}

}  // namespace paceline::cli
