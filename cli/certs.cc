#include "cli/certs.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "cli/pki.h"
#include "cli/table.h"
#include "common/status/status_macros.h"

namespace paceline::cli {
namespace {

constexpr char kCopy[] =
    "Copy each folder to its host (or person) and start with --tls-dir FOLDER. The folder of the "
    "authority stays off the cluster: whoever has its ca.key is everybody.";
constexpr char kCopyAgain[] =
    "Copy each folder to where it is used. What runs takes it within seconds, without a restart.";

std::string Day(absl::Time time) { return absl::FormatTime("%Y-%m-%d", time, absl::UTCTimeZone()); }

void Print(const std::vector<Issued>& all, OutputFormat format, Environment& env) {
  if (format == OutputFormat::kJson) {
    nlohmann::ordered_json json = nlohmann::ordered_json::array();
    for (const Issued& issued : all) {
      json.push_back({{"folder", issued.dir},
                      {"role", std::string(RoleName(issued.identity.role))},
                      {"name", issued.identity.name},
                      {"hosts", issued.hosts},
                      {"ends_ms", absl::ToUnixMillis(issued.ends)},
                      {"of_current_authority", issued.current}});
    }
    env.out << json.dump(1) << std::endl;
    return;
  }
  if (all.empty()) return;
  TextTable table({"FOLDER", "FOR", "HOSTS", "ENDS", "AUTHORITY"});
  for (const Issued& issued : all) {
    table.Add({issued.dir, IdentityText(issued.identity),
               issued.hosts.empty() ? "-" : absl::StrJoin(issued.hosts, ","), Day(issued.ends),
               issued.current ? "current" : "old"});
  }
  env.out << table.ToString() << std::flush;
}

absl::StatusOr<CertificateRequest> Request(const CertsOptions& options, Role role,
                                           const std::string& name, std::vector<std::string> hosts,
                                           absl::Time now) {
  const CertificateRequest request = {.identity = {role, name},
                                      .hosts = std::move(hosts),
                                      .now = now,
                                      .days = options.days.value_or(kDefaultDays)};
  PL_RETURN_IF_ERROR(IdentityUri(request.identity).status());
  for (const std::string& host : request.hosts) PL_RETURN_IF_ERROR(CheckHost(host));
  return request;
}

// What init is to issue: everything is checked before anything is written.
absl::StatusOr<std::vector<CertificateRequest>> InitRequests(const CertsOptions& options,
                                                             absl::Time now) {
  std::vector<CertificateRequest> requests;
  const auto add = [&](Role role, const std::string& name,
                       std::vector<std::string> hosts) -> absl::Status {
    PL_ASSIGN_OR_RETURN(CertificateRequest request,
                        Request(options, role, name, std::move(hosts), now));
    for (const CertificateRequest& other : requests) {
      if (other.identity != request.identity) continue;
      return absl::InvalidArgumentError(
          absl::StrCat(IdentityText(request.identity), " is asked for twice"));
    }
    requests.push_back(std::move(request));
    return absl::OkStatus();
  };
  for (const auto& [role, daemons] : {std::pair{Role::kScheduler, &options.schedulers},
                                      {Role::kServer, &options.servers},
                                      {Role::kWorker, &options.workers}}) {
    for (const std::string& daemon : *daemons) {
      const std::vector<std::string> hosts = absl::StrSplit(daemon, ',');
      // Colons of IPv6 addresses are not for names.
      const std::string name = absl::StrReplaceAll(absl::AsciiStrToLower(hosts[0]), {{":", "-"}});
      PL_RETURN_IF_ERROR(add(role, name, hosts));
    }
  }
  for (const auto& [role, people] : {std::pair{Role::kAdmin, &options.admins},
                                     {Role::kUser, &options.users},
                                     {Role::kViewer, &options.viewers}}) {
    for (const std::string& name : *people) PL_RETURN_IF_ERROR(add(role, name, {}));
  }
  return requests;
}

// The certificates that rotate is to issue again.
absl::StatusOr<std::vector<Issued>> Due(const CertsOptions& options, std::vector<Issued> all,
                                        absl::Time now) {
  if (options.all) return all;
  if (!options.folder.empty()) {
    for (const Issued& issued : all) {
      if (FolderName(issued.identity) == options.folder) return std::vector<Issued>{issued};
    }
    return absl::NotFoundError(
        absl::StrCat(options.dir, " holds no certificate ", options.folder, ": ",
                     absl::StrJoin(all, ", ", [](std::string* out, const Issued& issued) {
                       out->append(FolderName(issued.identity));
                     })));
  }
  const absl::Time limit = now + absl::Hours(24) * options.within_days;
  all.erase(std::remove_if(all.begin(), all.end(),
                           [&](const Issued& issued) { return issued.ends > limit; }),
            all.end());
  return all;
}

}  // namespace

absl::StatusOr<ExitCode> CertsInit(const CertsOptions& options, OutputFormat format,
                                   Environment& env) {
  const absl::Time now = env.clock.Now();
  PL_ASSIGN_OR_RETURN(const std::vector<CertificateRequest> requests, InitRequests(options, now));
  PL_ASSIGN_OR_RETURN(Pki pki, Pki::Create(options.dir, now));
  std::vector<Issued> all;
  for (const CertificateRequest& request : requests) {
    PL_ASSIGN_OR_RETURN(Issued issued, pki.Issue(request));
    all.push_back(std::move(issued));
  }
  env.err << options.dir << ": a new authority, until " << Day(pki.authority_ends()) << std::endl;
  Print(all, format, env);
  if (!all.empty()) env.err << kCopy << std::endl;
  return ExitCode::kOk;
}

absl::StatusOr<ExitCode> CertsIssue(const CertsOptions& options, OutputFormat format,
                                    Environment& env) {
  PL_ASSIGN_OR_RETURN(const Role role, ParseRole(options.role));
  PL_ASSIGN_OR_RETURN(const CertificateRequest request,
                      Request(options, role, options.name, options.hosts, env.clock.Now()));
  PL_ASSIGN_OR_RETURN(Pki pki, Pki::Open(options.dir));
  PL_ASSIGN_OR_RETURN(const Issued issued, pki.Issue(request, options.out));
  Print({issued}, format, env);
  env.err << kCopy << std::endl;
  return ExitCode::kOk;
}

absl::StatusOr<ExitCode> CertsRotate(const CertsOptions& options, OutputFormat format,
                                     Environment& env) {
  const absl::Time now = env.clock.Now();
  PL_ASSIGN_OR_RETURN(Pki pki, Pki::Open(options.dir));
  if (options.new_authority || options.drop_old_authority) {
    PL_RETURN_IF_ERROR(options.new_authority ? pki.NewAuthority(now) : pki.DropOldAuthority());
    PL_ASSIGN_OR_RETURN(const std::vector<Issued> all, pki.List());
    Print(all, format, env);
    env.err << (options.new_authority ? "Every folder now trusts the old and a new authority. "
                                      : "Every folder now trusts the new authority alone. ")
            << kCopyAgain << std::endl;
    if (options.new_authority) {
      env.err << "Once they are everywhere: pacectl certs rotate --all, copy again, then pacectl "
                 "certs rotate --drop-old-ca, copy again."
              << std::endl;
    }
    return ExitCode::kOk;
  }
  PL_ASSIGN_OR_RETURN(std::vector<Issued> all, pki.List());
  PL_ASSIGN_OR_RETURN(const std::vector<Issued> due, Due(options, std::move(all), now));
  std::vector<Issued> renewed;
  for (const Issued& old : due) {
    PL_ASSIGN_OR_RETURN(Issued issued, pki.Reissue(old, now, options.days));
    renewed.push_back(std::move(issued));
  }
  Print(renewed, format, env);
  if (renewed.empty()) {
    env.err << "No certificate ends within " << options.within_days << " days." << std::endl;
  } else {
    env.err << kCopyAgain << std::endl;
  }
  return ExitCode::kOk;
}

absl::StatusOr<ExitCode> CertsList(const CertsOptions& options, OutputFormat format,
                                   Environment& env) {
  PL_ASSIGN_OR_RETURN(const Pki pki, Pki::Open(options.dir));
  PL_ASSIGN_OR_RETURN(const std::vector<Issued> all, pki.List());
  Print(all, format, env);
  env.err << "The authority ends on " << Day(pki.authority_ends()) << "." << std::endl;
  return ExitCode::kOk;
}

}  // namespace paceline::cli
