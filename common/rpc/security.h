// What protects the connections of a process: nothing, or mutual TLS with the certificate
// in a folder (common/security/tls_dir.h).
//
//   PL_ASSIGN_OR_RETURN(std::shared_ptr<RpcSecurity> security,
//                       RpcSecurity::Load("/etc/paceline/tls", clock.Now()));
//   builder.AddListeningPort(address, security->ServerCredentials(on_denied), &port);
//   MakeChannel(address, security->ChannelCredentials(Role::kServer));
//
// With TLS (1.2 or 1.3), both sides show a certificate of an authority that the other one
// trusts. A client also insists on the role of whom it dials and on a certificate for the
// host that it dials; a server decides call by call (authorizer.h).
//
// The folder is read again every kCertificateRefresh: new connections use what lies there,
// those that exist go on, also beyond the end of their certificates. Files that are missing
// leave what was there in use.
//
// Thread-safe.
#ifndef PACELINE_COMMON_RPC_SECURITY_H_
#define PACELINE_COMMON_RPC_SECURITY_H_

#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/rpc/denied_call.h"
#include "common/security/identity.h"

namespace grpc {
class ChannelCredentials;
class ServerCredentials;
}  // namespace grpc

namespace paceline {

// In whole seconds.
inline constexpr absl::Duration kCertificateRefresh = absl::Seconds(2);

class RpcSecurity {
 public:
  // Connections in the clear, open to everybody who can reach them.
  static std::shared_ptr<RpcSecurity> Insecure();

  // Errors: those of ReadTlsDir.
  static absl::StatusOr<std::shared_ptr<RpcSecurity>> Load(const std::string& tls_dir,
                                                           absl::Time now);

  virtual ~RpcSecurity() = default;

  virtual bool tls() const = 0;
  // Empty without TLS.
  virtual const std::string& tls_dir() const = 0;
  // As it was when loaded; without TLS an admin without a name.
  virtual const Identity& identity() const = 0;
  // When the certificate in the folder ends, milliseconds since 1970; 0 without TLS. Reads
  // the file.
  virtual int64_t expires_ms() const = 0;

  // For a server, which lets in whom the access rules name and tells `on_denied`, which may
  // be empty, of everybody else's calls. Without TLS there are none.
  virtual std::shared_ptr<grpc::ServerCredentials> ServerCredentials(
      DeniedCallObserver on_denied) const = 0;
  // For channels to processes of this role. They go on after this object has gone.
  virtual std::shared_ptr<grpc::ChannelCredentials> ChannelCredentials(Role peer) const = 0;
};

}  // namespace paceline

#endif  // PACELINE_COMMON_RPC_SECURITY_H_
