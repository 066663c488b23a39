// What a row of a sparse table takes: docs/sparse.md says no less.
#include <algorithm>
#include <catch2/catch.hpp>
#include <memory>
#include <vector>

#include "common/status/status_matchers.h"
#include "server/core/rows/record_index.h"
#include "server/core/rows/row_chunks.h"
#include "server/core/rows/sparse_rows.h"

namespace paceline::server {
namespace {

constexpr uint32_t kDim = 16;
// Key, weights and the two slots of Adam.
constexpr double kLeast = 8 + 3 * kDim * 4;

v1::TableSpec AdamTable() {
  v1::TableSpec table;
  table.set_name("t");
  table.set_kind(v1::TABLE_KIND_SPARSE);
  table.set_dim(kDim);
  table.mutable_optimizer()->set_kind(v1::OPTIMIZER_KIND_ADAM);
  return table;
}

TEST_CASE("From 160,000 rows of a bucket on memory is at most 1.35 times the least, at any time") {
  MemoryBudget budget(0, "");
  REQUIRE_OK_AND_ASSIGN(const auto rows, SparseRows::Create(AdamTable(), 1, &budget));
  double worst = 0;
  for (uint64_t count = 160'000; count < 1'000'000; ++count) {
    const auto least = kLeast * static_cast<double>(count);
    worst = std::max(worst, static_cast<double>(rows->PeakTableBytes(count)) / least);
  }
  CHECK(worst <= 1.35);
  // What it is when nothing grows.
  CHECK(static_cast<double>(rows->TableBytes(780'000)) / (kLeast * 780'000) <= 1.2);
}

TEST_CASE("A small bucket takes a chunk more than that") {
  MemoryBudget budget(0, "");
  REQUIRE_OK_AND_ASSIGN(const auto rows, SparseRows::Create(AdamTable(), 1, &budget));
  for (uint64_t count = 1; count < 160'000; ++count) {
    const double most = 1.29 * kLeast * static_cast<double>(count) +
                        static_cast<double>(count < 10'000 ? 2 * kChunkBytes : kBigChunkBytes);
    if (static_cast<double>(rows->PeakTableBytes(count)) > most) FAIL(count << " rows");
  }
}

TEST_CASE("While the index grows, the places that are left count") {
  MemoryBudget budget(uint64_t{1} << 30, "--memory-limit");
  REQUIRE_OK_AND_ASSIGN(const auto rows, SparseRows::Create(AdamTable(), 1, &budget));
  constexpr uint64_t kRows = 20'000;
  std::vector<uint64_t> keys(kRows);
  for (uint64_t i = 0; i < kRows; ++i) keys[i] = i;
  const std::vector<float> zeros(kRows * kDim);
  const auto push = [&](uint64_t first, uint64_t count) {
    return rows
        ->Apply(absl::MakeConstSpan(keys).subspan(first, count),
                ByteView::OfFloats(absl::MakeConstSpan(zeros).first(count * kDim)), {},
                Keep::kNothing)
        .status();
  };
  uint64_t first = 10'000;
  while (RecordIndex::BytesFor(first + 1) == RecordIndex::BytesFor(first)) ++first;
  REQUIRE_OK(push(0, first));
  REQUIRE(budget.used() == rows->TableBytes(first));
  const uint64_t needed = rows->PeakTableBytes(first) - budget.used();
  REQUIRE(needed >= RecordIndex::BytesFor(first + 1));
  const uint64_t others = budget.limit() - budget.used() - needed + 1;
  REQUIRE_OK(budget.Reserve(others, "others"));
  CHECK_STATUS(push(first, 1), absl::StatusCode::kResourceExhausted, "--memory-limit");
  CHECK(rows->rows() == first);
  CHECK(budget.used() == others + rows->TableBytes(first));
  budget.Release(1);
  REQUIRE_OK(push(first, 1));
  CHECK(rows->rows() == first + 1);
  CHECK(rows->MemoryBytes() == rows->TableBytes(first + 1));
  CHECK(budget.used() == others - 1 + rows->TableBytes(first + 1));
}

TEST_CASE("What pushes create takes what is said, and limits cost 32 bits a row") {
  for (const bool evicts : {false, true}) {
    v1::TableSpec table = AdamTable();
    if (evicts) table.mutable_sparse()->set_evict_after_iterations(1000);
    MemoryBudget budget(0, "");
    REQUIRE_OK_AND_ASSIGN(const auto rows, SparseRows::Create(table, 1, &budget));
    const std::vector<float> zeros(1000 * kDim);
    std::vector<uint64_t> keys(1000);
    for (uint64_t first = 0; first < 100'000; first += 1000) {
      for (uint64_t i = 0; i < 1000; ++i) keys[i] = first + i;
      REQUIRE_OK(rows->Apply(keys, ByteView::OfFloats(zeros), {}, Keep::kNothing));
      REQUIRE(rows->MemoryBytes() == rows->TableBytes(first + 1000));
    }
    const auto in_chunk = static_cast<double>(kBigChunkBytes / (kDim * 3 * 4 + (evicts ? 8 : 4)));
    const double chunks =
        static_cast<double>(rows->TableBytes(100'000) - RecordIndex::BytesFor(100'000)) /
        static_cast<double>(kBigChunkBytes);
    CHECK(chunks >= 100'000 / in_chunk);
    CHECK(chunks <= 100'000 / in_chunk + 1);
  }
}

}  // namespace
}  // namespace paceline::server
