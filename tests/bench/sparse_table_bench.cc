#include "tests/bench/sparse_table_bench.h"

#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <fstream>
#include <memory>
#include <random>
#include <utility>
#include <vector>

#include "common/check.h"
#include "common/tables/sharding.h"
#include "server/core/rows/memory_budget.h"
#include "server/core/rows/sparse_rows.h"
#include "tests/bench/machine.h"

namespace paceline::bench {
namespace {

using server::SparseRows;

double Now() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

// Of this process [bytes].
double ResidentBytes() {
  double pages = 0;
  double resident = 0;
  std::ifstream("/proc/self/statm") >> pages >> resident;
  return resident * static_cast<double>(sysconf(_SC_PAGESIZE));
}

// Keys by bucket, ascending in each.
using Keys = std::vector<std::vector<uint64_t>>;

void Sort(Keys* keys) {
  for (std::vector<uint64_t>& bucket : *keys) {
    std::sort(bucket.begin(), bucket.end());
    bucket.erase(std::unique(bucket.begin(), bucket.end()), bucket.end());
  }
}

// The buckets of a table, as servers hold them; keys are 0 to rows - 1.
class Table {
 public:
  Table(uint64_t rows, const SparseTableOptions& options) : dim_(options.dim), rows_(rows) {
    v1::TableSpec table;
    table.set_name("t");
    table.set_kind(v1::TABLE_KIND_SPARSE);
    table.set_dim(dim_);
    table.mutable_optimizer()->set_kind(v1::OPTIMIZER_KIND_ADAM);
    for (uint32_t b = 0; b < kSparseBuckets; ++b) {
      auto bucket = SparseRows::Create(table, 1, &budget_, {.number = b, .count = kSparseBuckets});
      PL_CHECK_OK(bucket.status());
      buckets_.push_back(std::move(*bucket));
    }
  }

  uint64_t rows() const { return rows_; }

  // Creates all rows by pushes of `batch` keys. Returns the seconds that pushes took.
  double Fill(uint64_t batch) {
    double seconds = 0;
    for (uint64_t first = 0; first < rows_; first += batch) {
      Keys keys(kSparseBuckets);
      for (uint64_t key = first; key < std::min(first + batch, rows_); ++key) {
        keys[BucketOfKey(key, kSparseBuckets)].push_back(key);
      }
      const double before = Now();
      Push(keys);
      const double took = Now() - before;
      seconds += took;
      longest_push_ = std::max(longest_push_, took);
    }
    return seconds;
  }
  double longest_push() const { return longest_push_; }

  uint64_t Bytes() const {
    uint64_t bytes = 0;
    for (const auto& bucket : buckets_) bytes += bucket->MemoryBytes();
    return bytes;
  }
  // At most, while one bucket after the other makes room.
  uint64_t PeakBytes() const {
    uint64_t more = 0;
    for (const auto& bucket : buckets_) {
      more = std::max(more, bucket->PeakTableBytes(bucket->rows()) - bucket->MemoryBytes());
    }
    return Bytes() + more;
  }

  Keys Draw(uint64_t count, std::mt19937_64* random) const {
    Keys keys(kSparseBuckets);
    for (uint64_t i = 0; i < count; ++i) {
      const uint64_t key = (*random)() % rows_;
      keys[BucketOfKey(key, kSparseBuckets)].push_back(key);
    }
    Sort(&keys);
    return keys;
  }

  void Pull(const Keys& keys) {
    for (uint32_t b = 0; b < kSparseBuckets; ++b) {
      floats_.resize(std::max<size_t>(floats_.size(), keys[b].size() * dim_));
      buckets_[b]->Read(keys[b], server::Version::kCurrent, floats_.data());
    }
  }
  void Push(const Keys& keys) {
    for (uint32_t b = 0; b < kSparseBuckets; ++b) {
      gradient_.resize(std::max<size_t>(gradient_.size(), keys[b].size() * dim_), 0.5f);
      const auto applied = buckets_[b]->Apply(
          keys[b],
          server::ByteView::OfFloats(absl::MakeConstSpan(gradient_).first(keys[b].size() * dim_)),
          {}, server::Keep::kNothing);
      PL_CHECK_OK(applied.status());
    }
  }

 private:
  const uint32_t dim_;
  const uint64_t rows_;
  server::MemoryBudget budget_{0, ""};
  std::vector<std::unique_ptr<SparseRows>> buckets_;
  std::vector<float> floats_;
  std::vector<float> gradient_;
  double longest_push_ = 0;
};

double Median(std::vector<double> values) {
  std::nth_element(values.begin(), values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2),
                   values.end());
  return values[values.size() / 2];
}

double Million(double count) { return count / 1e6; }

}  // namespace

void RunSparseTableBench(const SparseTableOptions& options) {
  std::printf("machine: %s\n", DescribeMachine().c_str());
  std::printf("table: %.1f M rows x %u floats, adam\n", Million(static_cast<double>(options.rows)),
              options.dim);
  const double least = 8 + 3.0 * options.dim * sizeof(float);
  const auto rows = static_cast<double>(options.rows);
  const double resident = ResidentBytes();
  Table table(options.rows, options);
  const double seconds = table.Fill(options.batch);
  const double bytes = static_cast<double>(table.Bytes()) / rows;
  const double peak = static_cast<double>(table.PeakBytes()) / rows;
  std::printf("bytes a row: %.1f, %.1f while a bucket grows; resident %.1f\n", bytes, peak,
              (ResidentBytes() - resident) / rows);
  std::printf("least bytes a row: %.0f (8 + 3 x %u x 4); ratio %.3f, growing %.3f\n", least,
              options.dim, bytes / least, peak / least);
  std::printf("inserts: %.2f M/s a core; longest push of %llu: %.1f ms\n", Million(rows / seconds),
              static_cast<unsigned long long>(options.batch), table.longest_push() * 1e3);

  Table small(options.fewer_rows, options);
  small.Fill(options.batch);
  std::mt19937_64 random(1);
  std::vector<double> pulls;
  std::vector<double> iterations[2];
  for (int i = 0; i < options.iterations + 2; ++i) {
    for (Table* const one : {&small, &table}) {
      const Keys keys = one->Draw(options.batch, &random);
      const double start = Now();
      one->Pull(keys);
      const double pulled = Now();
      one->Push(keys);
      const double pushed = Now();
      if (i < 2) continue;  // buffers grow
      if (one == &table) pulls.push_back(pulled - start);
      iterations[one == &table].push_back(pushed - start);
    }
  }
  const double few = Median(iterations[0]);
  const double many = Median(iterations[1]);
  std::printf("lookups: %.2f M/s a core\n",
              Million(static_cast<double>(options.batch)) / Median(pulls));
  std::printf("iteration of %llu keys: %.2f ms; with %.1f M rows %.2f ms; ratio %.3f\n",
              static_cast<unsigned long long>(options.batch), many * 1e3,
              Million(static_cast<double>(options.fewer_rows)), few * 1e3, many / few);
}

}  // namespace paceline::bench
