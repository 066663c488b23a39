// The folder of a cluster's own certificate authority:
//
//   ca.key       its key, which no host of the cluster needs
//   ca.crt       its certificate; while authorities change, also the one before
//   server-vm2/  for each daemon and person what --tls-dir wants: ca.crt, tls.crt, tls.key
//
//   PL_ASSIGN_OR_RETURN(Pki pki, Pki::Create("pki", clock.Now()));
//   PL_ASSIGN_OR_RETURN(const Issued vm2, pki.Issue({.identity = ..., .now = ...}));
//
// An authority is changed in three steps, and what was copied to the hosts after one of
// them must be everywhere before the next: NewAuthority (all trust both), Reissue of
// everything (all show certificates of the new one), DropOldAuthority.
//
// A crash leaves the folder so that the same command can be given again.
//
// Thread-compatible.
#ifndef PACELINE_CLI_PKI_H_
#define PACELINE_CLI_PKI_H_

#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/security/certificates.h"
#include "common/security/identity.h"

namespace paceline::cli {

// A certificate that lies in a folder for --tls-dir.
struct Issued {
  std::string dir;
  Identity identity;
  std::vector<std::string> hosts;
  absl::Time begins;
  absl::Time ends;
  // Of the authority that issues now.
  bool current = false;
};

// "server-vm2"
std::string FolderName(const Identity& identity);

class Pki {
 public:
  // Errors: AlreadyExists  the folder holds an authority.
  //         and those of the file system, which name the path.
  static absl::StatusOr<Pki> Create(const std::string& dir, absl::Time now);
  // Errors: NotFound         there is none.
  //         InvalidArgument, FailedPrecondition  its files are not what they should be.
  static absl::StatusOr<Pki> Open(const std::string& dir);

  // Into `out`, else into a folder of its own in this one.
  // Errors: AlreadyExists    the folder holds a certificate.
  //         InvalidArgument  a daemon without a host; and those of IssueCertificate.
  absl::StatusOr<Issued> Issue(const CertificateRequest& request, const std::string& out = "");
  // With a new key, for the same hosts; for as long as before unless `days` says otherwise.
  absl::StatusOr<Issued> Reissue(const Issued& old, absl::Time now, std::optional<int> days);
  // Those that lie in folders of this one, by name.
  // Errors: name a folder whose certificate cannot be read.
  absl::StatusOr<std::vector<Issued>> List() const;

  // All folders trust a new authority too, which issues from now on.
  // Errors: FailedPrecondition  the last change has not been brought to its end.
  absl::Status NewAuthority(absl::Time now);
  // All folders trust the authority that issues, and no other.
  // Errors: FailedPrecondition  a certificate is still of an old one: names it.
  absl::Status DropOldAuthority();

  const std::string& dir() const { return dir_; }
  absl::Time authority_ends() const;

 private:
  Pki(std::string dir, KeyAndCertificate authority, std::string bundle)
      : dir_(std::move(dir)), authority_(std::move(authority)), bundle_(std::move(bundle)) {}

  absl::StatusOr<Issued> Read(const std::string& folder) const;
  absl::StatusOr<Issued> Write(const CertificateRequest& request, const std::string& folder) const;
  // In all folders.
  absl::Status WriteBundle(const std::string& bundle);

  std::string dir_;
  // The one that issues.
  KeyAndCertificate authority_;
  // All that are trusted.
  std::string bundle_;
};

}  // namespace paceline::cli

#endif  // PACELINE_CLI_PKI_H_
