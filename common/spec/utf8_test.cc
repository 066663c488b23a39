#include "common/spec/utf8.h"

#include <catch2/catch.hpp>
#include <string>

namespace paceline {
namespace {

TEST_CASE("valid UTF-8 is told from invalid") {
  CHECK(IsUtf8(""));
  CHECK(IsUtf8("plain"));
  CHECK(IsUtf8("gr\xC3\xBC\xC3\x9F"));
  CHECK(IsUtf8("\xE2\x82\xAC"));
  CHECK(IsUtf8("\xF4\x8F\xBF\xBF"));  // U+10FFFF
  CHECK(IsUtf8(std::string("\0", 1)));

  CHECK_FALSE(IsUtf8("\x80"));
  CHECK_FALSE(IsUtf8("\xC3"));
  CHECK_FALSE(IsUtf8("\xC0\x80"));          // not the shortest form
  CHECK_FALSE(IsUtf8("\xE0\x80\x80"));      // not the shortest form
  CHECK_FALSE(IsUtf8("\xF0\x80\x80\x80"));  // not the shortest form
  CHECK_FALSE(IsUtf8("\xED\xA0\x80"));      // a surrogate
  CHECK_FALSE(IsUtf8("\xF4\x90\x80\x80"));  // beyond U+10FFFF
  CHECK_FALSE(IsUtf8("\xFF"));
  CHECK_FALSE(IsUtf8("\xE2\x82x"));
}

}  // namespace
}  // namespace paceline
