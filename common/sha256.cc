#include "common/sha256.h"

#include <openssl/evp.h>

#include "absl/strings/escaping.h"
#include "common/check.h"

namespace paceline {

Sha256::Sha256() : context_(EVP_MD_CTX_new()) {
  PL_CHECK(context_ != nullptr);
  PL_CHECK_EQ(EVP_DigestInit_ex(context_, EVP_sha256(), nullptr), 1);
}

Sha256::~Sha256() { EVP_MD_CTX_free(context_); }

void Sha256::Update(absl::string_view bytes) {
  PL_CHECK_EQ(EVP_DigestUpdate(context_, bytes.data(), bytes.size()), 1);
}

std::string Sha256::HexDigest() const {
  // Finishing spends a context: spend a copy.
  EVP_MD_CTX* const copy = EVP_MD_CTX_new();
  PL_CHECK(copy != nullptr);
  PL_CHECK_EQ(EVP_MD_CTX_copy_ex(copy, context_), 1);
  std::string digest(EVP_MAX_MD_SIZE, '\0');
  unsigned int size = 0;
  PL_CHECK_EQ(EVP_DigestFinal_ex(copy, reinterpret_cast<unsigned char*>(digest.data()), &size), 1);
  EVP_MD_CTX_free(copy);
  digest.resize(size);
  return absl::BytesToHexString(digest);
}

}  // namespace paceline
