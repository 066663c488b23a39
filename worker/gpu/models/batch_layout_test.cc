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
  CHECK(groups.fields == std::vector<uint64_t>{0, 3});
  CHECK(GroupByFeature(Batch()).offsets == std::vector<uint32_t>{0});
}

TEST_CASE("a dense batch as entries is without its zeros") {
  const Batch entries = EntriesOf(Dense());
  CHECK(entries.offsets == Csr().offsets);
  CHECK(entries.indices == Csr().indices);
  CHECK(entries.values == Csr().values);
  CHECK(entries.labels == Csr().labels);
}

// Ratings of items 5, 2 and 5 by users 9, 9 and 4.
Batch Pairs() {
  Batch batch;
  batch.fields = 2;
  batch.labels = {1, 2, 3};
  batch.indices = {9, 5, 9, 2, 4, 5};
  return batch;
}

TEST_CASE("fields lie there one behind the other, each grouped by itself") {
  const Bytes bytes = Pack(Pairs(), {.keyed = true, .grouped = true, .fields = 2});
  const BatchLayout& layout = bytes.layout;
  CHECK(layout.n == 3);
  CHECK(layout.entries == 6);
  CHECK(bytes.At<float>(layout.labels, 3) == std::vector<float>{1, 2, 3});
  CHECK(bytes.At<uint64_t>(layout.features, 6) == std::vector<uint64_t>{9, 9, 4, 5, 2, 5});
  CHECK(bytes.At<float>(layout.values, 6) == std::vector<float>(6, 1));
  CHECK(bytes.At<uint32_t>(layout.offsets, 4) == std::vector<uint32_t>{0, 1, 2, 3});
  CHECK(layout.field_groups == std::vector<uint64_t>{0, 2, 4});
  CHECK(bytes.At<uint64_t>(layout.group_features, 4) == std::vector<uint64_t>{4, 9, 2, 5});
  CHECK(bytes.At<uint32_t>(layout.group_offsets, 5) == std::vector<uint32_t>{0, 1, 3, 4, 6});
  CHECK(bytes.At<uint32_t>(layout.group_records, 6) == std::vector<uint32_t>{2, 0, 1, 1, 0, 2});
  CHECK(bytes.At<float>(layout.group_values, 6) == std::vector<float>(6, 1));

  const Bytes rows = Pack(Pairs(), {.fields = 2});
  CHECK(rows.At<uint32_t>(rows.layout.features, 6) == std::vector<uint32_t>{9, 9, 4, 5, 2, 5});
  CHECK(rows.layout.groups == 0);

  const Bytes none = Pack(Batch(), {.keyed = true, .grouped = true, .fields = 2});
  CHECK(none.layout.entries == 0);
  CHECK(none.layout.field_groups == std::vector<uint64_t>{0, 0, 0});
}

TEST_CASE("a group is of one field, also where the next begins with the same key") {
  Batch batch = Pairs();
  batch.indices = {3, 3, 3, 3, 3, 3};
  const FeatureGroups groups = GroupByFeature(ColumnsOf(batch), 2);
  CHECK(groups.features == std::vector<uint64_t>{3, 3});
  CHECK(groups.offsets == std::vector<uint32_t>{0, 3, 6});
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

// Two embedded fields and a third one, with a number.
Batch ByFields() {
  Batch batch;
  batch.fields = 3;
  batch.features = 1;
  batch.labels = {1, 0};
  batch.indices = {7, 2, 9, 2, 7, 2};
  batch.dense_values = {0.5f, 0.25f};
  return batch;
}

TEST_CASE("a batch by fields lies there with its numbers, and its keys in blocks") {
  const BatchForm form = {.keys = {.fields = 3, .embedded = 2}, .keyed = true, .grouped = true};
  const Bytes bytes = Pack(ByFields(), form);
  const BatchLayout& layout = bytes.layout;
  CHECK(layout.n == 2);
  CHECK(layout.entries == 6);
  CHECK(bytes.At<float>(layout.labels, 2) == std::vector<float>{1, 0});
  CHECK(bytes.At<float>(layout.values, 2) == std::vector<float>{0.5f, 0.25f});
  CHECK(bytes.At<uint64_t>(layout.features, 6) == std::vector<uint64_t>{7, 2, 2, 7, 9, 2});
  const auto check = [&](const KeyGroupsLayout& at, const std::vector<uint64_t>& keys,
                         const std::vector<uint32_t>& offsets,
                         const std::vector<uint32_t>& places) {
    CHECK(at.count == keys.size());
    CHECK(bytes.At<uint64_t>(at.keys, keys.size()) == keys);
    CHECK(bytes.At<uint32_t>(at.offsets, offsets.size()) == offsets);
    CHECK(bytes.At<uint32_t>(at.places, places.size()) == places);
  };
  check(layout.embedded_groups, {2, 7}, {0, 2, 4}, {1, 2, 0, 3});
  check(layout.all_groups, {2, 7, 9}, {0, 3, 5, 6}, {1, 3, 5, 0, 4, 2});
}

TEST_CASE("a batch by fields whose table is dense has rows, and groups only where wanted") {
  const Bytes rows = Pack(ByFields(), {.keys = {.fields = 3, .embedded = 3}, .grouped = true});
  CHECK(rows.At<uint32_t>(rows.layout.features, 6) == std::vector<uint32_t>{7, 2, 9, 2, 7, 2});
  CHECK(rows.At<uint32_t>(rows.layout.embedded_groups.keys, 3) == std::vector<uint32_t>{2, 7, 9});
  // All are embedded: the groups are there once.
  CHECK(rows.layout.all_groups.keys == rows.layout.embedded_groups.keys);
  CHECK(rows.layout.all_groups.count == 3);

  const Bytes plain = Pack(ByFields(), {.keys = {.fields = 3, .embedded = 2}});
  CHECK(plain.layout.embedded_groups.count == 0);
  CHECK(plain.layout.all_groups.count == 0);
  CHECK(plain.layout.bytes == 3 * 256);

  const Bytes none = Pack(Batch(), {.keys = {.fields = 3, .embedded = 2}, .grouped = true});
  CHECK(none.layout.entries == 0);
  CHECK(none.At<uint32_t>(none.layout.all_groups.offsets, 1) == std::vector<uint32_t>{0});

  Batch far = ByFields();
  far.indices[4] = uint64_t{1} << 32;
  CHECK_STATUS(PackedBatch::Create(far, {.keys = {.fields = 3, .embedded = 2}}).status(),
               absl::StatusCode::kInvalidArgument, "got key 4294967296");
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
