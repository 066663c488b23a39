// XXH3-128 of bytes that come piece by piece: the checksum of checkpoint files.
// Finds every accident, no malice.
//
//   Xxh3Stream hash;
//   hash.Update(chunk);
//   hash.Hex()            // 32 hex digits, as `xxhsum -H2` prints them
#ifndef PACELINE_COMMON_XXH3_XXH3_H_
#define PACELINE_COMMON_XXH3_XXH3_H_

#include <memory>
#include <string>

#include "absl/strings/string_view.h"

namespace paceline {

// Thread-compatible.
class Xxh3Stream {
 public:
  Xxh3Stream();
  ~Xxh3Stream();
  Xxh3Stream(const Xxh3Stream&) = delete;
  Xxh3Stream& operator=(const Xxh3Stream&) = delete;

  void Update(absl::string_view bytes);
  // Of all bytes so far.
  std::string Hex() const;

 private:
  struct State;
  const std::unique_ptr<State> state_;
};

// Of one piece.
std::string Xxh3Hex(absl::string_view bytes);

}  // namespace paceline

#endif  // PACELINE_COMMON_XXH3_XXH3_H_
