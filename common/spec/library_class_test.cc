#include "common/spec/library_class.h"

#include <catch2/catch.hpp>

namespace paceline {
namespace {

TEST_CASE("a numeric class with a library and without one") {
  CHECK(WithLibrary("cpu/AVX3", "") == "cpu/AVX3");
  CHECK(LibraryOf("cpu/AVX3") == "");
  CHECK(WithLibrary("cpu/AVX3", "a.so-01") == "cpu/AVX3 library a.so-01");
  CHECK(LibraryOf(WithLibrary("cpu/AVX3", "a.so-01")) == "a.so-01");
}

}  // namespace
}  // namespace paceline
