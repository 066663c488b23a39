#include "worker/gpu/models/batch_layout.h"

#include <catch2/catch.hpp>
#include <cstring>
#include <vector>

#include "common/status/status_matchers.h"

namespace paceline::worker {
namespace {

// Records {1: 10, 3: 30}, {}, {0: 5, 3: 31}.
Batch Csr() {
  Batch batch;
  batch.features = 4;
  batch.labels = {1, 0, 1};
  batch.offsets = {0, 2, 2, 4};
  batch.indices = {1, 3, 0, 3};
  batch.values = {10, 30, 5, 31};
  return batch;
}

Batch Dense() {
  Batch batch;
  batch.dense = true;
  batch.features = 4;
  batch.labels = {1, 0, 1};
  batch.dense_values = {0, 10, 0, 30, 0, 0, 0, 0, 5, 0, 0, 31};
  return batch;
}

struct Bytes {
  BatchLayout layout;
  std::vector<uint8_t> bytes;

  template <typename T>
  std::vector<T> At(uint64_t offset, uint64_t count) const {
    REQUIRE(offset % 256 == 0);
    REQUIRE(offset + count * sizeof(T) <= bytes.size());
    std::vector<T> values(count);
    std::memcpy(values.data(), bytes.data() + offset, count * sizeof(T));
    return values;
  }
};

Bytes Pack(const Batch& batch, const BatchForm& form) {
  REQUIRE_OK_AND_ASSIGN(const PackedBatch packed, PackedBatch::Create(batch, form));
  Bytes bytes{packed.layout(), std::vector<uint8_t>(packed.layout().bytes, 0xee)};
  packed.CopyTo(bytes.bytes.data());
  return bytes;
}

TEST_CASE("entries are grouped by feature, in the order of records") {
  const FeatureGroups groups = GroupByFeature(Csr());
  CHECK(groups.features == std::vector<uint64_t>{0, 1, 3});
  CHECK(groups.offsets == std::vector<uint32_t>{0, 1, 2, 4});
  CHECK(groups.records == std::vector<uint32_t>{2, 0, 0, 2});
  CHECK(groups.values == std::vector<float>{5, 10, 30, 31});
  CHECK(GroupByFeature(Batch()).offsets == std::vector<uint32_t>{0});
}

TEST_CASE("a dense batch as entries is without its zeros") {
  const Batch entries = EntriesOf(Dense());
  CHECK(entries.offsets == Csr().offsets);
  CHECK(entries.indices == Csr().indices);
  CHECK(entries.values == Csr().values);
  CHECK(entries.labels == Csr().labels);
}

TEST_CASE("a dense batch lies there with its labels alone") {
  const Bytes bytes = Pack(Dense(), {.keyed = true, .grouped = true});
  CHECK(bytes.layout.dense);
  CHECK(bytes.layout.n == 3);
  CHECK(bytes.At<float>(bytes.layout.labels, 3) == std::vector<float>{1, 0, 1});
  CHECK(bytes.At<float>(bytes.layout.values, 12) == Dense().dense_values);
  CHECK(bytes.layout.bytes == 512);
}

TEST_CASE("entries lie there with rows of dense tables, features of sparse ones") {
  for (const Batch& batch : {Csr(), Dense()}) {
    const Bytes rows = Pack(batch, {.entries_only = true});
    CHECK_FALSE(rows.layout.dense);
    CHECK(rows.layout.entries == 4);
    CHECK(rows.At<uint32_t>(rows.layout.offsets, 4) == std::vector<uint32_t>{0, 2, 2, 4});
    CHECK(rows.At<uint32_t>(rows.layout.features, 4) == std::vector<uint32_t>{1, 3, 0, 3});
    CHECK(rows.At<float>(rows.layout.values, 4) == std::vector<float>{10, 30, 5, 31});
    CHECK(rows.layout.groups == 0);

    const Bytes keyed = Pack(batch, {.entries_only = true, .keyed = true, .grouped = true});
    CHECK(keyed.At<uint64_t>(keyed.layout.features, 4) == std::vector<uint64_t>{1, 3, 0, 3});
    CHECK(keyed.layout.groups == 3);
    CHECK(keyed.At<uint64_t>(keyed.layout.group_features, 3) == std::vector<uint64_t>{0, 1, 3});
    CHECK(keyed.At<uint32_t>(keyed.layout.group_offsets, 4) == std::vector<uint32_t>{0, 1, 2, 4});
    CHECK(keyed.At<uint32_t>(keyed.layout.group_records, 4) == std::vector<uint32_t>{2, 0, 0, 2});
    CHECK(keyed.At<float>(keyed.layout.group_values, 4) == std::vector<float>{5, 10, 30, 31});
  }
}

TEST_CASE("a batch without records, and one without entries") {
  const Bytes none = Pack(Batch(), {.grouped = true});
  CHECK(none.layout.n == 0);
  CHECK(none.At<uint32_t>(none.layout.offsets, 1) == std::vector<uint32_t>{0});
  Batch blank;
  blank.features = 4;
  blank.labels = {1};
  blank.offsets = {0, 0};
  const Bytes bytes = Pack(blank, {.grouped = true});
  CHECK(bytes.layout.entries == 0);
  CHECK(bytes.At<uint32_t>(bytes.layout.group_offsets, 1) == std::vector<uint32_t>{0});
}

TEST_CASE("a dense table has rows that 32 bits can count") {
  Batch batch = Csr();
  batch.features = uint64_t{1} << 33;
  CHECK_STATUS(PackedBatch::Create(batch, {}).status(), absl::StatusCode::kInvalidArgument,
               "fewer than 2^32 rows");
  batch.indices.back() = (uint64_t{1} << 33) - 1;
  const Bytes keyed = Pack(batch, {.keyed = true});
  CHECK(keyed.At<uint64_t>(keyed.layout.features, 4).back() == (uint64_t{1} << 33) - 1);
}

}  // namespace
}  // namespace paceline::worker
