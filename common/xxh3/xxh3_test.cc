#include "common/xxh3/xxh3.h"

#include <catch2/catch.hpp>
#include <string>

namespace paceline {
namespace {

TEST_CASE("XXH3-128 is that of the reference implementation") {
  // printf '' | xxhsum -H2; printf abc | xxhsum -H2
  CHECK(Xxh3Hex("") == "99aa06d3014798d86001c324468d497f");
  CHECK(Xxh3Hex("abc") == "06b05ab6733a618578af5f94892f3950");
}

TEST_CASE("pieces make the same hash as the whole") {
  std::string bytes;
  for (int i = 0; i < 5000; ++i) {
    bytes.push_back(static_cast<char>(i * 31));
  }
  for (const size_t piece : {1, 7, 240, 241, 1024}) {
    Xxh3Stream hash;
    for (size_t at = 0; at < bytes.size(); at += piece) {
      hash.Update(absl::string_view(bytes).substr(at, piece));
    }
    CHECK(hash.Hex() == Xxh3Hex(bytes));
  }
  bytes[4321] ^= 1;
  Xxh3Stream hash;
  hash.Update(bytes);
  bytes[4321] ^= 1;
  CHECK(hash.Hex() != Xxh3Hex(bytes));
}

}  // namespace
}  // namespace paceline
