#include "server/core/rows/record_index.h"

#include <catch2/catch.hpp>
#include <map>
#include <random>
#include <vector>

namespace paceline::server {
namespace {

TEST_CASE("Random keys are found as in a plain map") {
  std::mt19937_64 random(1);
  RecordIndex index;
  std::map<uint64_t, float*> want;
  float records[64];
  CHECK(index.Find(0) == nullptr);
  for (int i = 0; i < 20'000; ++i) {
    // Zero, close neighbours, and keys of the whole range.
    const uint64_t key = i % 3 == 0 ? random() : random() % 10'000;
    index.Prefetch(key);
    const auto found = want.find(key);
    REQUIRE(index.Find(key) == (found == want.end() ? nullptr : found->second));
    if (found != want.end()) continue;
    want[key] = &records[random() % 64];
    index.Insert(key, want[key]);
    REQUIRE(index.Find(key) == want[key]);
    REQUIRE(index.size() == want.size());
  }
  std::map<uint64_t, float*> all;
  index.ForEach([&](uint64_t key, float* record) { CHECK(all.emplace(key, record).second); });
  CHECK(all == want);
}

TEST_CASE("Keys come and go as in a plain map") {
  // Few keys, so that runs of places grow long and go around the end; and many.
  for (const uint64_t keys : {5, 40, 3000}) {
    std::mt19937_64 random(keys);
    RecordIndex index;
    std::map<uint64_t, float*> want;
    float records[64];
    for (int i = 0; i < 30'000; ++i) {
      const uint64_t key = random() % keys;
      if (want.contains(key)) {
        REQUIRE(index.Erase(key) == want[key]);
        want.erase(key);
      } else {
        want[key] = &records[random() % 64];
        index.Insert(key, want[key]);
      }
      REQUIRE(index.size() == want.size());
      const uint64_t other = random() % keys;
      REQUIRE(index.Find(other) == (want.contains(other) ? want[other] : nullptr));
    }
    std::map<uint64_t, float*> all;
    index.ForEach([&](uint64_t key, float* record) { CHECK(all.emplace(key, record).second); });
    CHECK(all == want);
    // No mark is left: a table that is emptied ends every search at once.
    for (const auto& [key, record] : want) index.Erase(key);
    for (uint64_t key = 0; key < keys; ++key) REQUIRE(index.Find(key) == nullptr);
  }
}

TEST_CASE("Keys whose home is the last place go on at the first") {
  float record = 0;
  RecordIndex index;
  std::vector<uint64_t> keys;
  for (uint64_t key = 0; keys.size() < 2; ++key) {
    if (MixBits(key) >> 62 == 3) keys.push_back(key);
  }
  for (const uint64_t key : keys) index.Insert(key, &record);
  CHECK(index.size() == 2);
  CHECK(RecordIndex::BytesFor(2) == 64);
  for (const uint64_t key : keys) CHECK(index.Find(key) == &record);
}

TEST_CASE("Room for keys is a third more at least, in bytes of 16 a place") {
  CHECK(RecordIndex::BytesFor(0) == 0);
  for (uint64_t keys = 1; keys < 100'000; keys = keys * 5 / 4 + 1) {
    const uint64_t places = RecordIndex::BytesFor(keys) / 16;
    CHECK(places > keys + keys / 2);
    CHECK(places <= std::max<uint64_t>(4, 3 * keys + 2));
  }
}

TEST_CASE("A key takes 24 to 36 bytes, and 60 while they move") {
  for (uint64_t keys = 1000; keys < 100'000'000; keys = keys * 21 / 20 + 1) {
    const auto bytes = static_cast<double>(RecordIndex::BytesFor(keys));
    const auto count = static_cast<double>(keys);
    CHECK(bytes / count >= 24);
    CHECK(bytes / count <= 36.3);
    CHECK(static_cast<double>(RecordIndex::PeakBytesFor(keys)) / count <= 60.3);
  }
}

}  // namespace
}  // namespace paceline::server
