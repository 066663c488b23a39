#include "server/core/rows/keys.h"

#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "common/status/status_matchers.h"
#include "common/tables/sharding.h"

namespace paceline::server {
namespace {

// Ascending keys of bucket 5 of 64.
std::vector<uint64_t> KeysOfBucket(size_t count) {
  std::vector<uint64_t> keys;
  for (uint64_t key = 0; keys.size() < count; ++key) {
    if (BucketOfKey(key, 64) == 5) keys.push_back(key);
  }
  return keys;
}

v1::ShardSpec Shard() {
  v1::ShardSpec shard;
  shard.set_shard(9);
  shard.set_bucket(5);
  shard.set_buckets(64);
  return shard;
}

absl::StatusOr<std::vector<uint64_t>> Decode(const std::vector<uint64_t>& keys, uint64_t count,
                                             size_t cut = 0) {
  const auto* bytes = reinterpret_cast<const uint8_t*>(keys.data());
  const size_t size = keys.size() * 8;
  return DecodeKeys(Shard(), ByteView({{bytes, cut}, {bytes + cut, size - cut}}), count);
}

TEST_CASE("Keys are read wherever the bytes are cut") {
  const std::vector<uint64_t> keys = KeysOfBucket(3);
  for (size_t cut = 0; cut <= 24; ++cut) {
    REQUIRE_OK_AND_ASSIGN(const std::vector<uint64_t> got, Decode(keys, 3, cut));
    CHECK(got == keys);
  }
  REQUIRE_OK_AND_ASSIGN(const std::vector<uint64_t> none, Decode({}, 0));
  CHECK(none.empty());
}

TEST_CASE("Wrong keys are refused") {
  const std::vector<uint64_t> keys = KeysOfBucket(3);
  CHECK_STATUS(Decode(keys, 2), absl::StatusCode::kInvalidArgument,
               "2 keys of 8 bytes expected, got 24 bytes");
  CHECK_STATUS(Decode(keys, 4), absl::StatusCode::kInvalidArgument, "4 keys");
  // A count whose bytes would overflow.
  CHECK_STATUS(Decode(keys, (uint64_t{1} << 61) + 3), absl::StatusCode::kInvalidArgument, "keys");
  CHECK_STATUS(Decode({keys[1], keys[0]}, 2), absl::StatusCode::kInvalidArgument, "ascending");
  CHECK_STATUS(Decode({keys[1], keys[1]}, 2), absl::StatusCode::kInvalidArgument, "distinct");
  uint64_t stranger = 0;
  while (BucketOfKey(stranger, 64) == 5) ++stranger;
  CHECK_STATUS(Decode({stranger}, 1), absl::StatusCode::kInvalidArgument, "belongs to bucket");
  const uint8_t seven[7] = {};
  CHECK_STATUS(DecodeKeys(Shard(), ByteView({{seven, 7}}), 0), absl::StatusCode::kInvalidArgument,
               "7 bytes");
}

}  // namespace
}  // namespace paceline::server
