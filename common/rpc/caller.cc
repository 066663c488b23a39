#include "common/rpc/caller.h"

#include <grpc/grpc_security_constants.h>

#include <memory>
#include <vector>

#include "absl/strings/string_view.h"

namespace paceline {
namespace {

bool IsTls(const grpc::AuthContext& connection) {
  const std::vector<grpc::string_ref> types =
      connection.FindPropertyValues(GRPC_TRANSPORT_SECURITY_TYPE_PROPERTY_NAME);
  return types.size() == 1 && (types[0] == GRPC_TLS_TRANSPORT_SECURITY_TYPE ||
                               types[0] == GRPC_SSL_TRANSPORT_SECURITY_TYPE);
}

}  // namespace

absl::StatusOr<Identity> PeerIdentity(const grpc::AuthContext& connection) {
  std::vector<absl::string_view> uris;
  for (const grpc::string_ref& uri : connection.FindPropertyValues(GRPC_PEER_URI_PROPERTY_NAME)) {
    uris.emplace_back(uri.data(), uri.size());
  }
  return IdentityOfUris(uris);
}

Identity CallerOf(const grpc::ServerContextBase& context) {
  const std::shared_ptr<const grpc::AuthContext> connection = context.auth_context();
  if (connection == nullptr || !IsTls(*connection)) return {.role = Role::kAdmin, .name = ""};
  const absl::StatusOr<Identity> identity = PeerIdentity(*connection);
  // Nobody in particular may look on at most, and the authorizer lets no such caller in.
  return identity.ok() ? *identity : Identity{.role = Role::kViewer, .name = ""};
}

}  // namespace paceline
