// The folder with which a daemon or pacectl shows who it is (--tls-dir), as Kubernetes
// names the files of a TLS secret:
//
//   ca.crt    the certificates of the authorities that are trusted, one after another
//   tls.crt   the own certificate, then any that lead to an authority
//   tls.key   its private key: others on the machine must not be able to read it
//
// Files may be replaced at any time; each is replaced whole.
//
// Thread-safe: functions without state.
#ifndef PACELINE_COMMON_SECURITY_TLS_DIR_H_
#define PACELINE_COMMON_SECURITY_TLS_DIR_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/security/identity.h"

namespace paceline {

struct TlsPaths {
  std::string ca;
  std::string certificate;
  std::string key;
};
TlsPaths TlsPathsIn(const std::string& dir);

struct TlsDir {
  TlsPaths paths;
  Identity identity;
  // For which the certificate is.
  std::vector<std::string> hosts;
  absl::Time ends;
};

// Reads and checks all of it.
// Errors name the file: NotFound, PermissionDenied and others of the file system;
//   InvalidArgument     not what it should hold.
//   FailedPrecondition  the key is not that of the certificate, or others can read it (with
//                       the command that ends this); the certificate has ended or not
//                       begun, no authority has issued it, or it names nobody.
absl::StatusOr<TlsDir> ReadTlsDir(const std::string& dir, absl::Time now);

// When the own certificate ends.
// Errors: as ReadTlsDir, of tls.crt.
absl::StatusOr<absl::Time> CertificateEnds(const std::string& dir);

// Whether the own certificate is for a host: a DNS name or an address.
// Errors: as ReadTlsDir, of tls.crt; FailedPrecondition  it is not; names both.
absl::Status CheckCertificateHost(const std::string& dir, const std::string& host);

struct TlsFiles {
  std::string ca;
  std::string certificate;
  std::string key;
};

// Creates the folder (0700) if absent and replaces its files, the key readable by its owner
// alone. Whoever reads meanwhile finds each file old or new.
// Errors: those of the file system.
absl::Status WriteTlsDir(const std::string& dir, const TlsFiles& files);

}  // namespace paceline

#endif  // PACELINE_COMMON_SECURITY_TLS_DIR_H_
