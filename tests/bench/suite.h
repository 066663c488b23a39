// Named cases that take turns, so that what else the machine does meets all alike.
#ifndef PACELINE_TESTS_BENCH_SUITE_H_
#define PACELINE_TESTS_BENCH_SUITE_H_

#include <functional>
#include <string>
#include <vector>

#include "tests/bench/role_processes.h"

namespace paceline::bench {

struct Case {
  // "push sgd 4 MiB, 2+2": unique.
  std::string name;
  std::function<RunTotals()> run;
};

struct SuiteOptions {
  int repeats = 7;
  // Only cases whose names contain this.
  std::string only;
  // A file of JSON lines for the figures of every run; empty: none.
  std::string json;
};

// Runs all cases `repeats` times in turn, and prints the median of each figure.
void RunSuite(const std::vector<Case>& cases, const SuiteOptions& options);

}  // namespace paceline::bench

#endif  // PACELINE_TESTS_BENCH_SUITE_H_
