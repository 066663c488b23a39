#include "common/security/tls_dir.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "common/security/certificate_facts.h"
#include "common/security/private_file.h"
#include "common/status/status_macros.h"

namespace paceline {
namespace {

// The group may read: that is how secrets reach a daemon that is not root.
constexpr mode_t kForbiddenOnKeys = 0037;

absl::Status Named(const std::string& path, const absl::Status& status) {
  if (status.ok()) return status;
  return absl::Status(status.code(), absl::StrCat(path, ": ", status.message()));
}

absl::StatusOr<std::string> ReadText(const std::string& path) {
  PL_ASSIGN_OR_RETURN(PrivateFile file, ReadPrivateFile(path));
  return std::move(file.text);
}

absl::StatusOr<std::string> ReadKey(const std::string& path) {
  PL_ASSIGN_OR_RETURN(PrivateFile file, ReadPrivateFile(path));
  if ((file.mode & kForbiddenOnKeys) == 0) return std::move(file.text);
  return absl::FailedPreconditionError(
      absl::StrCat(path, ": others can use this key: chmod 600 ", path));
}

std::string Day(absl::Time time) {
  return absl::FormatTime("%Y-%m-%d %H:%M UTC", time, absl::UTCTimeZone());
}

absl::Status CheckTime(const CertificateFacts& facts, absl::Time now) {
  if (now > facts.ends) {
    return absl::FailedPreconditionError(
        absl::StrCat("ended on ", Day(facts.ends), ", it is ", Day(now), ": issue it again"));
  }
  if (now >= facts.begins) return absl::OkStatus();
  return absl::FailedPreconditionError(absl::StrCat("begins on ", Day(facts.begins), ", it is ",
                                                    Day(now), ": is this machine's clock late?"));
}

absl::StatusOr<Identity> IdentityOf(const CertificateFacts& facts) {
  const absl::StatusOr<Identity> identity =
      IdentityOfUris(std::vector<absl::string_view>(facts.uris.begin(), facts.uris.end()));
  if (identity.ok()) return identity;
  return absl::FailedPreconditionError(identity.status().message());
}

}  // namespace

TlsPaths TlsPathsIn(const std::string& dir) {
  return {.ca = absl::StrCat(dir, "/ca.crt"),
          .certificate = absl::StrCat(dir, "/tls.crt"),
          .key = absl::StrCat(dir, "/tls.key")};
}

absl::StatusOr<TlsDir> ReadTlsDir(const std::string& dir, absl::Time now) {
  TlsDir tls{.paths = TlsPathsIn(dir)};
  PL_ASSIGN_OR_RETURN(const std::string ca, ReadText(tls.paths.ca));
  PL_ASSIGN_OR_RETURN(const std::string certificate, ReadText(tls.paths.certificate));
  PL_ASSIGN_OR_RETURN(const std::string key, ReadKey(tls.paths.key));
  PL_RETURN_IF_ERROR(Named(tls.paths.ca, ReadCertificate(ca).status()));
  const absl::StatusOr<CertificateFacts> facts = ReadCertificate(certificate);
  PL_RETURN_IF_ERROR(Named(tls.paths.certificate, facts.status()));
  PL_RETURN_IF_ERROR(Named(tls.paths.key, CheckKeyMatches(key, certificate)));
  PL_RETURN_IF_ERROR(Named(tls.paths.certificate, CheckTime(*facts, now)));
  PL_RETURN_IF_ERROR(Named(absl::StrCat(tls.paths.certificate, " by ", tls.paths.ca),
                           CheckIssuedBy(certificate, ca, now)));
  const absl::StatusOr<Identity> identity = IdentityOf(*facts);
  PL_RETURN_IF_ERROR(Named(tls.paths.certificate, identity.status()));
  tls.identity = *identity;
  tls.hosts = facts->hosts;
  tls.ends = facts->ends;
  return tls;
}

absl::StatusOr<absl::Time> CertificateEnds(const std::string& dir) {
  const std::string path = TlsPathsIn(dir).certificate;
  PL_ASSIGN_OR_RETURN(const std::string certificate, ReadText(path));
  const absl::StatusOr<CertificateFacts> facts = ReadCertificate(certificate);
  PL_RETURN_IF_ERROR(Named(path, facts.status()));
  return facts->ends;
}

absl::Status CheckCertificateHost(const std::string& dir, const std::string& host) {
  const std::string path = TlsPathsIn(dir).certificate;
  PL_ASSIGN_OR_RETURN(const std::string certificate, ReadText(path));
  const absl::StatusOr<CertificateFacts> facts = ReadCertificate(certificate);
  PL_RETURN_IF_ERROR(Named(path, facts.status()));
  if (CoversHost(certificate, host)) return absl::OkStatus();
  return absl::FailedPreconditionError(absl::StrCat(
      path, ": for ", facts->hosts.empty() ? "no host" : absl::StrJoin(facts->hosts, ", "),
      ", not for ", host, ": issue it with --host ", host));
}

absl::Status WriteTlsDir(const std::string& dir, const TlsFiles& files) {
  const TlsPaths paths = TlsPathsIn(dir);
  PL_RETURN_IF_ERROR(MakePrivateDir(dir));
  // What is trusted comes first: the new certificate may need it.
  PL_RETURN_IF_ERROR(WritePrivateFile(paths.ca, files.ca, 0644));
  PL_RETURN_IF_ERROR(WritePrivateFile(paths.key, files.key, 0600));
  return WritePrivateFile(paths.certificate, files.certificate, 0644);
}

}  // namespace paceline
