#include "server/core/rows/waiting_keys.h"

#include <catch2/catch.hpp>
#include <vector>

namespace paceline::server {
namespace {

TEST_CASE("Keys are counted until they are taken out") {
  WaitingKeys keys;
  CHECK(keys.Count(7) == 0);
  keys.Name(7, 3);
  keys.Name(9, 4);
  keys.Name(7, 5);
  CHECK(keys.Count(7) == 2);
  CHECK(keys.Count(9) == 1);
  CHECK(keys.size() == 2);
  keys.Erase(7);
  CHECK(keys.Count(7) == 0);
  keys.ForgetIf([](uint64_t used) { return used <= 4; });
  CHECK(keys.size() == 0);
}

TEST_CASE("A copy has all of it, by ascending keys") {
  WaitingKeys keys;
  for (const uint64_t key : {50, 10, 30, 10}) keys.Name(key, key + 1);
  const WaitingKeys::Snapshot copy = keys.Copy();
  CHECK(copy.keys == std::vector<uint64_t>{10, 30, 50});
  CHECK(copy.counts == std::vector<uint64_t>{2, 1, 1});
  CHECK(copy.used == std::vector<uint64_t>{11, 31, 51});
  WaitingKeys other;
  other.Name(1, 1);
  other.Restore(copy);
  CHECK(other.size() == 3);
  CHECK(other.Count(10) == 2);
  CHECK(other.Copy().used == copy.used);
}

TEST_CASE("Of more than fit the half that was named last stays") {
  WaitingKeys keys;
  // All in one iteration but the greatest key, which is older.
  for (uint64_t key = 0; key < kMostWaiting; ++key) keys.Name(key, 2);
  keys.Trim();
  CHECK(keys.size() == kMostWaiting);
  keys.Name(kMostWaiting, 1);
  keys.Trim();
  CHECK(keys.size() == kMostWaiting / 2);
  CHECK(keys.Count(kMostWaiting) == 0);
  CHECK(keys.Count(kMostWaiting / 2 - 1) == 0);
  CHECK(keys.Count(kMostWaiting / 2) == 1);
  CHECK(keys.Count(kMostWaiting - 1) == 1);
}

}  // namespace
}  // namespace paceline::server
