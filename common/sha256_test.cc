#include "common/sha256.h"

#include <catch2/catch.hpp>

namespace paceline {
namespace {

TEST_CASE("SHA-256 of known texts (FIPS 180-4)") {
  Sha256 hash;
  REQUIRE(hash.HexDigest() == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  hash.Update("a");
  hash.Update("");
  hash.Update("bc");
  REQUIRE(hash.HexDigest() == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

TEST_CASE("a digest does not end the stream") {
  Sha256 hash;
  hash.Update("ab");
  const std::string early = hash.HexDigest();
  hash.Update("c");
  REQUIRE(hash.HexDigest() == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  REQUIRE(early != hash.HexDigest());
}

}  // namespace
}  // namespace paceline
