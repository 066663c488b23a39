// The TLS side of an HttpServer, from files that may be replaced at any time.
//
// TLS 1.2 or above; clients are asked for a certificate and need not have one, but one that
// they show must be of the authority in ca_file, for clients, and in force. Sessions are
// not resumed, so that every connection is judged by the files of now.
//
// Thread-safe.
#ifndef PACELINE_COMMON_HTTP_HTTP_TLS_H_
#define PACELINE_COMMON_HTTP_HTTP_TLS_H_

#include <openssl/ssl.h>

#include <memory>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "common/clock.h"
#include "common/security/identity.h"
#include "common/sync.h"

namespace paceline {

// Files in PEM form.
struct HttpTls {
  std::string ca_file;
  std::string certificate_file;
  std::string key_file;

  // ca.crt, tls.crt and tls.key in `dir`.
  static HttpTls InDir(const std::string& dir);
  // Those in `dir` for a listener on `host`; nothing if there is no `dir`, or only this
  // machine reaches the listener.
  static std::optional<HttpTls> For(const std::string& dir, absl::string_view host);
};

class HttpTlsContext {
 public:
  // `clock` outlives it.
  // Errors:  InvalidArgument  names the file that cannot be used, and why.
  static absl::StatusOr<std::unique_ptr<HttpTlsContext>> Load(HttpTls files, Clock* clock);

  // Of the files as they are, seen at most a second ago; of those before as long as they
  // cannot be used, which is logged once.
  std::shared_ptr<SSL_CTX> Current();

 private:
  HttpTlsContext(HttpTls files, Clock* clock) : files_(std::move(files)), clock_(clock) {}

  // Changes whenever a file does.
  std::string Stamp() const;

  const HttpTls files_;
  Clock* const clock_;
  Mutex mu_;
  std::shared_ptr<SSL_CTX> context_ ABSL_GUARDED_BY(mu_);
  // Of what was tried last.
  std::string stamp_ ABSL_GUARDED_BY(mu_);
  absl::Duration looked_ ABSL_GUARDED_BY(mu_);
};

// Who the client is. Nothing: it showed no certificate, or one that has not exactly one
// identity (IdentityOfUris).
std::optional<Identity> PeerOf(const SSL* ssl);

}  // namespace paceline

#endif  // PACELINE_COMMON_HTTP_HTTP_TLS_H_
