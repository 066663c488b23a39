#include "common/check.h"

#include <catch2/catch.hpp>
#include <cstdint>
#include <string>

#include "common/abort_message.h"

namespace paceline {
namespace {

enum class Color { kRed = 1, kBlue = 2 };
struct Opaque {
  bool operator==(const Opaque&) const { return false; }
};

TEST_CASE("checks that hold do nothing, and evaluate once") {
  int calls = 0;
  const auto next = [&] { return ++calls; };
  PL_CHECK(next() == 1) << "never";
  PL_CHECK_EQ(next(), 2) << "never";
  PL_CHECK_LT(-1, 0u);
  PL_CHECK_GE(std::uint64_t{1} << 63, -1);
  PL_CHECK_NE(std::string("a"), "b");
  PL_CHECK_LE(1.5, 1.5);
  PL_CHECK_GT(Color::kBlue, Color::kRed);
  REQUIRE(calls == 2);
}

TEST_CASE("a check binds as one statement") {
  if (false)
    PL_CHECK(false);
  else
    PL_CHECK(true);
  SUCCEED();
}

TEST_CASE("a failed check prints place, expression, values and message") {
  const std::string plain = AbortMessage([] { PL_CHECK(1 > 2) << "shard " << 7; });
  CHECK(plain.find("common/check_test.cc:") != std::string::npos);
  CHECK(plain.find("check failed: 1 > 2 shard 7\n") != std::string::npos);

  const int rows = 3;
  CHECK(AbortMessage([&] { PL_CHECK_EQ(rows, 4u); }).find("rows == 4u (3 vs 4)") !=
        std::string::npos);
  CHECK(AbortMessage([] { PL_CHECK_EQ(Color::kRed, Color::kBlue); }).find("(1 vs 2)") !=
        std::string::npos);
  CHECK(AbortMessage([] { PL_CHECK_LT(std::uint8_t{9}, std::int8_t{-3}); }).find("(9 vs -3)") !=
        std::string::npos);
  CHECK(AbortMessage([] { PL_CHECK_EQ(Opaque(), Opaque()); }).find("<unprintable>") !=
        std::string::npos);
}

}  // namespace
}  // namespace paceline
