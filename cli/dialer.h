// Channels to the daemons of a cluster: the one place of pacectl that makes them.
#ifndef PACELINE_CLI_DIALER_H_
#define PACELINE_CLI_DIALER_H_

#include <memory>
#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "common/fs.h"
#include "common/security/identity.h"

namespace grpc {
class Channel;
class ChannelCredentials;
}  // namespace grpc

namespace paceline::cli {

// Thread-safe.
class Dialer {
 public:
  // `tls_dir`: folder with ca.crt, tls.crt and tls.key; empty: in the clear.
  // Errors:  InvalidArgument  a file of the folder cannot be read.
  static absl::StatusOr<Dialer> Create(const std::string& tls_dir, FileSystem& fs);

  // Returns at once; the channel connects with its first call. `peer`: whom to expect.
  std::shared_ptr<grpc::Channel> Dial(const std::string& address, Role peer) const;

 private:
  explicit Dialer(std::shared_ptr<grpc::ChannelCredentials> credentials)
      : credentials_(std::move(credentials)) {}

  std::shared_ptr<grpc::ChannelCredentials> credentials_;
};

}  // namespace paceline::cli

#endif  // PACELINE_CLI_DIALER_H_
