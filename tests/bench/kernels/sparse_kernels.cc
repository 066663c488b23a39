#include "tests/bench/kernels/sparse_kernels.h"

#include <benchmark/benchmark.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/check.h"
#include "common/tables/sharding.h"
#include "server/core/rows/memory_budget.h"
#include "server/core/rows/sparse_rows.h"
#include "tests/bench/kernels/figures.h"

namespace paceline::bench {
namespace {

constexpr uint64_t kKeysPerStep = 95'000;
// Steps with keys of their own, that take turns.
constexpr int kSteps = 32;

struct Shape {
  v1::OptimizerKind optimizer = v1::OPTIMIZER_KIND_SGD;
  uint32_t dim = 16;
  uint64_t rows = 1'000'000;

  auto operator<=>(const Shape&) const = default;
};

// A table in its buckets. Key k lies in bucket k % buckets here: what is measured lies
// behind that choice.
class Table {
 public:
  explicit Table(const Shape& shape) : shape_(shape) {
    v1::TableSpec table;
    table.set_name("t");
    table.set_kind(v1::TABLE_KIND_SPARSE);
    table.set_dim(shape.dim);
    table.mutable_optimizer()->set_kind(shape.optimizer);
    for (uint32_t b = 0; b < kSparseBuckets; ++b) {
      auto bucket = server::SparseRows::Create(table, 1, &budget_);
      PL_CHECK_OK(bucket.status());
      buckets_.push_back(std::move(*bucket));
      Create(b);
    }
  }

  const Shape& shape() const { return shape_; }
  server::SparseRows& bucket(uint32_t b) { return *buckets_[b]; }

 private:
  // Rows come as pushes name them.
  void Create(uint32_t b) {
    constexpr uint64_t kAtOnce = 4096;
    const uint64_t count = shape_.rows / kSparseBuckets;
    const std::vector<float> zeros(kAtOnce * shape_.dim);
    std::vector<uint64_t> keys;
    for (uint64_t first = 0; first < count; first += kAtOnce) {
      keys.clear();
      for (uint64_t k = first; k < std::min(first + kAtOnce, count); ++k) {
        keys.push_back(k * kSparseBuckets + b);
      }
      const auto applied = buckets_[b]->Apply(
          keys,
          server::ByteView::OfFloats(absl::MakeConstSpan(zeros).first(keys.size() * shape_.dim)),
          {}, server::Keep::kNothing);
      PL_CHECK_OK(applied.status());
    }
  }

  const Shape shape_;
  server::MemoryBudget budget_{0, ""};
  std::vector<std::unique_ptr<server::SparseRows>> buckets_;
};

// Made when first used; benchmarks of one shape share it.
Table& TableOf(const Shape& shape) {
  static auto* const tables = new std::map<Shape, std::unique_ptr<Table>>;
  std::unique_ptr<Table>& table = (*tables)[shape];
  if (table == nullptr) table = std::make_unique<Table>(shape);
  return *table;
}

// Keys of one step by bucket, ascending and distinct.
using StepKeys = std::vector<std::vector<uint64_t>>;

StepKeys Draw(uint64_t rows, bool zipf, std::mt19937_64* random) {
  std::uniform_real_distribution<double> uniform;
  const double log_rows = std::log(static_cast<double>(rows));
  StepKeys keys(kSparseBuckets);
  for (uint64_t i = 0; i < kKeysPerStep; ++i) {
    uint64_t key = (*random)() % rows;
    // The k-th key comes with probability about 1 / (k ln rows).
    if (zipf) key = static_cast<uint64_t>(std::exp(uniform(*random) * log_rows)) % rows;
    keys[key % kSparseBuckets].push_back(key);
  }
  for (std::vector<uint64_t>& bucket : keys) {
    std::sort(bucket.begin(), bucket.end());
    bucket.erase(std::unique(bucket.begin(), bucket.end()), bucket.end());
  }
  return keys;
}

const std::vector<StepKeys>& StepsOf(uint64_t rows, bool zipf) {
  static auto* const drawn = new std::map<std::pair<uint64_t, bool>, std::vector<StepKeys>>;
  std::vector<StepKeys>& steps = (*drawn)[{rows, zipf}];
  std::mt19937_64 random(1);
  while (steps.size() < kSteps) steps.push_back(Draw(rows, zipf, &random));
  return steps;
}

// Buckets that are capped at the table's rows: what is left of a division is not drawn.
uint64_t RowsOf(const Shape& shape) { return shape.rows / kSparseBuckets * kSparseBuckets; }

void RunSteps(benchmark::State& state, const Shape& shape, bool zipf, bool read, bool apply) {
  Table& table = TableOf(shape);
  const std::vector<StepKeys>& steps = StepsOf(RowsOf(shape), zipf);
  std::vector<float> rows(kKeysPerStep * shape.dim);
  const std::vector<float> gradient(kKeysPerStep * shape.dim, 0.5f);
  double keys = 0;
  size_t next = 0;
  for (auto _ : state) {
    const StepKeys& step = steps[next++ % steps.size()];
    for (uint32_t b = 0; b < kSparseBuckets; ++b) {
      const size_t count = step[b].size();
      if (read) table.bucket(b).Read(step[b], server::Version::kCurrent, rows.data());
      if (apply) {
        const auto applied = table.bucket(b).Apply(
            step[b],
            server::ByteView::OfFloats(absl::MakeConstSpan(gradient).first(count * shape.dim)), {},
            server::Keep::kNothing);
        PL_CHECK_OK(applied.status());
      }
      keys += static_cast<double>(count);
    }
  }
  keys /= static_cast<double>(state.iterations());
  // Rows as they are read and written back with their slots, the gradient, and the copy.
  const auto floats = static_cast<double>(shape.dim);
  const double slots = table.bucket(0).optimizer().slots();
  double bytes = 0;
  if (read) bytes += 2 * 4 * floats;
  if (apply) bytes += (3 + 2 * slots) * 4 * floats;
  Count(state, static_cast<uint64_t>(keys * bytes), keys);
}

void Register(const std::string& name, const Shape& shape, bool zipf, bool read, bool apply) {
  benchmark::RegisterBenchmark(name.c_str(), RunSteps, shape, zipf, read, apply);
}

}  // namespace

void RegisterSparseRows() {
  for (const bool zipf : {false, true}) {
    const char* const keys = zipf ? ", Zipf" : ", uniform";
    for (const uint32_t dim : {1, 4, 16, 64}) {
      const Shape shape = {.dim = dim};
      Register(absl::StrCat("sparse read: ", dim, " floats", keys), shape, zipf, true, false);
      Register(absl::StrCat("sparse apply: sgd, ", dim, " floats", keys), shape, zipf, false, true);
    }
    Register(absl::StrCat("sparse apply: adam, 16 floats", keys),
             {.optimizer = v1::OPTIMIZER_KIND_ADAM}, zipf, false, true);
  }
}

void RegisterSparseTables() {
  for (const uint64_t gigabytes : {1, 8}) {
    const Shape shape = {.rows = gigabytes * 1'000'000'000 / (16 * sizeof(float))};
    Register(absl::StrCat("sparse step: rows of ", gigabytes, " GB"), shape, false, true, true);
  }
}

}  // namespace paceline::bench
