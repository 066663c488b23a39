#include "worker/core/data/record_order.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <numeric>
#include <set>
#include <vector>

namespace paceline::worker {
namespace {

std::vector<uint64_t> Epoch(const RecordOrder& order, uint64_t epoch) {
  return order.Records({epoch, {0, order.records()}});
}

TEST_CASE("every epoch is a permutation that keeps blocks together") {
  for (const uint64_t records : {1, 2, 3, 10, 64, 100, 257, 1000}) {
    for (const uint64_t block : {1, 2, 7, 64, 1000, 5000}) {
      for (const uint64_t seed : {0, 1, 2}) {
        CAPTURE(records, block, seed);
        const RecordOrder order(records, seed, block, true);
        const std::vector<uint64_t> epoch = Epoch(order, seed + 5);
        std::vector<uint64_t> sorted = epoch;
        std::sort(sorted.begin(), sorted.end());
        std::vector<uint64_t> all(records);
        std::iota(all.begin(), all.end(), 0);
        REQUIRE(sorted == all);
        // A block, once entered, is walked to its end.
        std::set<uint64_t> seen;
        for (size_t i = 0; i < epoch.size(); ++i) {
          if (i > 0 && epoch[i] / block == epoch[i - 1] / block) continue;
          REQUIRE(seen.insert(epoch[i] / block).second);
        }
      }
    }
  }
}

TEST_CASE("the order is a function of seed and epoch") {
  const RecordOrder order(1000, 1, 1, true);
  CHECK(Epoch(order, 0) == Epoch(RecordOrder(1000, 1, 1, true), 0));
  CHECK(Epoch(order, 0) != Epoch(order, 1));
  CHECK(Epoch(order, 0) != Epoch(RecordOrder(1000, 2, 1, true), 0));
  // Blocks, and records inside of one block, move too.
  const RecordOrder blocks(1000, 1, 10, true);
  CHECK(Epoch(blocks, 0) != Epoch(blocks, 1));
  const RecordOrder one_block(1000, 1, 1000, true);
  CHECK(Epoch(one_block, 0) != Epoch(one_block, 1));
  CHECK_FALSE(std::is_sorted(Epoch(one_block, 0).begin(), Epoch(one_block, 0).end()));
}

TEST_CASE("without shuffle the order is the file's") {
  const RecordOrder order(10, 1, 1, false);
  CHECK(Epoch(order, 3) == std::vector<uint64_t>{0, 1, 2, 3, 4, 5, 6, 7, 8, 9});
}

TEST_CASE("every record, and the short block, turns up at every place") {
  // 4 blocks of 3, the last of 1: where is record 9 over many epochs?
  const RecordOrder order(10, 1, 3, true);
  std::vector<int> places(10, 0);
  constexpr int kEpochs = 2000;
  for (int epoch = 0; epoch < kEpochs; ++epoch) {
    const std::vector<uint64_t> records = Epoch(order, epoch);
    ++places[std::find(records.begin(), records.end(), 9) - records.begin()];
  }
  // Before the full blocks, between them, or after: a quarter each.
  for (const int place : {0, 3, 6, 9}) {
    CAPTURE(place, places[place]);
    CHECK(places[place] > kEpochs / 4 - 150);
    CHECK(places[place] < kEpochs / 4 + 150);
  }

  const RecordOrder full(8, 1, 1, true);
  std::vector<std::vector<int>> counts(8, std::vector<int>(8, 0));
  for (int epoch = 0; epoch < 4000; ++epoch) {
    const std::vector<uint64_t> records = Epoch(full, epoch);
    for (size_t i = 0; i < 8; ++i) ++counts[i][records[i]];
  }
  for (const auto& row : counts) {
    for (const int count : row) {
      CHECK(count > 350);
      CHECK(count < 650);
    }
  }
}

TEST_CASE("defaults of the data section") {
  v1::DataSpec spec;
  CHECK(Epoch(RecordOrder::FromSpec(spec, 7, 100), 2) == Epoch(RecordOrder(100, 7, 1, true), 2));
  spec.set_shuffle_block(10);
  CHECK(Epoch(RecordOrder::FromSpec(spec, 7, 100), 2) == Epoch(RecordOrder(100, 7, 10, true), 2));
  spec.set_shuffle(false);
  CHECK(RecordOrder::FromSpec(spec, 7, 100).Record(2, 42) == 42);
  // Above 2^20 records: blocks of 1024.
  const uint64_t many = (uint64_t{1} << 20) + 1;
  const RecordOrder large = RecordOrder::FromSpec(v1::DataSpec(), 7, many);
  const RecordOrder want(many, 7, 1024, true);
  for (uint64_t p = 0; p < many; p += 9999) REQUIRE(large.Record(0, p) == want.Record(0, p));
}

}  // namespace
}  // namespace paceline::worker
