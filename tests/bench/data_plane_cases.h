// The cases of the data plane's benchmark.
#ifndef PACELINE_TESTS_BENCH_DATA_PLANE_CASES_H_
#define PACELINE_TESTS_BENCH_DATA_PLANE_CASES_H_

#include <string>
#include <vector>

#include "tests/bench/suite.h"

namespace paceline::bench {

struct DataPlaneCaseOptions {
  double seconds = 1;
  // The main sizes only.
  bool quick = false;
  // The program of peers/ps_lite_bench.cc; empty: no such cases.
  std::string ps_lite;
};

std::vector<Case> DataPlaneCases(const DataPlaneCaseOptions& options);

}  // namespace paceline::bench

#endif  // PACELINE_TESTS_BENCH_DATA_PLANE_CASES_H_
