// X.509 certificates of a cluster: its own authority, and one certificate for each daemon
// and person, whose URI says who that is (identity.h).
//
//   PL_ASSIGN_OR_RETURN(const KeyAndCertificate ca, MakeCa(clock.Now()));
//   PL_ASSIGN_OR_RETURN(const KeyAndCertificate server,
//                       IssueCertificate(ca, {.identity = {Role::kServer, "vm2"},
//                                             .hosts = {"vm2", "10.0.0.2"},
//                                             .now = clock.Now()}));
//
// Keys are EC P-256, signatures SHA-256, serial numbers random. Everything begins five
// minutes before `now`, for hosts whose clocks are late. All text is PEM.
//
// Thread-safe: functions without state.
#ifndef PACELINE_COMMON_SECURITY_CERTIFICATES_H_
#define PACELINE_COMMON_SECURITY_CERTIFICATES_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "common/security/identity.h"

namespace paceline {

inline constexpr int kCaDays = 3650;
inline constexpr int kDefaultDays = 365;
inline constexpr absl::Duration kBackDated = absl::Minutes(5);

struct KeyAndCertificate {
  // PKCS #8, not encrypted.
  std::string key;
  std::string certificate;
};

// A new authority for kCaDays. Each has a name of its own, so that bundles of two work.
absl::StatusOr<KeyAndCertificate> MakeCa(absl::Time now);

struct CertificateRequest {
  Identity identity;
  // Names and addresses under which others dial it: DNS names (also *.example.com), IPv4
  // and IPv6 addresses.
  std::vector<std::string> hosts;
  absl::Time now;
  // 1 to kCaDays; not beyond the authority's end.
  int days = kDefaultDays;
};

// For both sides of a connection.
// Errors: InvalidArgument     an identity, host or number of days that cannot be.
//         FailedPrecondition  the authority's key is not that of its certificate, or it
//                             has ended.
absl::StatusOr<KeyAndCertificate> IssueCertificate(const KeyAndCertificate& ca,
                                                   const CertificateRequest& request);

// Errors: InvalidArgument  names the host: neither a DNS name nor an address.
absl::Status CheckHost(absl::string_view host);

}  // namespace paceline

#endif  // PACELINE_COMMON_SECURITY_CERTIFICATES_H_
