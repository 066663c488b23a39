#include "common/spec/problem.h"

#include <catch2/catch.hpp>
#include <string>
#include <vector>

namespace paceline {
namespace {

TEST_CASE("a problem names file, line, path, what was expected and what came") {
  Problem problem = Expected("train.epochs", "a number", "-1");
  CHECK(ToString(problem) == "train.epochs: a number expected, got -1");
  problem.line = 7;
  CHECK(ToString(problem) == "line 7: train.epochs: a number expected, got -1");
  CHECK(ToString(problem, "job.yaml") == "job.yaml:7: train.epochs: a number expected, got -1");
  CHECK(ToString(Complaint("", "no text"), "job.yaml") == "job.yaml: no text");
  CHECK(ToString(Expected("a", "b", "")) == "a: b expected");
  CHECK(Expected("a", "b", std::string(100, 'x')).value == std::string(80, 'x') + "...");
  CHECK(Expected("a", "b", "\n").value == "\\n");
}

TEST_CASE("many problems become one status") {
  CHECK(ToStatus({}).ok());
  const std::vector<Problem> problems(12, Complaint("a", "wrong"));
  const absl::Status status = ToStatus(problems);
  CHECK(status.code() == absl::StatusCode::kInvalidArgument);
  const std::string message(status.message());
  CHECK(message.substr(0, 18) == "a: wrong\na: wrong\n");
  CHECK(message.substr(message.size() - 11) == "\nand 2 more");
}

}  // namespace
}  // namespace paceline
