#include "tests/gpu/check.h"

#include <cstdio>
#include <cstdlib>
#include <map>
#include <random>

namespace paceline::gpu::testing {

const char kCheckUsage[] =
    "[--quick] [--seed N] [--filter TEXT] [--buffers guarded|exact|unwritten]";

bool ParseOptions(int argc, char** argv, CheckOptions* options) {
  std::random_device entropy;
  options->seed = entropy();
  for (int i = 1; i < argc; ++i) {
    const std::string name = argv[i];
    if (name == "--quick") {
      options->quick = true;
      continue;
    }
    if (++i == argc) return false;
    const std::string value = argv[i];
    if (name == "--seed") {
      char* end = nullptr;
      options->seed = std::strtoull(value.c_str(), &end, 10);
      if (value.empty() || *end != 0) return false;
    } else if (name == "--filter") {
      options->filter = value;
    } else if (name == "--buffers" && value == "guarded") {
      options->buffers = Buffers::kGuarded;
    } else if (name == "--buffers" && value == "exact") {
      options->buffers = Buffers::kExact;
    } else if (name == "--buffers" && value == "unwritten") {
      options->buffers = Buffers::kUnwritten;
    } else {
      return false;
    }
  }
  return true;
}

int CheckAll(const std::vector<Case>& cases, Memory& memory, const CheckOptions& options) {
  int passed = 0;
  int failed = 0;
  std::map<std::string, double> errors;
  uint64_t seed = options.seed;
  for (const Case& one : cases) {
    ++seed;
    if (one.name.find(options.filter) == std::string::npos) continue;
    const Outcome outcome = RunCase(one, memory, seed, /*runs=*/2, [](int) {});
    ++(outcome.failures.empty() ? passed : failed);
    for (const std::string& failure : outcome.failures) {
      std::printf("FAILED %s: %s\n", one.name.c_str(), failure.c_str());
    }
    double& worst = errors[one.name.substr(0, one.name.find(' '))];
    if (outcome.error > worst) worst = outcome.error;
  }
  std::printf("largest relative errors (Euclidean norm):\n");
  for (const auto& [name, error] : errors) std::printf("  %-22s %.2e\n", name.c_str(), error);
  std::printf("%d passed, %d failed\n", passed, failed);
  return failed == 0 && passed > 0 ? 0 : 1;
}

}  // namespace paceline::gpu::testing
