// SHA-256 of a stream of bytes.
//
//   Sha256 hash;
//   hash.Update(a);
//   hash.Update(b);
//   const std::string digest = hash.HexDigest();   // 64 hexadecimal digits
//
// Thread-compatible.
#ifndef PACELINE_COMMON_SHA256_H_
#define PACELINE_COMMON_SHA256_H_

#include <string>

#include "absl/strings/string_view.h"

struct evp_md_ctx_st;

namespace paceline {

class Sha256 {
 public:
  Sha256();
  ~Sha256();
  Sha256(const Sha256&) = delete;
  Sha256& operator=(const Sha256&) = delete;

  void Update(absl::string_view bytes);

  // The digest of all bytes so far, in lower case; Update may go on after it.
  std::string HexDigest() const;

 private:
  evp_md_ctx_st* const context_;
};

}  // namespace paceline

#endif  // PACELINE_COMMON_SHA256_H_
