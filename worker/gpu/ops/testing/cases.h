// The test cases of the operators, each against its reference in float64: run under the
// emulator by the unit tests, on a GPU by tests/gpu.
//
// Plain C++: nvcc's host compiler builds it too.
#ifndef PACELINE_WORKER_GPU_OPS_TESTING_CASES_H_
#define PACELINE_WORKER_GPU_OPS_TESTING_CASES_H_

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "worker/gpu/ops/testing/memory.h"
#include "worker/gpu/ops/testing/trial.h"

namespace paceline::gpu::testing {

struct Case {
  // The operator, and what is special: "ColumnSums 1025x3".
  std::string name;
  std::function<void(Trial&)> run;
  // Two runs give the same bytes.
  bool deterministic = true;
};

// `large` adds sizes that take an emulator minutes.
std::vector<Case> ElementWiseCases(bool large);
std::vector<Case> ReductionCases(bool large);
std::vector<Case> LossCases(bool large);
std::vector<Case> SparseCases(bool large);
std::vector<Case> FieldCases(bool large);
std::vector<Case> FmCases(bool large);
std::vector<Case> MfCases(bool large);
std::vector<Case> KMeansCases(bool large);
std::vector<Case> HalfCases(bool large);
std::vector<Case> ImageCases(bool large);
std::vector<Case> TransformerCases(bool large);
std::vector<Case> SpecialValueCases();
std::vector<Case> EmptyCases();

std::vector<Case> AllCases(bool large);

struct Outcome {
  std::vector<std::string> failures;
  double error = 0;
};

// Runs a case `runs` times with the same inputs; `before(run)` comes first each time.
// The failures of the first, and where another one's bytes differ.
Outcome RunCase(const Case& a_case, Memory& memory, uint64_t seed, int runs,
                const std::function<void(int run)>& before);

}  // namespace paceline::gpu::testing

#endif  // PACELINE_WORKER_GPU_OPS_TESTING_CASES_H_
