// What a client asks of the certificate of whom it dials, once gRPC has found that one of
// its authorities issued it: the role that it expects, and the host that it dialled.
#ifndef PACELINE_COMMON_RPC_PEER_VERIFIER_H_
#define PACELINE_COMMON_RPC_PEER_VERIFIER_H_

#include <grpcpp/security/tls_certificate_verifier.h>

#include <memory>

#include "common/security/identity.h"

namespace paceline {

// Connections to others fail; what fails says what was expected and who answered.
// Thread-safe.
std::shared_ptr<grpc::experimental::CertificateVerifier> MakePeerVerifier(Role expected);

}  // namespace paceline

#endif  // PACELINE_COMMON_RPC_PEER_VERIFIER_H_
