#include "tests/gpu/operator_bench.h"

#include <cstdio>
#include <cstdlib>

#include "tests/gpu/ceilings.h"

namespace paceline::gpu::testing {

void OperatorBench::Measure(const std::string& name, const std::string& size, double bytes,
                            const std::function<Launched()>& call) {
  const Times times = timer_.Time(
      [&] {
        const Launched launched = call();
        if (launched.ok()) return;
        std::fprintf(stderr, "%s %s: %s: %s\n", name.c_str(), size.c_str(), launched.call,
                     launched.error);
        std::exit(1);
      },
      /*cold=*/true);
  report_->Add({name, size, times, bytes, false, report_->Best(kDeviceCopy), kDeviceCopy});
}

void OperatorBench::Group(const std::function<void(Trial&)>& run) {
  Trial trial(memory_, /*seed=*/1);
  run(trial);
  (void)memory_.FreeAll();
}

}  // namespace paceline::gpu::testing
