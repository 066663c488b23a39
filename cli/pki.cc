#include "cli/pki.h"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <system_error>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "common/security/certificate_facts.h"
#include "common/security/private_file.h"
#include "common/security/tls_dir.h"
#include "common/status/status_macros.h"

namespace paceline::cli {
namespace {

std::string KeyPath(const std::string& dir) { return absl::StrCat(dir, "/ca.key"); }
std::string BundlePath(const std::string& dir) { return absl::StrCat(dir, "/ca.crt"); }

absl::Status Named(const std::string& path, const absl::Status& status) {
  if (status.ok()) return status;
  return absl::Status(status.code(), absl::StrCat(path, ": ", status.message()));
}

bool IsThere(const std::string& path) {
  std::error_code error;
  return std::filesystem::exists(std::filesystem::symlink_status(path, error));
}

bool IsDaemon(Role role) {
  return role == Role::kScheduler || role == Role::kServer || role == Role::kWorker;
}

absl::Status CheckHosts(const CertificateRequest& request) {
  if (!request.hosts.empty() || !IsDaemon(request.identity.role)) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat(
      IdentityText(request.identity), ": --host: whoever dials a ", RoleName(request.identity.role),
      " checks that the host is in its certificate: give all names and addresses by "
      "which it is dialled"));
}

}  // namespace

std::string FolderName(const Identity& identity) {
  return absl::StrCat(RoleName(identity.role), "-", identity.name);
}

absl::StatusOr<Pki> Pki::Create(const std::string& dir, absl::Time now) {
  if (IsThere(KeyPath(dir))) {
    return absl::AlreadyExistsError(absl::StrCat(
        dir,
        " holds an authority: pacectl certs issue uses it, pacectl certs rotate --ca replaces "
        "it"));
  }
  PL_ASSIGN_OR_RETURN(KeyAndCertificate authority, MakeCa(now));
  PL_RETURN_IF_ERROR(MakePrivateDir(dir));
  PL_RETURN_IF_ERROR(WritePrivateFile(BundlePath(dir), authority.certificate, 0644));
  PL_RETURN_IF_ERROR(WritePrivateFile(KeyPath(dir), authority.key, 0600));
  std::string bundle = authority.certificate;
  return Pki(dir, std::move(authority), std::move(bundle));
}

absl::StatusOr<Pki> Pki::Open(const std::string& dir) {
  const absl::StatusOr<PrivateFile> key = ReadPrivateFile(KeyPath(dir));
  if (absl::IsNotFound(key.status())) {
    return absl::NotFoundError(
        absl::StrCat(dir, " holds no authority: pacectl certs init --dir ", dir, " makes one"));
  }
  PL_RETURN_IF_ERROR(key.status());
  PL_ASSIGN_OR_RETURN(PrivateFile bundle, ReadPrivateFile(BundlePath(dir)));
  const absl::StatusOr<std::vector<std::string>> trusted = SplitBundle(bundle.text);
  PL_RETURN_IF_ERROR(Named(BundlePath(dir), trusted.status()));
  for (const std::string& certificate : *trusted) {
    const absl::Status matches = CheckKeyMatches(key->text, certificate);
    if (matches.ok()) {
      return Pki(dir, {.key = key->text, .certificate = certificate}, std::move(bundle.text));
    }
    if (absl::IsInvalidArgument(matches)) return Named(KeyPath(dir), matches);
  }
  return absl::FailedPreconditionError(
      absl::StrCat(KeyPath(dir), ": the key of no certificate in ", BundlePath(dir)));
}

absl::StatusOr<Issued> Pki::Issue(const CertificateRequest& request, const std::string& out) {
  PL_RETURN_IF_ERROR(CheckHosts(request));
  PL_RETURN_IF_ERROR(IdentityUri(request.identity).status());
  const std::string folder =
      out.empty() ? absl::StrCat(dir_, "/", FolderName(request.identity)) : out;
  if (IsThere(TlsPathsIn(folder).certificate)) {
    return absl::AlreadyExistsError(
        absl::StrCat(folder, " holds a certificate: pacectl certs rotate issues it again"));
  }
  return Write(request, folder);
}

absl::StatusOr<Issued> Pki::Reissue(const Issued& old, absl::Time now, std::optional<int> days) {
  const double before = absl::ToDoubleHours(old.ends - old.begins - kBackDated) / 24;
  return Write({.identity = old.identity,
                .hosts = old.hosts,
                .now = now,
                .days = days.value_or(std::max(1, static_cast<int>(std::lround(before))))},
               old.dir);
}

absl::StatusOr<Issued> Pki::Write(const CertificateRequest& request,
                                  const std::string& folder) const {
  PL_ASSIGN_OR_RETURN(const KeyAndCertificate issued, IssueCertificate(authority_, request));
  PL_RETURN_IF_ERROR(
      WriteTlsDir(folder, {.ca = bundle_, .certificate = issued.certificate, .key = issued.key}));
  return Read(folder);
}

absl::StatusOr<Issued> Pki::Read(const std::string& folder) const {
  const std::string path = TlsPathsIn(folder).certificate;
  PL_ASSIGN_OR_RETURN(const PrivateFile file, ReadPrivateFile(path));
  const absl::StatusOr<CertificateFacts> facts = ReadCertificate(file.text);
  PL_RETURN_IF_ERROR(Named(path, facts.status()));
  const absl::StatusOr<Identity> identity =
      IdentityOfUris(std::vector<absl::string_view>(facts->uris.begin(), facts->uris.end()));
  PL_RETURN_IF_ERROR(Named(path, identity.status()));
  return Issued{.dir = folder,
                .identity = *identity,
                .hosts = facts->hosts,
                .begins = facts->begins,
                .ends = facts->ends,
                // Within its own time: whether it has ended is another question.
                .current = CheckIssuedBy(file.text, authority_.certificate, facts->begins).ok()};
}

absl::StatusOr<std::vector<Issued>> Pki::List() const {
  std::error_code error;
  std::vector<std::string> folders;
  for (std::filesystem::directory_iterator entry(dir_, error), end; !error && entry != end;
       entry.increment(error)) {
    const std::string folder = entry->path().string();
    if (IsThere(TlsPathsIn(folder).certificate)) folders.push_back(folder);
  }
  if (error) return absl::UnavailableError(absl::StrCat(dir_, ": ", error.message()));
  std::sort(folders.begin(), folders.end());
  std::vector<Issued> all;
  for (const std::string& folder : folders) {
    PL_ASSIGN_OR_RETURN(Issued issued, Read(folder));
    all.push_back(std::move(issued));
  }
  return all;
}

absl::Status Pki::WriteBundle(const std::string& bundle) {
  PL_ASSIGN_OR_RETURN(const std::vector<Issued> all, List());
  for (const Issued& issued : all) {
    PL_RETURN_IF_ERROR(WritePrivateFile(TlsPathsIn(issued.dir).ca, bundle, 0644));
  }
  PL_RETURN_IF_ERROR(WritePrivateFile(BundlePath(dir_), bundle, 0644));
  bundle_ = bundle;
  return absl::OkStatus();
}

absl::Status Pki::NewAuthority(absl::Time now) {
  if (bundle_ != authority_.certificate) {
    PL_ASSIGN_OR_RETURN(const std::vector<std::string> trusted, SplitBundle(bundle_));
    if (trusted.size() > 1) {
      return absl::FailedPreconditionError(absl::StrCat(
          BundlePath(dir_), ": ", trusted.size(),
          " authorities: finish the last change with pacectl certs rotate --drop-old-ca"));
    }
  }
  PL_ASSIGN_OR_RETURN(KeyAndCertificate authority, MakeCa(now));
  // The key comes last: until then the old authority issues, and all is as it should be.
  PL_RETURN_IF_ERROR(WriteBundle(absl::StrCat(authority.certificate, authority_.certificate)));
  PL_RETURN_IF_ERROR(WritePrivateFile(KeyPath(dir_), authority.key, 0600));
  authority_ = std::move(authority);
  return absl::OkStatus();
}

absl::Status Pki::DropOldAuthority() {
  PL_ASSIGN_OR_RETURN(const std::vector<Issued> all, List());
  for (const Issued& issued : all) {
    if (issued.current) continue;
    return absl::FailedPreconditionError(
        absl::StrCat(issued.dir,
                     " is still of an old authority: pacectl certs rotate --all, then "
                     "copy the folders to their hosts"));
  }
  return WriteBundle(authority_.certificate);
}

absl::Time Pki::authority_ends() const {
  const absl::StatusOr<CertificateFacts> facts = ReadCertificate(authority_.certificate);
  return facts.ok() ? facts->ends : absl::InfinitePast();
}

}  // namespace paceline::cli
