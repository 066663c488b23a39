#include "worker/core/math/blas_kernel.h"

#include <catch2/catch.hpp>
#include <map>

namespace paceline::worker {
namespace {

TEST_CASE("the widest vectors that the processor has choose the kernels") {
  struct Case {
    CpuFeatures features;
    const char* kernel;
  };
  const Case cases[] = {
      {{}, ""},
      {{.x86_64 = true}, "Prescott"},
      {{.x86_64 = true, .sse42 = true}, "Nehalem"},
      {{.x86_64 = true, .sse42 = true, .avx = true}, "Sandybridge"},
      {{.x86_64 = true, .sse42 = true, .avx = true, .avx2 = true}, "Haswell"},
      {{.x86_64 = true, .sse42 = true, .avx = true, .avx2 = true, .avx512 = true}, "SkylakeX"},
  };
  for (const Case& c : cases) CHECK(BlasKernelFor(c.features) == c.kernel);
}

TEST_CASE("kernels for another processor may be as wide") {
  for (const char* wide : {"SkylakeX", "Cooperlake", "SapphireRapids"}) {
    CHECK(IsAsWide(wide, "SkylakeX"));
    CHECK(IsAsWide(wide, "Haswell"));
  }
  CHECK(IsAsWide("Zen", "Haswell"));
  CHECK(IsAsWide("Prescott", "Prescott"));
  CHECK(IsAsWide("Nehalem", "Prescott"));
  CHECK(IsAsWide("Sandybridge", "Nehalem"));
  CHECK(IsAsWide("armv8", ""));
  CHECK_FALSE(IsAsWide("Zen", "SkylakeX"));
  CHECK_FALSE(IsAsWide("Prescott", "Nehalem"));
  CHECK_FALSE(IsAsWide("Prescott", "SkylakeX"));
  CHECK_FALSE(IsAsWide("Sandybridge", "Haswell"));
}

TEST_CASE("the environment of a task names the kernels and one thread") {
  std::map<std::string, std::string> environment;
  for (const auto& [name, value] : BlasEnvironment()) environment[name] = value;
  CHECK(environment.at("OPENBLAS_NUM_THREADS") == "1");
  if (DetectCpuFeatures().x86_64) {
    CHECK(environment.at("OPENBLAS_CORETYPE") == ChooseBlasKernel());
    CHECK_FALSE(ChooseBlasKernel().empty());
  } else {
    CHECK(environment.count("OPENBLAS_CORETYPE") == 0);
  }
}

}  // namespace
}  // namespace paceline::worker
