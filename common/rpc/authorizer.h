// Lets calls in or not: the one place that every call to a daemon with certificates passes,
// of whatever service and kind, before anything of it is read.
//
// Who calls is what the connection's certificate says; what it may call is in
// common/security/access_rules.h. A call costs this once, its messages nothing.
//
// Calls fail with: UNAUTHENTICATED    the certificate names nobody.
//                  PERMISSION_DENIED  the method is not for the caller's role; says for
//                                     whom it is.
// Those denied are logged, and told to an observer.
//
// Thread-safe.
#ifndef PACELINE_COMMON_RPC_AUTHORIZER_H_
#define PACELINE_COMMON_RPC_AUTHORIZER_H_

#include <grpcpp/security/auth_metadata_processor.h>

#include <utility>

#include "common/rpc/denied_call.h"

namespace paceline {

class Authorizer final : public grpc::AuthMetadataProcessor {
 public:
  // `on_denied` may be empty.
  explicit Authorizer(DeniedCallObserver on_denied) : on_denied_(std::move(on_denied)) {}

  // Only looks into tables.
  bool IsBlocking() const override { return false; }
  grpc::Status Process(const InputMetadata& metadata, grpc::AuthContext* connection,
                       OutputMetadata* consumed, OutputMetadata* response) override;

 private:
  const DeniedCallObserver on_denied_;
};

}  // namespace paceline

#endif  // PACELINE_COMMON_RPC_AUTHORIZER_H_
