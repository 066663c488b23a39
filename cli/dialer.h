// Channels to the daemons of a cluster: the one place of pacectl that makes them.
#ifndef PACELINE_CLI_DIALER_H_
#define PACELINE_CLI_DIALER_H_

#include <memory>
#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/rpc/security.h"
#include "common/security/identity.h"

namespace grpc {
class Channel;
}  // namespace grpc

namespace paceline::cli {

// Thread-safe.
class Dialer {
 public:
  // `tls_dir`: folder with ca.crt, tls.crt and tls.key; empty: in the clear.
  // Errors:  InvalidArgument  a file of the folder that cannot be used, and why.
  static absl::StatusOr<Dialer> Create(const std::string& tls_dir, absl::Time now);

  // Returns at once; the channel connects with its first call. `peer`: whom to expect.
  std::shared_ptr<grpc::Channel> Dial(const std::string& address, Role peer) const;

 private:
  explicit Dialer(std::shared_ptr<RpcSecurity> security) : security_(std::move(security)) {}

  std::shared_ptr<RpcSecurity> security_;
};

}  // namespace paceline::cli

#endif  // PACELINE_CLI_DIALER_H_
