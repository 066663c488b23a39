#include "cli/dialer.h"

#include <grpcpp/channel.h>
#include <grpcpp/security/credentials.h>

#include "absl/strings/str_cat.h"
#include "common/rpc/channel.h"
#include "common/status/status_macros.h"

namespace paceline::cli {
namespace {

// A person waits for a daemon that is far away or busy rather than try again.
constexpr absl::Duration kConnectTimeout = absl::Seconds(5);

constexpr uint64_t kMaxPemBytes = 1 << 20;

absl::StatusOr<std::string> ReadPem(FileSystem& fs, const std::string& tls_dir,
                                    const std::string& name) {
  absl::StatusOr<std::string> text = ReadFile(fs, JoinPath(tls_dir, name), kMaxPemBytes);
  if (text.ok()) return text;
  return absl::InvalidArgumentError(absl::StrCat("--tls-dir: ", text.status().message()));
}

}  // namespace

absl::StatusOr<Dialer> Dialer::Create(const std::string& tls_dir, FileSystem& fs) {
  if (tls_dir.empty()) return Dialer(grpc::InsecureChannelCredentials());
  grpc::SslCredentialsOptions pem;
  PL_ASSIGN_OR_RETURN(pem.pem_root_certs, ReadPem(fs, tls_dir, "ca.crt"));
  PL_ASSIGN_OR_RETURN(pem.pem_cert_chain, ReadPem(fs, tls_dir, "tls.crt"));
  PL_ASSIGN_OR_RETURN(pem.pem_private_key, ReadPem(fs, tls_dir, "tls.key"));
  return Dialer(grpc::SslCredentials(pem));
}

std::shared_ptr<grpc::Channel> Dialer::Dial(const std::string& address, Role /*peer*/) const {
  return MakeChannel(address, credentials_, {.connect_timeout = kConnectTimeout});
}

}  // namespace paceline::cli
