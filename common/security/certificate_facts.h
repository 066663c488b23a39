// What certificates say, and whether they fit together. All text is PEM; a bundle is
// certificates one after another.
//
//   PL_ASSIGN_OR_RETURN(const CertificateFacts facts, ReadCertificate(pem));
//   PL_RETURN_IF_ERROR(CheckIssuedBy(pem, ca_bundle, clock.Now()));
//
// Thread-safe: functions without state.
#ifndef PACELINE_COMMON_SECURITY_CERTIFICATE_FACTS_H_
#define PACELINE_COMMON_SECURITY_CERTIFICATE_FACTS_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace paceline {

struct CertificateFacts {
  // "CN=server vm2,O=Paceline"
  std::string subject;
  std::string issuer;
  // Hex digits.
  std::string serial;
  std::vector<std::string> uris;
  // DNS names and addresses.
  std::vector<std::string> hosts;
  absl::Time begins;
  absl::Time ends;
};

// Of the first certificate in the text.
// Errors: InvalidArgument  there is none.
absl::StatusOr<CertificateFacts> ReadCertificate(absl::string_view pem);

// The certificates of a bundle, each as text of its own.
// Errors: InvalidArgument  there is none.
absl::StatusOr<std::vector<std::string>> SplitBundle(absl::string_view pem);

// Errors: InvalidArgument     no key or no certificate.
//         FailedPrecondition  they do not belong together.
absl::Status CheckKeyMatches(absl::string_view key, absl::string_view certificate);

// Whether somebody who trusts `bundle` takes the first certificate of the text at `now`, of
// a client and of a server; those behind it may lead to the bundle.
// Errors: InvalidArgument     no certificates.
//         FailedPrecondition  why not.
absl::Status CheckIssuedBy(absl::string_view certificate, absl::string_view bundle, absl::Time now);

// Whether the certificate is for a host: a DNS name or an address.
bool CoversHost(absl::string_view certificate, const std::string& host);

}  // namespace paceline

#endif  // PACELINE_COMMON_SECURITY_CERTIFICATE_FACTS_H_
