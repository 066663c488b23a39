#include "common/http/http_tls.h"

#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <sys/stat.h>

#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "common/daemon/address.h"
#include "common/log.h"
#include "common/security/openssl_handles.h"
#include "common/status/status_macros.h"

namespace paceline {
namespace {

constexpr absl::Duration kLookInterval = absl::Seconds(1);

absl::Status CannotUse(const std::string& file) {
  char why[256] = "unknown error";
  if (const unsigned long error = ERR_get_error(); error != 0) {
    ERR_error_string_n(error, why, sizeof(why));
  }
  ERR_clear_error();
  return absl::InvalidArgumentError(absl::StrCat("TLS: cannot use ", file, ": ", why));
}

absl::StatusOr<std::shared_ptr<SSL_CTX>> MakeContext(const HttpTls& files) {
  ERR_clear_error();
  const std::shared_ptr<SSL_CTX> context(SSL_CTX_new(TLS_server_method()), SSL_CTX_free);
  if (context == nullptr) return CannotUse("OpenSSL");
  SSL_CTX* const raw = context.get();
  SSL_CTX_set_min_proto_version(raw, TLS1_2_VERSION);
  SSL_CTX_set_options(raw, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_NO_TICKET);
  SSL_CTX_set_num_tickets(raw, 0);
  SSL_CTX_set_session_cache_mode(raw, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_mode(raw, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  if (SSL_CTX_use_certificate_chain_file(raw, files.certificate_file.c_str()) != 1) {
    return CannotUse(files.certificate_file);
  }
  if (SSL_CTX_use_PrivateKey_file(raw, files.key_file.c_str(), SSL_FILETYPE_PEM) != 1 ||
      SSL_CTX_check_private_key(raw) != 1) {
    return CannotUse(files.key_file);
  }
  STACK_OF(X509_NAME)* const names = SSL_load_client_CA_file(files.ca_file.c_str());
  if (names == nullptr ||
      SSL_CTX_load_verify_locations(raw, files.ca_file.c_str(), /*CApath=*/nullptr) != 1) {
    sk_X509_NAME_pop_free(names, X509_NAME_free);
    return CannotUse(files.ca_file);
  }
  // Takes the names over.
  SSL_CTX_set_client_CA_list(raw, names);
  SSL_CTX_set_verify(raw, SSL_VERIFY_PEER, /*callback=*/nullptr);
  return context;
}

}  // namespace

HttpTls HttpTls::InDir(const std::string& dir) {
  return {.ca_file = absl::StrCat(dir, "/ca.crt"),
          .certificate_file = absl::StrCat(dir, "/tls.crt"),
          .key_file = absl::StrCat(dir, "/tls.key")};
}

std::optional<HttpTls> HttpTls::For(const std::string& dir, absl::string_view host) {
  if (dir.empty() || IsLoopback(host)) return std::nullopt;
  return InDir(dir);
}

absl::StatusOr<std::unique_ptr<HttpTlsContext>> HttpTlsContext::Load(HttpTls files, Clock* clock) {
  std::unique_ptr<HttpTlsContext> tls(new HttpTlsContext(std::move(files), clock));
  MutexLock lock(&tls->mu_);
  tls->stamp_ = tls->Stamp();
  tls->looked_ = clock->Monotonic();
  PL_ASSIGN_OR_RETURN(tls->context_, MakeContext(tls->files_));
  return tls;
}

std::shared_ptr<SSL_CTX> HttpTlsContext::Current() {
  MutexLock lock(&mu_);
  const absl::Duration now = clock_->Monotonic();
  if (now - looked_ < kLookInterval) return context_;
  looked_ = now;
  std::string stamp = Stamp();
  if (stamp == stamp_) return context_;
  stamp_ = std::move(stamp);
  absl::StatusOr<std::shared_ptr<SSL_CTX>> fresh = MakeContext(files_);
  if (fresh.ok()) {
    context_ = *std::move(fresh);
    LogInfo("certificate replaced", {{"listener", "http"}, {"file", files_.certificate_file}});
  } else {
    LogWarning("new certificate not usable, the one before goes on",
               {{"listener", "http"}, {"error", fresh.status()}});
  }
  return context_;
}

std::string HttpTlsContext::Stamp() const {
  std::string stamp;
  for (const std::string& file : {files_.ca_file, files_.certificate_file, files_.key_file}) {
    struct stat now = {};
    (void)stat(file.c_str(), &now);
    absl::StrAppend(&stamp, now.st_ino, ":", now.st_size, ":", now.st_mtim.tv_sec, ".",
                    now.st_mtim.tv_nsec, ";");
  }
  return stamp;
}

std::optional<Identity> PeerOf(const SSL* ssl) {
  if (SSL_get_verify_result(ssl) != X509_V_OK) return std::nullopt;
  const openssl::Certificate certificate(SSL_get1_peer_certificate(ssl));
  if (certificate == nullptr) return std::nullopt;
  const openssl::Names names(static_cast<GENERAL_NAMES*>(
      X509_get_ext_d2i(certificate.get(), NID_subject_alt_name, nullptr, nullptr)));
  std::vector<absl::string_view> uris;
  for (int i = 0; i < sk_GENERAL_NAME_num(names.get()); ++i) {
    const GENERAL_NAME* const name = sk_GENERAL_NAME_value(names.get(), i);
    if (name->type != GEN_URI) continue;
    const ASN1_STRING* const text = name->d.uniformResourceIdentifier;
    uris.emplace_back(reinterpret_cast<const char*>(ASN1_STRING_get0_data(text)),
                      static_cast<size_t>(ASN1_STRING_length(text)));
  }
  absl::StatusOr<Identity> identity = IdentityOfUris(uris);
  if (!identity.ok()) return std::nullopt;
  return *std::move(identity);
}

}  // namespace paceline
