#include "worker/core/data/record_cache.h"

#include <catch2/catch.hpp>
#include <cstdint>
#include <map>
#include <random>
#include <vector>

namespace paceline::worker {
namespace {

Batch RandomRecord(bool dense, uint64_t columns, std::mt19937_64* random) {
  Batch batch;
  batch.dense = dense;
  const auto value = [&] { return static_cast<float>((*random)() % 1000); };
  batch.labels.push_back(value());
  if (dense) {
    for (uint64_t i = 0; i < columns; ++i) batch.dense_values.push_back(value());
    return batch;
  }
  for (uint64_t i = (*random)() % 20; i > 0; --i) {
    batch.indices.push_back((*random)());
    batch.values.push_back(value());
  }
  batch.offsets = {0, batch.indices.size()};
  return batch;
}

// With two keys and `columns` values.
Batch RandomFieldsRecord(uint64_t columns, std::mt19937_64* random) {
  Batch batch = RandomRecord(true, columns, random);
  batch.dense = false;
  batch.fields = 2;
  batch.indices = {(*random)(), (*random)()};
  return batch;
}

void AppendTo(const Batch& record, Batch* batch) {
  batch->labels.push_back(record.labels[0]);
  batch->dense_values.insert(batch->dense_values.end(), record.dense_values.begin(),
                             record.dense_values.end());
  batch->indices.insert(batch->indices.end(), record.indices.begin(), record.indices.end());
  batch->values.insert(batch->values.end(), record.values.begin(), record.values.end());
  if (!batch->dense && batch->fields == 0) batch->offsets.push_back(batch->indices.size());
}

TEST_CASE("cached records come back as they went in") {
  std::mt19937_64 random(10);
  for (const bool dense : {true, false}) {
    constexpr uint64_t kColumns = 5;
    RecordCache cache(uint64_t{8} << 20);
    std::map<uint64_t, Batch> model;
    Batch all;
    all.dense = dense;
    if (!dense) all.offsets.push_back(0);
    for (int i = 0; i < 3000; ++i) {
      const Batch record = RandomRecord(dense, kColumns, &random);
      AppendTo(record, &all);
      const uint64_t number = random();
      cache.InsertLast(number, all);
      model[number] = record;
    }
    REQUIRE(cache.size() == model.size());
    Batch got;
    Batch want;
    got.dense = want.dense = dense;
    if (!dense) got.offsets = want.offsets = {0};
    for (const auto& [number, record] : model) {
      REQUIRE(cache.Append(number, &got));
      AppendTo(record, &want);
    }
    CHECK(got.labels == want.labels);
    CHECK(got.offsets == want.offsets);
    CHECK(got.indices == want.indices);
    CHECK(got.values == want.values);
    CHECK(got.dense_values == want.dense_values);
    CHECK_FALSE(cache.Append(0, &got));
  }
}

TEST_CASE("cached records by fields come back as they went in") {
  std::mt19937_64 random(13);
  for (const uint64_t columns : {0, 13}) {
    RecordCache cache;
    Batch want;
    want.fields = 2;
    for (uint64_t i = 0; i < 100; ++i) {
      AppendTo(RandomFieldsRecord(columns, &random), &want);
      cache.InsertLast(i, want);
    }
    Batch got;
    got.fields = 2;
    for (uint64_t i = 0; i < 100; ++i) REQUIRE(cache.Append(i, &got));
    CHECK(got.labels == want.labels);
    CHECK(got.indices == want.indices);
    CHECK(got.dense_values == want.dense_values);
    CHECK(got.offsets.empty());
    CHECK(got.values.empty());
  }
}

TEST_CASE("the budget holds") {
  std::mt19937_64 random(11);
  constexpr uint64_t kBudget = uint64_t{3} << 20;
  RecordCache cache(kBudget);
  uint64_t last_size = 0;
  for (uint64_t i = 0; i < 20'000; ++i) {
    cache.InsertLast(i, RandomRecord(true, 100, &random));
    REQUIRE(cache.bytes() <= kBudget);
    REQUIRE(cache.size() >= last_size);
    last_size = cache.size();
  }
  // 408 bytes of record and the map's share: between a half and all of it is used.
  CHECK(cache.size() > 4000);
  CHECK(cache.size() < 8000);

  RecordCache none(0);
  none.InsertLast(1, RandomRecord(true, 1, &random));
  CHECK(none.size() == 0);
  CHECK(none.bytes() == 0);
}

TEST_CASE("a record larger than a block is kept, larger than the budget is not") {
  std::mt19937_64 random(12);
  RecordCache cache(uint64_t{4} << 20);
  cache.InsertLast(1, RandomRecord(true, 600'000, &random));
  CHECK(cache.size() == 1);
  cache.InsertLast(2, RandomRecord(true, 600'000, &random));
  CHECK(cache.size() == 1);
  cache.InsertLast(3, RandomRecord(true, 10, &random));
  CHECK(cache.size() == 2);
}

}  // namespace
}  // namespace paceline::worker
