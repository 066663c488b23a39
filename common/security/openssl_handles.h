// OpenSSL's objects, freed when their owner goes, and its text formats.
//
// Thread-safe: functions without state.
#ifndef PACELINE_COMMON_SECURITY_OPENSSL_HANDLES_H_
#define PACELINE_COMMON_SECURITY_OPENSSL_HANDLES_H_

#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/evp.h>
#include <openssl/x509.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>

#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace paceline::openssl {

template <auto Free>
struct Deleter {
  template <typename T>
  void operator()(T* object) const {
    Free(object);
  }
};

using Bio = std::unique_ptr<BIO, Deleter<BIO_free_all>>;
using BigNumber = std::unique_ptr<BIGNUM, Deleter<BN_free>>;
using Certificate = std::unique_ptr<X509, Deleter<X509_free>>;
using Extension = std::unique_ptr<X509_EXTENSION, Deleter<X509_EXTENSION_free>>;
using Key = std::unique_ptr<EVP_PKEY, Deleter<EVP_PKEY_free>>;
using Names = std::unique_ptr<GENERAL_NAMES, Deleter<GENERAL_NAMES_free>>;
using Store = std::unique_ptr<X509_STORE, Deleter<X509_STORE_free>>;
using StoreContext = std::unique_ptr<X509_STORE_CTX, Deleter<X509_STORE_CTX_free>>;

// Internal, with OpenSSL's own words for what `what` could not do. Forgets its errors.
absl::Status Error(absl::string_view what);

// Errors: InvalidArgument  no PEM of that kind in the text.
absl::StatusOr<Key> ParseKey(absl::string_view pem);
// All there are, at least one.
absl::StatusOr<std::vector<Certificate>> ParseCertificates(absl::string_view pem);

// What a function writes to a BIO.
template <typename Write>
std::string Text(const Write& write) {
  const Bio bio(BIO_new(BIO_s_mem()));
  write(bio.get());
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio.get(), &data);  // NOLINT: OpenSSL's type
  return std::string(data, static_cast<size_t>(size));
}

std::string Pem(EVP_PKEY* key);
std::string Pem(X509* certificate);

absl::Time ToTime(const ASN1_TIME* time);

}  // namespace paceline::openssl

#endif  // PACELINE_COMMON_SECURITY_OPENSSL_HANDLES_H_
