#include "common/rpc/caller.h"

#include <memory>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace paceline {

Identity CallerOf(const grpc::ServerContextBase& context) {
  const std::shared_ptr<const grpc::AuthContext> auth = context.auth_context();
  if (auth == nullptr || !auth->IsPeerAuthenticated()) return {.role = Role::kAdmin, .name = ""};
  for (const grpc::string_ref& uri : auth->FindPropertyValues("peer_uri")) {
    const absl::StatusOr<Identity> identity =
        ParseIdentityUri(absl::string_view(uri.data(), uri.size()));
    if (identity.ok()) return *identity;
  }
  // Nobody in particular: may look on at most, and the rules let no such caller in.
  return {.role = Role::kViewer, .name = ""};
}

}  // namespace paceline
