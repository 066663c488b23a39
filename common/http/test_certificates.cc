#include "common/http/test_certificates.h"

#include <openssl/ec.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <cstdio>

#include "common/check.h"

namespace paceline::testing {
namespace {

void Extend(X509* certificate, X509* issuer, int nid, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  X509_EXTENSION* const extension = X509V3_EXT_conf_nid(nullptr, &context, nid, value.c_str());
  PL_CHECK(extension != nullptr) << value;
  PL_CHECK_EQ(X509_add_ext(certificate, extension, -1), 1);
  X509_EXTENSION_free(extension);
}

template <typename Write>
void WriteFile(const std::string& path, Write write) {
  // As one who rotates does: whole or not at all.
  const std::string temporary = path + ".new";
  FILE* const file = std::fopen(temporary.c_str(), "we");
  PL_CHECK(file != nullptr) << path;
  PL_CHECK_EQ(write(file), 1);
  PL_CHECK_EQ(std::fclose(file), 0);
  PL_CHECK_EQ(std::rename(temporary.c_str(), path.c_str()), 0);
}

}  // namespace

TestAuthority::TestAuthority()
    : key_(EVP_EC_gen("P-256"), EVP_PKEY_free), certificate_(nullptr, X509_free) {
  certificate_ = Sign(key_.get(), "test authority", "");
}

TestAuthority::Certificate TestAuthority::Sign(EVP_PKEY* key, const std::string& name,
                                               const std::string& names) const {
  Certificate made(X509_new(), X509_free);
  X509* const raw = made.get();
  X509* const issuer = certificate_ == nullptr ? raw : certificate_.get();
  X509_set_version(raw, X509_VERSION_3);
  ASN1_INTEGER_set(X509_get_serialNumber(raw), 1);
  X509_gmtime_adj(X509_getm_notBefore(raw), -60);
  X509_gmtime_adj(X509_getm_notAfter(raw), 3600);
  X509_set_pubkey(raw, key);
  X509_NAME_add_entry_by_txt(X509_get_subject_name(raw), "CN", MBSTRING_UTF8,
                             reinterpret_cast<const unsigned char*>(name.c_str()), -1, -1, 0);
  X509_set_issuer_name(raw, X509_get_subject_name(issuer));
  if (certificate_ == nullptr) {
    Extend(raw, issuer, NID_basic_constraints, "critical,CA:TRUE");
  } else {
    Extend(raw, issuer, NID_subject_alt_name, names);
  }
  PL_CHECK(X509_sign(raw, key_.get(), EVP_sha256()) > 0);
  return made;
}

void TestAuthority::Issue(const std::string& dir, const std::string& uris) const {
  const Key key(EVP_EC_gen("P-256"), EVP_PKEY_free);
  const Certificate made =
      Sign(key.get(), "somebody", "DNS:localhost,IP:127.0.0.1" + (uris.empty() ? "" : "," + uris));
  WriteFile(dir + "/ca.crt", [&](FILE* file) { return PEM_write_X509(file, certificate_.get()); });
  WriteFile(dir + "/tls.crt", [&](FILE* file) { return PEM_write_X509(file, made.get()); });
  WriteFile(dir + "/tls.key", [&](FILE* file) {
    return PEM_write_PrivateKey(file, key.get(), nullptr, nullptr, 0, nullptr, nullptr);
  });
}

}  // namespace paceline::testing
