#include <algorithm>
#include <catch2/catch.hpp>
#include <random>
#include <string>
#include <vector>

#include "common/key_lists/key_list.h"
#include "common/key_lists/recent_key_lists.h"

namespace paceline {
namespace {

TEST_CASE("the hash of a key list never changes") {
  const std::vector<uint64_t> keys = {1, 2, 3, 0xffffffffffffffff};
  const std::string bytes(reinterpret_cast<const char*>(keys.data()), keys.size() * 8);
  CHECK(KeyListHash(bytes) == 0xc2937a8aa1b0710cu);
  CHECK(KeyListHash(bytes.substr(0, 24)) != KeyListHash(bytes));
  CHECK(KeyListHash("") != 0);
}

TEST_CASE("the oldest lists make room") {
  RecentKeyLists<int> lists(100);
  lists.Add(1, 7, 40, 1);
  lists.Add(2, 7, 40, 2);
  REQUIRE(lists.Use(1, 7) != nullptr);
  CHECK(*lists.Use(1, 7) == 1);
  // 2 is the oldest by now.
  lists.Add(1, 8, 40, 3);
  CHECK(lists.Use(2, 7) == nullptr);
  CHECK(*lists.Use(1, 7) == 1);
  CHECK(*lists.Use(1, 8) == 3);
  CHECK(lists.bytes() == 80);
  // What is there stays as it is.
  lists.Add(1, 8, 40, 4);
  CHECK(*lists.Use(1, 8) == 3);
  CHECK(lists.bytes() == 80);
  // What never fits pushes nobody out.
  lists.Add(1, 9, 101, 5);
  CHECK(lists.Use(1, 9) == nullptr);
  CHECK(lists.bytes() == 80);
  CHECK(lists.RemoveOldest());
  CHECK(lists.Use(1, 7) == nullptr);
  lists.Clear();
  CHECK(lists.bytes() == 0);
  CHECK(lists.Use(1, 8) == nullptr);
  CHECK_FALSE(lists.RemoveOldest());
}

TEST_CASE("random use against a list of all that happened") {
  struct Seen {
    uint32_t shard;
    uint64_t hash;
    uint64_t bytes;
  };
  constexpr uint64_t kMost = 1000;
  std::mt19937 random(3);
  RecentKeyLists<uint64_t> lists(kMost);
  // The most recent one last.
  std::vector<Seen> model;
  for (int i = 0; i < 20000; ++i) {
    const Seen seen = {static_cast<uint32_t>(random() % 3), random() % 5, 0};
    const auto found = std::find_if(model.begin(), model.end(), [&](const Seen& other) {
      return other.shard == seen.shard && other.hash == seen.hash;
    });
    const uint64_t* const value = lists.Use(seen.shard, seen.hash);
    REQUIRE((value != nullptr) == (found != model.end()));
    if (value != nullptr) {
      REQUIRE(*value == found->bytes);
      std::rotate(found, found + 1, model.end());
      continue;
    }
    const uint64_t bytes = 1 + random() % (kMost / 4);
    lists.Add(seen.shard, seen.hash, bytes, bytes);
    model.push_back({seen.shard, seen.hash, bytes});
    uint64_t sum = 0;
    for (const Seen& other : model) sum += other.bytes;
    for (; sum > kMost; model.erase(model.begin())) sum -= model.front().bytes;
    REQUIRE(lists.bytes() == sum);
  }
}

}  // namespace
}  // namespace paceline
