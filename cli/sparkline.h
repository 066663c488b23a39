// A curve in a line: ▇▆▅▃▂▁.
#ifndef PACELINE_CLI_SPARKLINE_H_
#define PACELINE_CLI_SPARKLINE_H_

#include <cstddef>
#include <string>
#include <vector>

namespace paceline::cli {

// One character for each of at most `width` values, from the lowest (▁) to the highest (█).
// Of more values the means of neighbours; values that are not finite are blanks. Empty
// without two finite values, or where the terminal shows no UTF-8.
//
// Thread-safe: a pure function.
std::string Sparkline(const std::vector<double>& values, size_t width, bool utf8);

}  // namespace paceline::cli

#endif  // PACELINE_CLI_SPARKLINE_H_
