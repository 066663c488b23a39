#include "cli/datagen/decimal.h"

#include <cmath>
#include <cstdint>

#include "absl/strings/str_cat.h"

namespace paceline::cli {
namespace {

constexpr uint64_t kPowerOfTen[] = {1, 10, 100, 1000, 10'000, 100'000, 1'000'000};

uint64_t Units(double value, int decimals) {
  return static_cast<uint64_t>(std::abs(value) * static_cast<double>(kPowerOfTen[decimals]) + 0.5);
}

}  // namespace

double RoundDecimal(double value, int decimals) {
  const double rounded =
      static_cast<double>(Units(value, decimals)) / static_cast<double>(kPowerOfTen[decimals]);
  return value < 0 ? -rounded : rounded;
}

void AppendDecimal(double value, int decimals, std::string* out) {
  const uint64_t units = Units(value, decimals);
  if (value < 0 && units > 0) out->push_back('-');
  absl::StrAppend(out, units / kPowerOfTen[decimals]);
  if (decimals == 0) return;
  const std::string fraction = absl::StrCat(units % kPowerOfTen[decimals]);
  out->push_back('.');
  out->append(static_cast<size_t>(decimals) - fraction.size(), '0');
  out->append(fraction);
}

}  // namespace paceline::cli
