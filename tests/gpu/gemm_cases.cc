#include "tests/gpu/gemm_cases.h"

#include <cstddef>

#include "worker/gpu/ops/cast.h"

namespace paceline::gpu::testing {
namespace {

double Tolerance(const Product& product) {
  switch (product.precision) {
    case Precision::kFloat32:
      return 1e-5;
    case Precision::kTf32:
      // A product of two values that lost up to 2^-10 each; many average.
      return product.batch * product.m * product.n * product.k < 100 ? 3e-3 : 1e-3;
    default:
      return 1e-2;
  }
}

std::vector<double> Reference(const Product& p, const std::vector<float>& a,
                              const std::vector<float>& b) {
  std::vector<double> c(p.batch * p.m * p.n);
  for (uint64_t at = 0; at < p.batch; ++at) {
    const float* const left = a.data() + at * p.m * p.k;
    const float* const right = b.data() + at * p.k * p.n;
    for (uint64_t i = 0; i < p.m; ++i) {
      double* const row = c.data() + (at * p.m + i) * p.n;
      for (uint64_t l = 0; l < p.k; ++l) {
        const double factor = left[p.transpose_a ? l * p.m + i : i * p.k + l];
        for (uint64_t j = 0; j < p.n; ++j) {
          row[j] += factor * right[p.transpose_b ? j * p.k + l : l * p.n + j];
        }
      }
    }
  }
  return c;
}

// The values as the product takes them.
const void* Prepare(Trial& trial, Precision precision, const std::vector<float>& values) {
  const float* floats = trial.Input(values);
  if (BytesOf(precision) == 4) return floats;
  uint16_t* halves = trial.Output<uint16_t>(values.size());
  const HalfType type = precision == Precision::kBf16 ? HalfType::kBf16 : HalfType::kFp16;
  trial.Launch(Cast(values.size(), floats, {type, halves}, trial.stream()));
  return halves;
}

void Run(Trial& trial, Gemm& gemm, const Product& product) {
  const std::vector<float> a = trial.Summands(product.batch * product.m * product.k, product.k);
  const std::vector<float> b = trial.Summands(product.batch * product.k * product.n, product.k);
  const void* device_a = Prepare(trial, product.precision, a);
  const void* device_b = Prepare(trial, product.precision, b);
  const uint64_t count = product.batch * product.m * product.n;
  float* c = trial.Output<float>(count);
  trial.Launch(gemm.Multiply(product, device_a, device_b, c));
  trial.Near("c", trial.Read(c, count), Reference(product, a, b), Tolerance(product));
}

struct Sizes {
  uint64_t m, n, k;
  uint64_t batch = 1;
};

}  // namespace

std::vector<Case> GemmCases(Gemm& gemm, bool large) {
  std::vector<Sizes> all = {{1, 1, 1},       {3, 1, 31},     {1, 31, 3},    {31, 33, 1025},
                            {33, 1025, 3},   {128, 10, 784}, {3, 1025, 31}, {33, 31, 1},
                            {33, 33, 16, 6}, {33, 16, 33, 6}};
  if (large) {
    all.insert(all.end(),
               {{1025, 1025, 1025}, {1024, 512, 784}, {512, 10, 1024}, {256, 256, 64, 12}});
  }
  std::vector<Case> cases;
  for (const Precision precision :
       {Precision::kFloat32, Precision::kTf32, Precision::kBf16, Precision::kFp16}) {
    for (const Sizes& sizes : all) {
      for (const char* transposes : {"NN", "TN", "NT"}) {
        const Product product{
            sizes.m,   sizes.n,    sizes.k, transposes[0] == 'T', transposes[1] == 'T',
            precision, sizes.batch};
        cases.push_back({"Gemm " + product.Text(),
                         [&gemm, product](Trial& trial) { Run(trial, gemm, product); }});
      }
    }
  }
  return cases;
}

}  // namespace paceline::gpu::testing
