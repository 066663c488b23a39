#include "common/crc32c.h"

#include <catch2/catch.hpp>
#include <cstdint>
#include <string>

namespace paceline {
namespace {

// Bit by bit, from the definition.
std::uint32_t Naive(absl::string_view bytes) {
  std::uint32_t crc = 0xffffffff;
  for (const char byte : bytes) {
    crc ^= static_cast<unsigned char>(byte);
    for (int i = 0; i < 8; ++i) crc = (crc >> 1) ^ ((crc & 1) != 0 ? 0x82f63b78u : 0u);
  }
  return ~crc;
}

TEST_CASE("CRC-32C of known texts (RFC 3720, B.4)") {
  REQUIRE(Crc32c("") == 0);
  REQUIRE(Crc32c("123456789") == 0xe3069283);
  REQUIRE(Crc32c(std::string(32, '\0')) == 0x8a9136aa);
  REQUIRE(Crc32c(std::string(32, '\xff')) == 0x62a8ab43);
}

TEST_CASE("CRC-32C equals the naive one at every length, and goes on from any cut") {
  std::string text;
  for (int i = 0; i < 300; ++i) {
    REQUIRE(Crc32c(text) == Naive(text));
    text.push_back(static_cast<char>(i * 37 + 11));
  }
  for (std::size_t cut = 0; cut <= text.size(); ++cut) {
    const absl::string_view view = text;
    REQUIRE(Crc32c(view.substr(cut), Crc32c(view.substr(0, cut))) == Crc32c(text));
  }
}

}  // namespace
}  // namespace paceline
