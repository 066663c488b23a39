// Which roles may call which method of any daemon: one table, and nobody may call what it
// does not name. docs/security.md shows it to people; a test keeps the two the same.
//
// A role here means "may call at all". That users touch only their own jobs is decided by
// whoever knows the jobs.
//
// Thread-safe: functions without state.
#ifndef PACELINE_COMMON_SECURITY_ACCESS_RULES_H_
#define PACELINE_COMMON_SECURITY_ACCESS_RULES_H_

#include <initializer_list>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "common/security/identity.h"

namespace paceline {

// A set of roles.
class RoleSet {
 public:
  constexpr RoleSet(std::initializer_list<Role> roles) {
    for (const Role role : roles) bits_ |= Bit(role);
  }
  constexpr bool Has(Role role) const { return (bits_ & Bit(role)) != 0; }
  // "admin, user"
  std::string ToString() const;

 private:
  static constexpr unsigned Bit(Role role) { return 1u << static_cast<unsigned>(role); }
  unsigned bits_ = 0;
};

struct AccessRule {
  // As HTTP/2 names it: "/paceline.v1.Scheduler/SubmitJob".
  absl::string_view method;
  RoleSet roles;
};

absl::Span<const AccessRule> AccessRules();

// Errors: PermissionDenied  the method is not for the caller's role, or there is no rule
//                           for it; names the caller, the method and who may call it.
absl::Status CheckAccess(const Identity& caller, absl::string_view method);

}  // namespace paceline

#endif  // PACELINE_COMMON_SECURITY_ACCESS_RULES_H_
