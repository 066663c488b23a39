// Every operator under the emulator against its reference; the same cases run on a GPU
// in tests/gpu.
#include <catch2/catch.hpp>
#include <cstdint>
#include <string>
#include <vector>

#include "worker/gpu/fake/block.h"
#include "worker/gpu/ops/testing/cases.h"
#include "worker/gpu/ops/testing/host_memory.h"

namespace paceline::gpu {
namespace {

// Each case in three orders of threads: what a missing wait allows to differ, differs.
void RunAll(const std::vector<testing::Case>& cases) {
  testing::HostMemory memory;
  uint64_t seed = 1;
  for (const testing::Case& one : cases) {
    INFO(one.name);
    const testing::Outcome outcome = testing::RunCase(
        one, memory, ++seed, /*runs=*/3, [&](int run) { fake::SetThreadOrder(seed * 16 + run); });
    CHECK(outcome.failures == std::vector<std::string>());
  }
}

TEST_CASE("element-wise operators") { RunAll(testing::ElementWiseCases(/*large=*/false)); }
TEST_CASE("reductions and searches") { RunAll(testing::ReductionCases(/*large=*/false)); }
TEST_CASE("losses") { RunAll(testing::LossCases(/*large=*/false)); }
TEST_CASE("sparse operators") { RunAll(testing::SparseCases(/*large=*/false)); }
TEST_CASE("click models") { RunAll(testing::FieldCases(/*large=*/false)); }
TEST_CASE("factorization machines") { RunAll(testing::FmCases(/*large=*/false)); }
TEST_CASE("matrix factorization") { RunAll(testing::MfCases(/*large=*/false)); }
TEST_CASE("k-means") { RunAll(testing::KMeansCases(/*large=*/false)); }
TEST_CASE("language models") { RunAll(testing::TransformerCases(/*large=*/false)); }
TEST_CASE("casts") { RunAll(testing::HalfCases(/*large=*/false)); }
TEST_CASE("images") { RunAll(testing::ImageCases(/*large=*/false)); }
TEST_CASE("special values") { RunAll(testing::SpecialValueCases()); }
TEST_CASE("empty sizes") { RunAll(testing::EmptyCases()); }

}  // namespace
}  // namespace paceline::gpu
