// Certificates for tests: an authority, and whoever it vouches for.
#ifndef PACELINE_COMMON_HTTP_TEST_CERTIFICATES_H_
#define PACELINE_COMMON_HTTP_TEST_CERTIFICATES_H_

#include <openssl/evp.h>
#include <openssl/x509.h>

#include <memory>
#include <string>

namespace paceline::testing {

class TestAuthority {
 public:
  TestAuthority();

  // Writes ca.crt, and tls.crt and tls.key of somebody at localhost with these URIs among
  // the names ("URI:spiffe://paceline/user/eve"; empty: none), to a folder that is there.
  void Issue(const std::string& dir, const std::string& uris) const;

 private:
  using Key = std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)>;
  using Certificate = std::unique_ptr<X509, decltype(&X509_free)>;

  Certificate Sign(EVP_PKEY* key, const std::string& name, const std::string& names) const;

  Key key_;
  Certificate certificate_;
};

}  // namespace paceline::testing

#endif  // PACELINE_COMMON_HTTP_TEST_CERTIFICATES_H_
