#include "common/security/identity.h"

#include <array>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "common/status/status_macros.h"

namespace paceline {
namespace {

constexpr absl::string_view kPrefix = "spiffe://paceline/";
constexpr size_t kLongestName = 63;

constexpr std::array<std::pair<Role, absl::string_view>, 6> kRoles = {{
    {Role::kAdmin, "admin"},
    {Role::kUser, "user"},
    {Role::kViewer, "viewer"},
    {Role::kScheduler, "scheduler"},
    {Role::kServer, "server"},
    {Role::kWorker, "worker"},
}};

bool IsNameCharacter(char c) {
  return absl::ascii_islower(c) || absl::ascii_isdigit(c) || c == '.' || c == '_' || c == '-';
}

absl::Status CheckName(absl::string_view name) {
  bool good = !name.empty() && name.size() <= kLongestName && absl::ascii_isalnum(name[0]);
  for (const char c : name) good = good && IsNameCharacter(c);
  if (good) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat(
      "name: 1 to 63 of [a-z0-9._-], starting with a letter or digit, expected, got \"", name,
      "\""));
}

}  // namespace

absl::string_view RoleName(Role role) {
  for (const auto& [known, name] : kRoles) {
    if (known == role) return name;
  }
  return "unknown";
}

absl::StatusOr<Role> ParseRole(absl::string_view name) {
  for (const auto& [role, known] : kRoles) {
    if (known == name) return role;
  }
  return absl::InvalidArgumentError(absl::StrCat(
      "role: admin, user, viewer, scheduler, server or worker expected, got \"", name, "\""));
}

std::string IdentityText(const Identity& identity) {
  return absl::StrCat(RoleName(identity.role), identity.name.empty() ? "" : " ", identity.name);
}

absl::StatusOr<std::string> IdentityUri(const Identity& identity) {
  PL_RETURN_IF_ERROR(CheckName(identity.name));
  return absl::StrCat(kPrefix, RoleName(identity.role), "/", identity.name);
}

absl::StatusOr<Identity> ParseIdentityUri(absl::string_view uri) {
  absl::string_view rest = uri;
  const std::vector<absl::string_view> parts = absl::ConsumePrefix(&rest, kPrefix)
                                                   ? absl::StrSplit(rest, '/')
                                                   : std::vector<absl::string_view>();
  if (parts.size() != 2) {
    return absl::InvalidArgumentError(
        absl::StrCat("identity: ", kPrefix, "<role>/<name> expected, got \"", uri, "\""));
  }
  Identity identity;
  PL_ASSIGN_OR_RETURN(identity.role, ParseRole(parts[0]));
  PL_RETURN_IF_ERROR(CheckName(parts[1]));
  identity.name = std::string(parts[1]);
  return identity;
}

absl::StatusOr<Identity> IdentityOfUris(absl::Span<const absl::string_view> uris) {
  if (uris.size() != 1) {
    return absl::UnauthenticatedError(absl::StrCat("certificate: one URI ", kPrefix,
                                                   "<role>/<name> expected, got ", uris.size()));
  }
  absl::StatusOr<Identity> identity = ParseIdentityUri(uris[0]);
  if (identity.ok()) return identity;
  return absl::UnauthenticatedError(absl::StrCat("certificate: ", identity.status().message()));
}

}  // namespace paceline
