#include "tests/bench/kernels/dense_kernels.h"

#include <benchmark/benchmark.h>

#include <cstdint>
#include <cstring>
#include <random>
#include <string>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "common/buffer.h"
#include "common/check.h"
#include "server/core/rows/fold.h"
#include "server/core/rows/optimizer.h"
#include "server/core/rows/update.h"
#include "tests/bench/kernels/figures.h"

namespace paceline::bench {
namespace {

// Of each array: 64 MiB, far beyond the caches.
constexpr size_t kFloats = size_t{16} << 20;
constexpr uint64_t kBytes = kFloats * sizeof(float);

// Arrays that all kernels share: small values, none zero.
struct Arrays {
  FloatBuffer weights{kFloats};
  FloatBuffer next{kFloats};
  FloatBuffer slots[2] = {FloatBuffer(kFloats), FloatBuffer(kFloats)};
  FloatBuffer gradient{kFloats};
};

Arrays& Shared() {
  static Arrays* const arrays = [] {
    auto* const made = new Arrays;
    std::mt19937 random(1);
    for (float& value : made->gradient) {
      value = 0.001f + static_cast<float>(random() % 1000) / 1000;
    }
    return made;
  }();
  return *arrays;
}

// What an earlier benchmark made of them may be zero, denormal or large.
Arrays& Fresh() {
  Arrays& arrays = Shared();
  for (FloatBuffer* const floats : {&arrays.weights, &arrays.slots[0], &arrays.slots[1]}) {
    std::memcpy(floats->data(), arrays.gradient.data(), kBytes);
  }
  return arrays;
}

void Copy(benchmark::State& state) {
  Arrays& arrays = Fresh();
  for (auto _ : state) {
    std::memcpy(arrays.next.data(), arrays.weights.data(), kBytes);
    benchmark::ClobberMemory();
  }
  Count(state, 2 * kBytes);
}

// The widest vectors of the machine, as the kernels have them.
__attribute__((target_clones("avx512f", "avx2", "default"))) void TriadPass(
    const float* __restrict b, const float* __restrict c, float s, float* __restrict a) {
  for (size_t i = 0; i < kFloats; ++i) a[i] = b[i] + s * c[i];
}

void Triad(benchmark::State& state) {
  Arrays& arrays = Fresh();
  for (auto _ : state) {
    TriadPass(arrays.weights.data(), arrays.gradient.data(), 3, arrays.next.data());
    benchmark::ClobberMemory();
  }
  Count(state, 3 * kBytes);
}

void Update(benchmark::State& state, v1::OptimizerKind kind, bool in_place) {
  v1::TableSpec table;
  table.mutable_optimizer()->set_kind(kind);
  table.mutable_optimizer()->set_learning_rate(1e-6);
  const absl::StatusOr<server::Optimizer> optimizer = server::Optimizer::Create(table);
  PL_CHECK_OK(optimizer.status());
  Arrays& arrays = Fresh();
  server::RunOfRows run;
  run.src = arrays.weights.data();
  run.dst = in_place ? arrays.weights.data() : arrays.next.data();
  const int slots = optimizer->slots();
  for (int slot = 0; slot < slots; ++slot) run.slots[slot] = arrays.slots[slot].data();
  const auto* const gradient = reinterpret_cast<const uint8_t*>(arrays.gradient.data());
  server::Step step;
  for (auto _ : state) {
    const auto bad = UpdateRun(optimizer->rule(), optimizer->Scalars(step), run, gradient, kFloats);
    PL_CHECK(!bad.has_value());
    ++step.number;
  }
  // Gradient, weights and slots are read, weights and slots written.
  Count(state, static_cast<uint64_t>(3 + 2 * slots) * kBytes);
}

void FoldOnto(benchmark::State& state) {
  Arrays& arrays = Fresh();
  const server::ByteView gradient = server::ByteView::OfFloats(arrays.gradient.span());
  for (auto _ : state) benchmark::DoNotOptimize(Fold(gradient, arrays.weights.span()));
  Count(state, 3 * kBytes);
}

void FoldAsFirst(benchmark::State& state) {
  Arrays& arrays = Fresh();
  const server::ByteView gradient = server::ByteView::OfFloats(arrays.gradient.span());
  for (auto _ : state) benchmark::DoNotOptimize(FoldFirst(gradient, arrays.weights.span()));
  Count(state, 2 * kBytes);
}

template <typename... Args>
void Register(const std::string& name, Args&&... args) {
  benchmark::RegisterBenchmark(name.c_str(), std::forward<Args>(args)...);
}

}  // namespace

void RegisterLimits() {
  Register("limit: memcpy", Copy);
  Register("limit: triad", Triad);
}

void RegisterOptimizers() {
  for (int kind = v1::OPTIMIZER_KIND_SGD; kind <= v1::OPTIMIZER_KIND_ADD; ++kind) {
    const auto which = static_cast<v1::OptimizerKind>(kind);
    const std::string name =
        absl::AsciiStrToLower(v1::OptimizerKind_Name(which).substr(sizeof("OPTIMIZER_KIND")));
    Register(absl::StrCat("update: ", name), Update, which, true);
    if (which != v1::OPTIMIZER_KIND_SGD && which != v1::OPTIMIZER_KIND_ADAM) continue;
    Register(absl::StrCat("update: ", name, ", out of place"), Update, which, false);
  }
}

void RegisterFolds() {
  Register("fold: first", FoldAsFirst);
  Register("fold: next", FoldOnto);
}

}  // namespace paceline::bench
