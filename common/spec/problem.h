// What is wrong with a job spec, said so that its author can mend it.
#ifndef PACELINE_COMMON_SPEC_PROBLEM_H_
#define PACELINE_COMMON_SPEC_PROBLEM_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace paceline {

// One wrong value. Thread-compatible.
struct Problem {
  // Field path: `train.optimizer.learning_rate`, `model.hidden[1]`. Empty: the
  // whole file.
  std::string path;
  // The value as given; empty when none was given.
  std::string value;
  // What would be right: "a number greater than 0".
  std::string allowed;
  // A sentence without the path: "a number greater than 0 expected, got -1".
  std::string message;
  // Line in the job file, from 1. 0: unknown.
  int line = 0;
};

// `allowed` expected, got `value` (nothing, if `value` is empty). Values longer
// than 80 bytes are cut.
Problem Expected(std::string path, std::string allowed, std::string value);

// A problem that is no wrong value of one field.
Problem Complaint(std::string path, std::string message);

// "FILE:LINE: PATH: MESSAGE"; what is empty or unknown is left out.
std::string ToString(const Problem& problem, absl::string_view file = "");

// OK when there are none, else InvalidArgument with at most ten of them, one per line.
absl::Status ToStatus(const std::vector<Problem>& problems);

}  // namespace paceline

#endif  // PACELINE_COMMON_SPEC_PROBLEM_H_
