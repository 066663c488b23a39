#include "worker/gpu/cuda/cublas.h"

#include <catch2/catch.hpp>
#include <string>

#include "common/status/status_matchers.h"

namespace paceline::gpu {
namespace {

using Catch::Matchers::Contains;

// The toolkit that this is built with has it; no GPU is needed to load it.
TEST_CASE("cuBLAS is loaded with all that is called of it, or what is missing is said") {
  const absl::StatusOr<Cublas>& cublas = LoadCublas();
  CHECK(&cublas == &LoadCublas());
  if (!cublas.ok()) {
    CHECK(cublas.status().code() == absl::StatusCode::kFailedPrecondition);
    CHECK_THAT(std::string(cublas.status().message()), Contains("libcublas.so.1"));
    return;
  }
  CHECK_THAT(cublas->version, Catch::Matchers::Matches("cuBLAS-[0-9]+\\.[0-9]+\\.[0-9]+"));
  CHECK_OK(cublas->StatusOf(CUBLAS_STATUS_SUCCESS, "Create"));
  CHECK_STATUS(cublas->StatusOf(CUBLAS_STATUS_NOT_INITIALIZED, "Create"),
               absl::StatusCode::kInternal, "cublasCreate: ");
}

}  // namespace
}  // namespace paceline::gpu
