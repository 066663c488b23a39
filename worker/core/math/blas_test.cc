#include "worker/core/math/blas.h"

#include <catch2/catch.hpp>
#include <cmath>
#include <random>
#include <vector>

#include "worker/core/math/blas_kernel.h"

namespace paceline::worker {
namespace {

std::vector<float> Random(size_t n, uint32_t seed) {
  std::mt19937 generator(seed);
  std::uniform_real_distribution<float> uniform(-1, 1);
  std::vector<float> values(n);
  for (float& value : values) value = uniform(generator);
  return values;
}

TEST_CASE("products agree with the sum of products, for every layout and odd shape") {
  const uint64_t shapes[][3] = {{1, 1, 1},   {3, 1, 5},    {1, 3, 31},   {31, 3, 1},
                                {7, 31, 65}, {64, 10, 33}, {33, 257, 17}};
  for (const auto& [m, n, k] : shapes) {
    for (const bool ta : {false, true}) {
      for (const bool tb : {false, true}) {
        for (const float beta : {0.0f, 1.0f}) {
          const std::vector<float> a = Random(m * k, 1);
          const std::vector<float> b = Random(k * n, 2);
          const std::vector<float> before = Random(m * n, 3);
          std::vector<float> c = before;
          if (beta == 0) c[0] = NAN;
          Gemm(ta ? Transpose::kYes : Transpose::kNo, tb ? Transpose::kYes : Transpose::kNo, m, n,
               k, a.data(), b.data(), beta, c.data());
          double worst = 0;
          for (uint64_t i = 0; i < m; ++i) {
            for (uint64_t j = 0; j < n; ++j) {
              double sum = beta == 0 ? 0 : before[i * n + j];
              for (uint64_t p = 0; p < k; ++p) {
                sum += double{a[ta ? p * m + i : i * k + p]} * b[tb ? j * k + p : p * n + j];
              }
              const double error = std::abs(sum - c[i * n + j]);
              worst = std::isnan(error) ? INFINITY : std::max(worst, error);
            }
          }
          INFO(m << " x " << n << " x " << k << " transposes " << ta << tb << " beta " << beta);
          CHECK(worst < 1e-5);
        }
      }
    }
  }
}

TEST_CASE("an empty product leaves beta times the old values") {
  std::vector<float> c = {1, 2, 3, 4};
  Gemm(Transpose::kNo, Transpose::kNo, 2, 2, 0, nullptr, nullptr, 1, c.data());
  CHECK(c == std::vector<float>{1, 2, 3, 4});
  Gemm(Transpose::kNo, Transpose::kNo, 2, 2, 0, nullptr, nullptr, 0, c.data());
  CHECK(c == std::vector<float>{0, 0, 0, 0});
  Gemm(Transpose::kNo, Transpose::kNo, 0, 2, 3, nullptr, c.data(), 0, nullptr);
}

TEST_CASE("the loaded kernels are known by name") {
  const BlasKernel kernel = LoadedBlasKernel();
  CHECK_FALSE(kernel.loaded.empty());
  CHECK(kernel.version.find('.') != std::string::npos);
  CHECK(kernel.wanted == ChooseBlasKernel());
  CHECK(kernel.slow == !IsAsWide(kernel.loaded, kernel.wanted));
}

}  // namespace
}  // namespace paceline::worker
