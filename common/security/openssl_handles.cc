#include "common/security/openssl_handles.h"

#include <openssl/err.h>
#include <openssl/pem.h>

#include <ctime>
#include <utility>

#include "absl/strings/str_cat.h"

namespace paceline::openssl {
namespace {

Bio Reader(absl::string_view text) {
  return Bio(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
}

// Asks nobody for a passphrase.
int NoPassphrase(char*, int, int, void*) { return -1; }

}  // namespace

absl::Status Error(absl::string_view what) {
  char text[256] = "unknown reason";
  const unsigned long error = ERR_peek_last_error();  // NOLINT: OpenSSL's type
  if (error != 0) ERR_error_string_n(error, text, sizeof(text));
  ERR_clear_error();
  return absl::InternalError(absl::StrCat(what, ": ", text));
}

absl::StatusOr<Key> ParseKey(absl::string_view pem) {
  const Bio bio = Reader(pem);
  Key key(PEM_read_bio_PrivateKey(bio.get(), nullptr, NoPassphrase, nullptr));
  ERR_clear_error();
  if (key == nullptr) {
    return absl::InvalidArgumentError("a private key in PEM, without a passphrase, expected");
  }
  return key;
}

absl::StatusOr<std::vector<Certificate>> ParseCertificates(absl::string_view pem) {
  const Bio bio = Reader(pem);
  std::vector<Certificate> certificates;
  while (X509* const next = PEM_read_bio_X509(bio.get(), nullptr, NoPassphrase, nullptr)) {
    certificates.emplace_back(next);
  }
  const int reason = ERR_GET_REASON(ERR_peek_last_error());
  ERR_clear_error();
  if (reason != PEM_R_NO_START_LINE) {
    return absl::InvalidArgumentError(
        absl::StrCat("certificate ", certificates.size() + 1, ": damaged PEM"));
  }
  if (certificates.empty()) return absl::InvalidArgumentError("a certificate in PEM expected");
  return certificates;
}

std::string Pem(EVP_PKEY* key) {
  return Text([key](BIO* bio) {
    PEM_write_bio_PKCS8PrivateKey(bio, key, nullptr, nullptr, 0, nullptr, nullptr);
  });
}

std::string Pem(X509* certificate) {
  return Text([certificate](BIO* bio) { PEM_write_bio_X509(bio, certificate); });
}

absl::Time ToTime(const ASN1_TIME* time) {
  std::tm utc = {};
  if (ASN1_TIME_to_tm(time, &utc) != 1) return absl::InfinitePast();
  return absl::FromTM(utc, absl::UTCTimeZone());
}

}  // namespace paceline::openssl
