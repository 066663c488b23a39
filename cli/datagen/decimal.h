// Numbers as text with a fixed number of decimals, the same on every machine.
//
// Thread-safe: pure functions.
#ifndef PACELINE_CLI_DATAGEN_DECIMAL_H_
#define PACELINE_CLI_DATAGEN_DECIMAL_H_

#include <string>

namespace paceline::cli {

// The multiple of 10^-decimals nearest to `value`, halves away from zero. |value| is below
// 1e9 and decimals at most 6.
double RoundDecimal(double value, int decimals);

// Appends that number: -0.5000 with four decimals. Zero has no sign.
void AppendDecimal(double value, int decimals, std::string* out);

}  // namespace paceline::cli

#endif  // PACELINE_CLI_DATAGEN_DECIMAL_H_
