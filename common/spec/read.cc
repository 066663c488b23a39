#include "common/spec/read.h"

#include <algorithm>
#include <string>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "common/spec/defaults.h"
#include "common/spec/paths.h"
#include "common/spec/validate.h"

namespace paceline {
namespace {

// Line of the field, or of the nearest given field around it.
int LineOf(std::string path, const std::map<std::string, int>& lines) {
  while (!path.empty()) {
    const auto found = lines.find(path);
    if (found != lines.end()) {
      return found->second;
    }
    const size_t end = path.find_last_of(".[");
    path.resize(end == std::string::npos ? 0 : end);
  }
  return 0;
}

// One is the other, or lies inside it.
bool Related(const std::string& a, const std::string& b) {
  const auto inside = [](const std::string& inner, const std::string& outer) {
    return outer.empty() || inner == outer || absl::StartsWith(inner, absl::StrCat(outer, ".")) ||
           absl::StartsWith(inner, absl::StrCat(outer, "["));
  };
  return inside(a, b) || inside(b, a);
}

}  // namespace

ParsedSpec ReadSpec(absl::string_view text, SpecFormat format, absl::string_view folder) {
  ParsedSpec parsed = ParseSpec(text, format);
  ResolvePaths(folder, &parsed.spec);
  parsed.spec = WithDefaults(std::move(parsed.spec));
  std::vector<Problem> found = Validate(parsed.spec);
  for (Problem& problem : found) {
    const bool known =
        std::any_of(parsed.problems.begin(), parsed.problems.end(),
                    [&](const Problem& earlier) { return Related(earlier.path, problem.path); });
    if (!known) {
      problem.line = LineOf(problem.path, parsed.lines);
      parsed.problems.push_back(std::move(problem));
    }
  }
  std::stable_sort(parsed.problems.begin(), parsed.problems.end(),
                   [](const Problem& a, const Problem& b) {
                     // What is missing has no line, and comes last.
                     return a.line != 0 && (b.line == 0 || a.line < b.line);
                   });
  return parsed;
}

}  // namespace paceline
