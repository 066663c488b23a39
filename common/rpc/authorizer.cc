#include "common/rpc/authorizer.h"

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/log.h"
#include "common/rpc/caller.h"
#include "common/rpc/grpc_status.h"
#include "common/security/access_rules.h"
#include "common/security/identity.h"
#include "common/status/status_macros.h"

namespace paceline {
namespace {

std::string MethodOf(const grpc::AuthMetadataProcessor::InputMetadata& metadata) {
  const auto path = metadata.find(":path");
  return path == metadata.end() ? "" : std::string(path->second.data(), path->second.size());
}

absl::Status Check(const absl::StatusOr<Identity>& caller, const std::string& method) {
  PL_RETURN_IF_ERROR(caller.status());
  return CheckAccess(*caller, method);
}

}  // namespace

grpc::Status Authorizer::Process(const InputMetadata& metadata, grpc::AuthContext* connection,
                                 OutputMetadata*, OutputMetadata*) {
  const absl::StatusOr<Identity> caller = PeerIdentity(*connection);
  const std::string method = MethodOf(metadata);
  const absl::Status allowed = Check(caller, method);
  if (allowed.ok()) return grpc::Status::OK;
  LogWarning("call denied", {{"why", allowed.message()}});
  if (on_denied_) {
    on_denied_({.caller = caller.value_or(Identity{.role = Role::kViewer, .name = ""}),
                .method = method,
                .why = allowed});
  }
  return ToGrpcStatus(allowed);
}

}  // namespace paceline
