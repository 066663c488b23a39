#include "common/spec/nearest.h"

#include <algorithm>
#include <cstddef>

#include "absl/strings/ascii.h"

namespace paceline {
namespace {

constexpr size_t kMaxBytes = 64;

std::string Folded(absl::string_view name) {
  std::string folded;
  for (const char c : name) {
    if (c != '-' && c != '_') {
      folded.push_back(absl::ascii_tolower(static_cast<unsigned char>(c)));
    }
  }
  return folded;
}

}  // namespace

int EditDistance(absl::string_view first, absl::string_view second) {
  if (std::max(first.size(), second.size()) > kMaxBytes) {
    return static_cast<int>(std::min(std::max(first.size(), second.size()), size_t{1} << 20));
  }
  const std::string a = Folded(first);
  const std::string b = Folded(second);
  // Damerau's optimal string alignment over three rows.
  std::vector<int> before(b.size() + 1);
  std::vector<int> previous(b.size() + 1);
  std::vector<int> current(b.size() + 1);
  for (size_t j = 0; j <= b.size(); ++j) {
    previous[j] = static_cast<int>(j);
  }
  for (size_t i = 1; i <= a.size(); ++i) {
    current[0] = static_cast<int>(i);
    for (size_t j = 1; j <= b.size(); ++j) {
      current[j] = std::min(
          {previous[j] + 1, current[j - 1] + 1, previous[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1)});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
        current[j] = std::min(current[j], before[j - 2] + 1);
      }
    }
    before.swap(previous);
    previous.swap(current);
  }
  return previous[b.size()];
}

std::string Nearest(absl::string_view name, const std::vector<std::string>& candidates) {
  const int limit = std::max(2, static_cast<int>(name.size() / 3));
  std::string best;
  int best_distance = limit + 1;
  for (const std::string& candidate : candidates) {
    const int distance = EditDistance(name, candidate);
    // Two unlike short names are always a few edits apart.
    const bool alike = distance < static_cast<int>(std::max(name.size(), candidate.size()));
    if (distance < best_distance && alike) {
      best = candidate;
      best_distance = distance;
    }
  }
  return best;
}

}  // namespace paceline
