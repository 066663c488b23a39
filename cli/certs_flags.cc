#include "cli/certs_flags.h"

#include <string>

#include "common/security/certificates.h"

namespace paceline::cli {
namespace {

// Of all of them.
CLI::App* Command(CLI::App* certs, const std::string& name, const std::string& help,
                  CertsOptions* options) {
  CLI::App* const command = certs->add_subcommand(name, help);
  command->add_option("--dir", options->dir, "folder of the authority")->required();
  return command;
}

void Days(CLI::App* command, CertsOptions* options, const std::string& otherwise) {
  command->add_option("--days", options->days, "how long certificates last; default: " + otherwise)
      ->check(CLI::Range(1, kCaDays));
}

}  // namespace

void AddCertsCommands(CLI::App* certs, CertsOptions* options,
                      const std::function<void(CLI::App*, CertsCommand)>& on) {
  certs->require_subcommand(1);

  CLI::App* const init =
      Command(certs, "init", "make an authority, and certificates of all daemons", options);
  const std::string host = "'s host, and after commas its other names and addresses; repeatable";
  init->add_option("--scheduler", options->schedulers, "the scheduler" + host);
  init->add_option("--server", options->servers, "a server" + host);
  init->add_option("--worker", options->workers, "a worker" + host);
  init->add_option("--admin", options->admins, "name of a person who may do everything");
  init->add_option("--user", options->users, "name of a person who runs jobs");
  init->add_option("--viewer", options->viewers, "name of a person or tool that looks on");
  Days(init, options, std::to_string(kDefaultDays));
  on(init, CertsInit);

  CLI::App* const issue = Command(certs, "issue", "make one more certificate", options);
  issue->add_option("ROLE", options->role, "admin, user or viewer; scheduler, server or worker")
      ->required();
  issue->add_option("NAME", options->name, "whose it is, in messages and in the audit log")
      ->required();
  issue->add_option("--host", options->hosts,
                    "name or address by which a daemon is dialled; repeatable");
  issue->add_option("--out", options->out,
                    "folder to write; default: one in that of the authority, where rotate and "
                    "list find it");
  Days(issue, options, std::to_string(kDefaultDays));
  on(issue, CertsIssue);

  CLI::App* const rotate =
      Command(certs, "rotate", "issue certificates again, or change the authority", options);
  auto* const one = rotate->add_option("FOLDER", options->folder, "one, such as server-vm2");
  auto* const all = rotate->add_flag("--all", options->all, "all of them");
  auto* const within =
      rotate
          ->add_option("--within-days", options->within_days, "those that end within so many days")
          ->check(CLI::Range(0, kCaDays))
          ->capture_default_str();
  auto* const ca =
      rotate->add_flag("--ca", options->new_authority,
                       "make a new authority, and let every folder trust it beside the old one");
  auto* const drop = rotate->add_flag("--drop-old-ca", options->drop_old_authority,
                                      "let every folder trust the new authority alone");
  one->excludes(all)->excludes(within)->excludes(ca)->excludes(drop);
  all->excludes(within)->excludes(ca)->excludes(drop);
  ca->excludes(within)->excludes(drop);
  drop->excludes(within);
  Days(rotate, options, "as before");
  on(rotate, CertsRotate);

  on(Command(certs, "list", "the certificates that the authority has issued", options), CertsList);
}

}  // namespace paceline::cli
