// How fast values are encoded and decoded: GB/s of float32 on one core, shards of 4 MiB.
//
//   bazel run --config=opt //tests/bench:codec_bench
#include <benchmark/benchmark.h>

#include <cstring>
#include <random>
#include <string>
#include <vector>

#include "common/check.h"
#include "common/codec/codec.h"
#include "common/codec/indexed_values.h"
#include "common/codec/indices_kernels.h"
#include "common/codec/top_k.h"
#include "proto/job.pb.h"
#include "worker/core/task/residuals.h"

namespace paceline {
namespace {

constexpr size_t kValues = size_t{1} << 20;

std::vector<float> Normal() {
  std::mt19937 random(1);
  std::normal_distribution<float> normal;
  std::vector<float> values(kValues);
  for (float& value : values) value = normal(random);
  return values;
}

void Count(benchmark::State& state) {
  state.SetBytesProcessed(state.iterations() * static_cast<int64_t>(kValues * sizeof(float)));
}

// The measure of the others.
void Memcpy(benchmark::State& state) {
  const std::vector<float> values = Normal();
  std::vector<float> to(kValues);
  for (auto _ : state) {
    std::memcpy(to.data(), values.data(), kValues * sizeof(float));
    benchmark::ClobberMemory();
  }
  Count(state);
}
BENCHMARK(Memcpy);

void EncodeAll(benchmark::State& state, v1::Codec codec) {
  const std::vector<float> values = Normal();
  std::string bytes(EncodedBytes(codec, kValues), '\0');
  for (auto _ : state) {
    Encode(codec, values, bytes.data());
    benchmark::ClobberMemory();
  }
  Count(state);
}

void DecodeAll(benchmark::State& state, v1::Codec codec) {
  std::vector<float> values = Normal();
  std::string bytes(EncodedBytes(codec, kValues), '\0');
  Encode(codec, values, bytes.data());
  for (auto _ : state) {
    Decode(codec, bytes.data(), absl::MakeSpan(values));
    benchmark::ClobberMemory();
  }
  Count(state);
}
BENCHMARK_CAPTURE(EncodeAll, bf16, v1::CODEC_BF16);
BENCHMARK_CAPTURE(DecodeAll, bf16, v1::CODEC_BF16);
BENCHMARK_CAPTURE(EncodeAll, fp16, v1::CODEC_FP16);
BENCHMARK_CAPTURE(DecodeAll, fp16, v1::CODEC_FP16);
BENCHMARK_CAPTURE(EncodeAll, int8, v1::CODEC_INT8);
BENCHMARK_CAPTURE(DecodeAll, int8, v1::CODEC_INT8);
BENCHMARK_CAPTURE(EncodeAll, onebit, v1::CODEC_ONEBIT);
BENCHMARK_CAPTURE(DecodeAll, onebit, v1::CODEC_ONEBIT);

// 1 in `range` values.
void SelectTopK(benchmark::State& state) {
  const std::vector<float> values = Normal();
  TopK top_k;
  for (auto _ : state) {
    benchmark::DoNotOptimize(
        top_k.Select(values, kValues / static_cast<size_t>(state.range())).data());
  }
  Count(state);
}
BENCHMARK(SelectTopK)->Arg(1000)->Arg(100)->Arg(10);

void DecodeTopK(benchmark::State& state) {
  std::vector<float> values = Normal();
  TopK top_k;
  const auto indices = top_k.Select(values, kValues / static_cast<size_t>(state.range()));
  std::string bytes(IndexedBytes(indices.size()), '\0');
  WriteIndexed(values, indices, bytes.data());
  for (auto _ : state) {
    std::memset(values.data(), 0, kValues * sizeof(float));
    PL_CHECK(ReadIndexed(bytes.data(), indices.size(), absl::MakeSpan(values)));
  }
  Count(state);
}
BENCHMARK(DecodeTopK)->Arg(1000)->Arg(100)->Arg(10);

// All that a rank does for its part of a push.
void Residual(benchmark::State& state, const worker::ResidualRule& rule) {
  const std::vector<float> gradient = Normal();
  worker::Residuals residuals;
  uint64_t iteration = 0;
  for (auto _ : state) {
    benchmark::DoNotOptimize(residuals.Encode(rule, 0, iteration++, gradient).kept);
  }
  Count(state);
}
BENCHMARK_CAPTURE(Residual, topk, worker::ResidualRule{.codec = v1::CODEC_TOPK});
BENCHMARK_CAPTURE(Residual, topk_momentum,
                  worker::ResidualRule{.codec = v1::CODEC_TOPK, .momentum = 0.9});
BENCHMARK_CAPTURE(Residual, onebit, worker::ResidualRule{.codec = v1::CODEC_ONEBIT});

// 1 in `range` values has changed.
void FindChanges(benchmark::State& state) {
  const std::vector<float> before = Normal();
  std::vector<float> now = before;
  for (size_t i = 0; i < kValues; i += static_cast<size_t>(state.range())) now[i] += 1;
  std::vector<uint32_t> indices(kValues / 4 + kIndexPadding);
  for (auto _ : state) {
    benchmark::DoNotOptimize(
        IndicesOfChanges(before.data(), now.data(), kValues, kValues / 4, indices.data()));
  }
  Count(state);
}
BENCHMARK(FindChanges)->Arg(1000)->Arg(50)->Arg(2);

}  // namespace
}  // namespace paceline

BENCHMARK_MAIN();
