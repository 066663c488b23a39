#include "tests/bench/kernels/codec_kernels.h"

#include <benchmark/benchmark.h>

#include <cstdint>
#include <cstring>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "common/check.h"
#include "common/codec/codec.h"
#include "common/codec/indexed_values.h"
#include "common/codec/indices_kernels.h"
#include "common/codec/top_k.h"
#include "proto/job.pb.h"
#include "tests/bench/kernels/figures.h"
#include "worker/core/task/residuals.h"

namespace paceline::bench {
namespace {

constexpr size_t kValues = size_t{1} << 20;
constexpr uint64_t kBytes = kValues * sizeof(float);

std::vector<float> Normal() {
  std::mt19937 random(1);
  std::normal_distribution<float> normal;
  std::vector<float> values(kValues);
  for (float& value : values) value = normal(random);
  return values;
}

void EncodeAll(benchmark::State& state, v1::Codec codec) {
  const std::vector<float> values = Normal();
  std::string bytes(EncodedBytes(codec, kValues), '\0');
  for (auto _ : state) {
    Encode(codec, values, bytes.data());
    benchmark::ClobberMemory();
  }
  Count(state, kBytes);
}

void DecodeAll(benchmark::State& state, v1::Codec codec) {
  std::vector<float> values = Normal();
  std::string bytes(EncodedBytes(codec, kValues), '\0');
  Encode(codec, values, bytes.data());
  for (auto _ : state) {
    Decode(codec, bytes.data(), absl::MakeSpan(values));
    benchmark::ClobberMemory();
  }
  Count(state, kBytes);
}

// 1 in `part` values.
void SelectTopK(benchmark::State& state, size_t part) {
  const std::vector<float> values = Normal();
  TopK top_k;
  for (auto _ : state) {
    benchmark::DoNotOptimize(top_k.Select(values, kValues / part).data());
  }
  Count(state, kBytes);
}

void DecodeTopK(benchmark::State& state, size_t part) {
  std::vector<float> values = Normal();
  TopK top_k;
  const auto indices = top_k.Select(values, kValues / part);
  std::string bytes(IndexedBytes(indices.size()), '\0');
  WriteIndexed(values, indices, bytes.data());
  for (auto _ : state) {
    std::memset(values.data(), 0, kValues * sizeof(float));
    PL_CHECK(ReadIndexed(bytes.data(), indices.size(), absl::MakeSpan(values)));
  }
  Count(state, kBytes);
}

// All that a rank does for its part of a push.
void Residual(benchmark::State& state, const worker::ResidualRule& rule) {
  const std::vector<float> gradient = Normal();
  worker::Residuals residuals;
  uint64_t iteration = 0;
  for (auto _ : state) {
    benchmark::DoNotOptimize(residuals.Encode(rule, 0, iteration++, gradient).kept);
  }
  Count(state, kBytes);
}

// 1 in `part` values has changed.
void FindChanges(benchmark::State& state, size_t part) {
  const std::vector<float> before = Normal();
  std::vector<float> now = before;
  for (size_t i = 0; i < kValues; i += part) now[i] += 1;
  std::vector<uint32_t> indices(kValues / 4 + kIndexPadding);
  for (auto _ : state) {
    benchmark::DoNotOptimize(
        IndicesOfChanges(before.data(), now.data(), kValues, kValues / 4, indices.data()));
  }
  Count(state, kBytes);
}

template <typename... Args>
void Register(const std::string& name, Args&&... args) {
  benchmark::RegisterBenchmark(name.c_str(), std::forward<Args>(args)...);
}

}  // namespace

void RegisterCodecs() {
  for (const v1::Codec codec : {v1::CODEC_BF16, v1::CODEC_FP16, v1::CODEC_INT8, v1::CODEC_ONEBIT}) {
    const std::string name = absl::AsciiStrToLower(v1::Codec_Name(codec).substr(sizeof("CODEC")));
    Register(absl::StrCat("encode: ", name), EncodeAll, codec);
    Register(absl::StrCat("decode: ", name), DecodeAll, codec);
  }
  for (const size_t part : {1000, 100, 10}) {
    const std::string name = absl::StrCat("1/", part);
    Register(absl::StrCat("topk: select ", name), SelectTopK, part);
    Register(absl::StrCat("topk: decode ", name), DecodeTopK, part);
  }
  Register("residual: topk", Residual, worker::ResidualRule{.codec = v1::CODEC_TOPK});
  Register("residual: topk with momentum", Residual,
           worker::ResidualRule{.codec = v1::CODEC_TOPK, .momentum = 0.9});
  Register("residual: onebit", Residual, worker::ResidualRule{.codec = v1::CODEC_ONEBIT});
  for (const size_t part : {1000, 50, 2}) {
    Register(absl::StrCat("delta: find changes of 1/", part), FindChanges, part);
  }
}

}  // namespace paceline::bench
