// Who a process or a person is towards a cluster: what its certificate says.
//
// A certificate names exactly one identity, in a URI of its subject alternative names:
//
//   spiffe://paceline/<role>/<name>      spiffe://paceline/user/alice
//
// where the name is 1 to 63 of [a-z0-9._-], starting with a letter or digit.
//
// Thread-safe: values and pure functions.
#ifndef PACELINE_COMMON_SECURITY_IDENTITY_H_
#define PACELINE_COMMON_SECURITY_IDENTITY_H_

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"

namespace paceline {

enum class Role {
  // People and tools: may do everything; see everything and run their own jobs; look on.
  kAdmin,
  kUser,
  kViewer,
  // Daemons. Tasks show the certificate of their worker.
  kScheduler,
  kServer,
  kWorker,
};

// "admin", "user", ...
absl::string_view RoleName(Role role);
// Errors: InvalidArgument  no such role; lists them.
absl::StatusOr<Role> ParseRole(absl::string_view name);

struct Identity {
  Role role = Role::kAdmin;
  // Empty: a cluster without certificates knows no names.
  std::string name;

  bool operator==(const Identity&) const = default;
};

// "user alice"; "admin" without a name. For messages and the audit log.
std::string IdentityText(const Identity& identity);

// Errors: InvalidArgument  a role or name as above expected, and what came.
absl::StatusOr<std::string> IdentityUri(const Identity& identity);
absl::StatusOr<Identity> ParseIdentityUri(absl::string_view uri);

// The identity in a certificate with these URIs.
// Errors: Unauthenticated  not one URI, or one that is no identity.
absl::StatusOr<Identity> IdentityOfUris(absl::Span<const absl::string_view> uris);

}  // namespace paceline

#endif  // PACELINE_COMMON_SECURITY_IDENTITY_H_
