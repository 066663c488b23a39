#include "worker/core/data/number.h"

#include <charconv>
#include <cmath>
#include <cstdint>

#include "absl/strings/charconv.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"

namespace paceline::worker {

namespace {

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

// 10^0 .. 10^7: powers of ten up to 10^10 are exact in float32.
constexpr float kPowerOfTen[] = {1e0f, 1e1f, 1e2f, 1e3f, 1e4f, 1e5f, 1e6f, 1e7f};

// Up to 7 digits in all, without exponent: numerator and power of ten are exact
// in float32, so that one division rounds correctly. Most data looks like this.
const char* ReadShort(const char* p, const char* end, float* value) {
  constexpr int kMaxDigits = 7;
  uint32_t mantissa = 0;
  int digits = 0;
  int fraction = 0;
  for (; p < end && IsDigit(*p) && digits < kMaxDigits; ++p, ++digits) {
    mantissa = mantissa * 10 + static_cast<uint32_t>(*p - '0');
  }
  if (p < end && *p == '.') {
    for (++p; p < end && IsDigit(*p) && digits < kMaxDigits; ++p, ++digits, ++fraction) {
      mantissa = mantissa * 10 + static_cast<uint32_t>(*p - '0');
    }
  }
  if (digits == 0) return nullptr;
  if (p < end && (IsDigit(*p) || *p == '.' || *p == 'e' || *p == 'E')) return nullptr;
  *value = static_cast<float>(mantissa) / kPowerOfTen[fraction];
  return p;
}

const char* ReadLong(const char* p, const char* end, float* value) {
  const auto [rest, error] = std::from_chars(p, end, *value);
  if (error == std::errc()) return std::isfinite(*value) ? rest : nullptr;
  if (error != std::errc::result_out_of_range) return nullptr;
  // Too large or too small? Abseil tells the two apart by the value.
  float nearest = 0;
  absl::from_chars(p, end, nearest);
  if (std::abs(nearest) > 1) return nullptr;
  *value = 0;
  return rest;
}

}  // namespace

const char* ReadNumber(const char* begin, const char* end, float* value) {
  const char* p = begin;
  bool negative = false;
  if (p < end && (*p == '+' || *p == '-')) negative = *p++ == '-';
  // from_chars would read a second minus, and the words inf and nan.
  if (p == end || !(IsDigit(*p) || *p == '.')) return nullptr;
  const char* rest = ReadShort(p, end, value);
  if (rest == nullptr) rest = ReadLong(p, end, value);
  if (rest != nullptr && negative) *value = -*value;
  return rest;
}

absl::Status NumberError(absl::string_view field) {
  if (field.empty()) return absl::InvalidArgumentError("a number expected, got an empty field");
  double as_double = 0;
  absl::string_view digits = field;
  if (digits.front() == '+' || digits.front() == '-') digits.remove_prefix(1);
  const auto result = absl::from_chars(digits.data(), digits.data() + digits.size(), as_double);
  const bool whole = result.ptr == digits.data() + digits.size();
  if (whole && result.ec != std::errc::invalid_argument) {
    return absl::InvalidArgumentError(
        absl::StrCat("a finite float32 number expected, got ", Quoted(field)));
  }
  return absl::InvalidArgumentError(absl::StrCat("a number expected, got ", Quoted(field)));
}

std::string Quoted(absl::string_view text) {
  constexpr size_t kMaxBytes = 40;
  const bool cut = text.size() > kMaxBytes;
  return absl::StrCat("\"", absl::CHexEscape(text.substr(0, kMaxBytes)), cut ? "\"..." : "\"");
}

}  // namespace paceline::worker
