#include "worker/gpu/ops/testing/cases.h"

#include <cstddef>
#include <iterator>
#include <utility>

namespace paceline::gpu::testing {

std::vector<Case> AllCases(bool large) {
  std::vector<Case> all;
  for (std::vector<Case> some :
       {ElementWiseCases(large), ReductionCases(large), LossCases(large), SparseCases(large),
        FieldCases(large), FmCases(large), MfCases(large), KMeansCases(large), HalfCases(large),
        ImageCases(large), TransformerCases(large), SpecialValueCases(), EmptyCases()}) {
    std::move(some.begin(), some.end(), std::back_inserter(all));
  }
  return all;
}

Outcome RunCase(const Case& a_case, Memory& memory, uint64_t seed, int runs,
                const std::function<void(int run)>& before) {
  Outcome outcome;
  std::vector<std::string> first;
  for (int run = 0; run < runs; ++run) {
    before(run);
    Trial trial(memory, seed);
    a_case.run(trial);
    const std::string damage = memory.FreeAll();
    if (!damage.empty()) trial.Fail(damage);
    if (run == 0 || !trial.failures().empty()) {
      first = trial.outputs();
      outcome = {trial.failures(), trial.error()};
      if (!outcome.failures.empty()) return outcome;
    } else if (a_case.deterministic && trial.outputs() != first) {
      size_t i = 0;
      while (i < first.size() && trial.outputs()[i] == first[i]) ++i;
      outcome.failures.push_back("output " + std::to_string(i) + " of run " +
                                 std::to_string(run + 1) + " differs from that of the first");
      return outcome;
    }
  }
  return outcome;
}

}  // namespace paceline::gpu::testing
