#include "common/spec/problem.h"

#include <cstddef>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"

namespace paceline {
namespace {

constexpr size_t kMaxShownBytes = 80;
constexpr size_t kMaxListed = 10;

std::string Shown(absl::string_view value) {
  std::string shown = absl::Utf8SafeCEscape(value.substr(0, kMaxShownBytes));
  return value.size() > kMaxShownBytes ? absl::StrCat(shown, "...") : shown;
}

}  // namespace

Problem Expected(std::string path, std::string allowed, std::string value) {
  Problem problem;
  problem.path = std::move(path);
  problem.value = Shown(value);
  problem.allowed = std::move(allowed);
  problem.message = problem.value.empty()
                        ? absl::StrCat(problem.allowed, " expected")
                        : absl::StrCat(problem.allowed, " expected, got ", problem.value);
  return problem;
}

Problem Complaint(std::string path, std::string message) {
  Problem problem;
  problem.path = std::move(path);
  problem.message = std::move(message);
  return problem;
}

std::string ToString(const Problem& problem, absl::string_view file) {
  std::string text(file);
  if (problem.line > 0) {
    absl::StrAppend(&text, text.empty() ? "line " : ":", problem.line);
  }
  if (!text.empty()) {
    absl::StrAppend(&text, ": ");
  }
  if (!problem.path.empty()) {
    absl::StrAppend(&text, problem.path, ": ");
  }
  return absl::StrCat(text, problem.message);
}

absl::Status ToStatus(const std::vector<Problem>& problems) {
  if (problems.empty()) {
    return absl::OkStatus();
  }
  std::string text;
  for (size_t i = 0; i < problems.size() && i < kMaxListed; ++i) {
    absl::StrAppend(&text, i > 0 ? "\n" : "", ToString(problems[i]));
  }
  if (problems.size() > kMaxListed) {
    absl::StrAppend(&text, "\nand ", problems.size() - kMaxListed, " more");
  }
  return absl::InvalidArgumentError(text);
}

}  // namespace paceline
