#include "cli/dialer.h"

#include <grpcpp/channel.h>
#include <grpcpp/security/credentials.h>

#include "absl/strings/str_cat.h"
#include "common/rpc/channel.h"

namespace paceline::cli {
namespace {

// A person waits for a daemon that is far away or busy rather than try again.
constexpr absl::Duration kConnectTimeout = absl::Seconds(5);

}  // namespace

absl::StatusOr<Dialer> Dialer::Create(const std::string& tls_dir, absl::Time now) {
  if (tls_dir.empty()) return Dialer(RpcSecurity::Insecure());
  absl::StatusOr<std::shared_ptr<RpcSecurity>> security = RpcSecurity::Load(tls_dir, now);
  if (security.ok()) return Dialer(*std::move(security));
  return absl::InvalidArgumentError(absl::StrCat("--tls-dir: ", security.status().message()));
}

std::shared_ptr<grpc::Channel> Dialer::Dial(const std::string& address, Role peer) const {
  return MakeChannel(address, security_->ChannelCredentials(peer),
                     {.connect_timeout = kConnectTimeout});
}

}  // namespace paceline::cli
