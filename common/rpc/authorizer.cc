#include "common/rpc/authorizer.h"

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "common/log.h"
#include "common/rpc/caller.h"
#include "common/rpc/grpc_status.h"
#include "common/security/access_rules.h"
#include "common/status/status_macros.h"

namespace paceline {
namespace {

absl::Status Check(const grpc::AuthMetadataProcessor::InputMetadata& metadata,
                   const grpc::AuthContext& connection) {
  PL_ASSIGN_OR_RETURN(const Identity caller, PeerIdentity(connection));
  const auto path = metadata.find(":path");
  return CheckAccess(caller, path == metadata.end()
                                 ? absl::string_view()
                                 : absl::string_view(path->second.data(), path->second.size()));
}

}  // namespace

grpc::Status Authorizer::Process(const InputMetadata& metadata, grpc::AuthContext* connection,
                                 OutputMetadata*, OutputMetadata*) {
  const absl::Status allowed = Check(metadata, *connection);
  if (allowed.ok()) return grpc::Status::OK;
  LogWarning("call denied", {{"why", allowed.message()}});
  return ToGrpcStatus(allowed);
}

}  // namespace paceline
