#include "common/rpc/peer_verifier.h"

#include <functional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/string_view.h"

namespace paceline {
namespace {

using grpc::experimental::TlsCustomVerificationCheckRequest;

absl::string_view View(const grpc::string_ref& text) { return {text.data(), text.size()}; }

std::vector<absl::string_view> Views(const std::vector<grpc::string_ref>& texts) {
  std::vector<absl::string_view> views;
  for (const grpc::string_ref& text : texts) views.push_back(View(text));
  return views;
}

std::string HostsOf(const TlsCustomVerificationCheckRequest& request) {
  std::vector<absl::string_view> hosts = Views(request.dns_names());
  for (const absl::string_view address : Views(request.ip_names())) hosts.push_back(address);
  return hosts.empty() ? "no host" : absl::StrJoin(hosts, ", ");
}

class PeerVerifier final : public grpc::experimental::ExternalCertificateVerifier {
 public:
  explicit PeerVerifier(Role expected) : expected_(expected) {}

  bool Verify(TlsCustomVerificationCheckRequest* request, std::function<void(grpc::Status)>,
              grpc::Status* status) override {
    *status = Check(request);
    return true;
  }
  void Cancel(TlsCustomVerificationCheckRequest*) override {}

 private:
  grpc::Status Check(TlsCustomVerificationCheckRequest* request) {
    const auto denied = [&](const std::string& why) {
      return grpc::Status(grpc::StatusCode::UNAUTHENTICATED,
                          absl::StrCat("dialled ", View(request->target_name()), ": ", why));
    };
    const absl::StatusOr<Identity> peer = IdentityOfUris(Views(request->uri_names()));
    if (!peer.ok()) return denied(std::string(peer.status().message()));
    if (peer->role != expected_) {
      return denied(absl::StrCat("a ", RoleName(expected_), " expected, its certificate is of ",
                                 IdentityText(*peer)));
    }
    grpc::Status host;
    host_names_.Verify(
        request, [](const grpc::Status&) {}, &host);
    if (host.ok()) return host;
    return denied(absl::StrCat("the certificate of ", IdentityText(*peer), " is for ",
                               HostsOf(*request), ": issue it with this host too"));
  }

  const Role expected_;
  grpc::experimental::HostNameCertificateVerifier host_names_;
};

}  // namespace

std::shared_ptr<grpc::experimental::CertificateVerifier> MakePeerVerifier(Role expected) {
  return grpc::experimental::ExternalCertificateVerifier::Create<PeerVerifier>(expected);
}

}  // namespace paceline
