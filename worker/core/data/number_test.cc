#include "worker/core/data/number.h"

#include <catch2/catch.hpp>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <random>
#include <string>

#include "absl/strings/str_format.h"

namespace paceline::worker {
namespace {

// Reads `text` from end to end; false if that is not one number.
bool Read(const std::string& text, float* value) {
  return !text.empty() &&
         ReadNumber(text.data(), text.data() + text.size(), value) == text.data() + text.size();
}

TEST_CASE("numbers") {
  struct Case {
    std::string text;
    float want;
  };
  const Case cases[] = {
      {"0", 0},
      {"1", 1},
      {"-1", -1},
      {"+1", 1},
      {"0.5", 0.5f},
      {".5", 0.5f},
      {"5.", 5},
      {"-.25", -0.25f},
      {"1e3", 1000},
      {"1E+3", 1000},
      {"1.5e-3", 1.5e-3f},
      {"9999999", 9999999},
      {"99999999", 99999999.0f},
      {"0.1", 0.1f},
      {"0.12345678901234567890", 0.12345678901234567890f},
      {"3.4028234e38", 3.4028234e38f},
      {"1e-45", 1e-45f},
      {"1e-46", 0},
      {"-1e-400", 0},
      {"00000000000000000000001", 1},
      {"16777217", 16777216},
      {"123.4567", 123.4567f},
  };
  for (const Case& c : cases) {
    CAPTURE(c.text);
    float value = -7;
    CHECK(Read(c.text, &value));
    CHECK(value == c.want);
  }
}

TEST_CASE("what is not a number") {
  const std::string cases[] = {
      "",     "-",    "+",     ".",    "e5",       "+-1",  "--1",   "- 1",
      "nan",  "-nan", "inf",   "-inf", "infinity", "1e39", "-1e39", "1e400",
      "0x10", "1,5",  "1.2.3", "12x",  "1e",       "1e+",  "\xff",  std::string("1\0", 2),
      "1 ",   " 1",   "1_000", "٣",
  };
  for (const std::string& text : cases) {
    CAPTURE(text);
    float value = 0;
    CHECK_FALSE(Read(text, &value));
  }
}

TEST_CASE("reading stops after the number") {
  const std::string text = "12:3";
  float value = 0;
  CHECK(ReadNumber(text.data(), text.data() + text.size(), &value) == text.data() + 2);
  CHECK(value == 12);
  // Nothing beyond `end` is looked at.
  CHECK(ReadNumber(text.data(), text.data() + 1, &value) == text.data() + 1);
  CHECK(value == 1);
}

TEST_CASE("numbers round as strtof does") {
  std::mt19937_64 random(4);
  for (int i = 0; i < 200'000; ++i) {
    std::string text;
    switch (i % 4) {
      case 0: {
        uint32_t bits = static_cast<uint32_t>(random());
        float any;
        std::memcpy(&any, &bits, sizeof(any));
        if (any != any || any - any != 0) continue;
        text = absl::StrFormat("%.9g", any);
        break;
      }
      case 1:
        text = absl::StrFormat("%.*f", static_cast<int>(random() % 8),
                               static_cast<double>(random() % 10'000'000) / 1000.0);
        break;
      case 2:
        text = absl::StrFormat("%d.%07d", random() % 100, random() % 10'000'000);
        break;
      default:
        text = absl::StrFormat("%de%d", static_cast<int>(random() % 100'000'000),
                               static_cast<int>(random() % 60) - 30);
    }
    float value = 0;
    if (!Read(text, &value) || value != std::strtof(text.c_str(), nullptr)) {
      CAPTURE(text);
      FAIL(value);
    }
  }
}

TEST_CASE("errors say what came, printably") {
  CHECK(NumberError("").message() == "a number expected, got an empty field");
  CHECK(NumberError("12x").message() == "a number expected, got \"12x\"");
  CHECK(NumberError("nan").message() == "a finite float32 number expected, got \"nan\"");
  CHECK(NumberError("-inf").message() == "a finite float32 number expected, got \"-inf\"");
  CHECK(NumberError("1e39").message() == "a finite float32 number expected, got \"1e39\"");
  CHECK(NumberError("1e400").message() == "a finite float32 number expected, got \"1e400\"");
  CHECK(NumberError(absl::string_view("\x01\xff\0", 3)).message() ==
        "a number expected, got \"\\x01\\xff\\x00\"");
  CHECK(NumberError(std::string(1000, 'a')).message() ==
        "a number expected, got \"" + std::string(40, 'a') + "\"...");
}

}  // namespace
}  // namespace paceline::worker
