// The job files beside this test: good ones are valid, bad ones get the message that
// their first line expects.
#include <algorithm>
#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "cli/job_file.h"
#include "common/fs_posix.h"
#include "common/spec/problem.h"

namespace paceline::cli {
namespace {

// What a bad file's head says.
struct Expectation {
  std::string message;
  // "the files are looked at", "a task reads the data"; empty: by its text alone.
  std::string found;
};

std::vector<std::string> Jobs(const std::string& folder) {
  std::vector<std::string> files;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    const std::string ending = entry.path().extension();
    if (ending == ".yaml" || ending == ".json" || ending == ".textproto") {
      files.push_back(entry.path());
    }
  }
  std::sort(files.begin(), files.end());
  return files;
}

// The text after "# WORD: " or "// WORD: "; empty if the line is another.
std::string After(const std::string& line, const std::string& word) {
  absl::string_view rest = line;
  if (!absl::ConsumePrefix(&rest, "# ") && !absl::ConsumePrefix(&rest, "// ")) {
    return "";
  }
  return absl::ConsumePrefix(&rest, word + ": ") ? std::string(rest) : "";
}

Expectation Head(const std::string& path) {
  std::ifstream file(path);
  std::string first;
  std::string second;
  std::getline(file, first);
  std::getline(file, second);
  return {After(first, "expect"), After(second, "found")};
}

TEST_CASE("the jobs that the end-to-end tests run are valid") {
  PosixFileSystem fs;
  const std::vector<std::string> jobs = Jobs("tests/jobs");
  CHECK(jobs.size() >= 10);
  for (const std::string& job : jobs) {
    INFO(job);
    const auto spec = LoadJobFile(fs, job);
    CHECK(std::string(spec.status().message()) == "");
  }
}

TEST_CASE("every wrong job file gets its message") {
  PosixFileSystem fs;
  const std::vector<std::string> jobs = Jobs("tests/jobs/bad");
  CHECK(jobs.size() >= 25);
  for (const std::string& job : jobs) {
    INFO(job);
    const Expectation expected = Head(job);
    REQUIRE(!expected.message.empty());
    const auto parsed = ReadJobFile(fs, job);
    REQUIRE(parsed.ok());
    std::vector<Problem> problems = parsed->problems;
    if (!expected.found.empty()) {
      CHECK(std::string(ToStatus(problems).message()) == "");
      problems = MissingFiles(fs, parsed->spec);
    }
    if (expected.found == "a task reads the data") {
      CHECK(problems.empty());
      continue;
    }
    const std::string message(ProblemsOf(job, problems).message());
    INFO(message);
    CHECK(absl::StrContains(message, expected.message));
    CHECK(absl::StrContains(message, job));
  }
}

}  // namespace
}  // namespace paceline::cli
