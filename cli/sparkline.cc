#include "cli/sparkline.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace paceline::cli {
namespace {

constexpr const char* kLevels[] = {"▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
constexpr int kHighest = 7;

// The mean of the finite ones, or NaN.
double Mean(const std::vector<double>& values, size_t begin, size_t end) {
  double sum = 0;
  size_t count = 0;
  for (size_t i = begin; i < end; ++i) {
    if (!std::isfinite(values[i])) continue;
    sum += values[i];
    ++count;
  }
  return count == 0 ? std::numeric_limits<double>::quiet_NaN() : sum / static_cast<double>(count);
}

}  // namespace

std::string Sparkline(const std::vector<double>& values, size_t width, bool utf8) {
  const size_t cells = std::min(width, values.size());
  if (!utf8 || cells < 2) return "";
  std::vector<double> means(cells);
  double lowest = std::numeric_limits<double>::infinity();
  double highest = -lowest;
  size_t finite = 0;
  for (size_t cell = 0; cell < cells; ++cell) {
    means[cell] = Mean(values, cell * values.size() / cells, (cell + 1) * values.size() / cells);
    if (!std::isfinite(means[cell])) continue;
    lowest = std::min(lowest, means[cell]);
    highest = std::max(highest, means[cell]);
    ++finite;
  }
  if (finite < 2) return "";
  std::string line;
  for (const double mean : means) {
    if (!std::isfinite(mean)) {
      line += " ";
      continue;
    }
    // A flat curve lies at the bottom.
    const double part = highest > lowest ? (mean - lowest) / (highest - lowest) : 0;
    line += kLevels[static_cast<int>(std::lround(part * kHighest))];
  }
  return line;
}

}  // namespace paceline::cli
