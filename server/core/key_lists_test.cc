#include "server/core/key_lists.h"

#include <catch2/catch.hpp>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "common/refusal/refusal.h"
#include "common/status/status_matchers.h"
#include "server/core/job_testing.h"

namespace paceline::server {
namespace {

using testing::KeyBytes;
using v1::Refusal;

const std::vector<uint64_t> kKeys = {3, 5, 8};

v1::ShardSpec Shard(uint32_t id) {
  v1::ShardSpec shard;
  shard.set_shard(id);
  shard.set_buckets(1);
  return shard;
}

uint64_t HashOf(const std::vector<uint64_t>& keys) { return KeyListHash(KeyBytes(keys)); }

struct Fixture {
  explicit Fixture(uint64_t limit = 0, uint64_t most_bytes = kMostKeyListBytes)
      : memory(limit, "--memory-limit"), lists(2, &memory, most_bytes) {}

  absl::StatusOr<SharedKeys> Take(uint32_t rank, uint32_t shard, const BlockKeys& block,
                                  const std::vector<uint64_t>& keys = {},
                                  v1::TableKind kind = v1::TABLE_KIND_SPARSE) {
    v1::TableSpec table;
    table.set_kind(kind);
    return lists.Take(rank, table, Shard(shard), block, Payload::Of(KeyBytes(keys)));
  }
  absl::StatusOr<SharedKeys> Bring(uint32_t rank, uint32_t shard,
                                   const std::vector<uint64_t>& keys) {
    return Take(rank, shard, {.count = keys.size(), .list = HashOf(keys)}, keys);
  }
  absl::StatusOr<SharedKeys> Name(uint32_t rank, uint32_t shard,
                                  const std::vector<uint64_t>& keys) {
    return Take(rank, shard, {.count = keys.size(), .list = HashOf(keys), .held = true});
  }

  MemoryBudget memory;
  KeyLists lists;
};

std::vector<uint64_t> Plain(const absl::StatusOr<SharedKeys>& keys) {
  REQUIRE_OK(keys.status());
  return {keys->span().begin(), keys->span().end()};
}

bool Unknown(const absl::StatusOr<SharedKeys>& keys) {
  return RefusalKindOf(keys.status()) == Refusal::UNKNOWN_KEY_LIST;
}

TEST_CASE("what a rank brought with a name, it can name afterwards") {
  Fixture f;
  CHECK(Unknown(f.Name(0, 7, kKeys)));
  CHECK(Plain(f.Bring(0, 7, kKeys)) == kKeys);
  CHECK(Plain(f.Name(0, 7, kKeys)) == kKeys);
  CHECK(f.lists.hits() == 1);
  // Of this rank and this shard.
  CHECK(Unknown(f.Name(1, 7, kKeys)));
  CHECK(Unknown(f.Name(0, 8, kKeys)));
  CHECK(f.lists.hits() == 1);
  // Brought again: counted once.
  CHECK(Plain(f.Bring(0, 7, kKeys)) == kKeys);
  CHECK(f.memory.used() == KeyListBytes(3));
}

TEST_CASE("keys without a name are not remembered") {
  Fixture f;
  CHECK(Plain(f.Take(0, 7, {.count = 3}, kKeys)) == kKeys);
  CHECK(f.memory.used() == 0);
  CHECK(Unknown(f.Name(0, 7, kKeys)));
}

TEST_CASE("what is wrong with the keys of a block is refused and not remembered") {
  struct Case {
    std::string name;
    BlockKeys block;
    std::vector<uint64_t> keys;
    std::string message;
    v1::TableKind kind = v1::TABLE_KIND_SPARSE;
  };
  const uint64_t hash = HashOf(kKeys);
  const std::vector<uint64_t> descending = {5, 3, 8};
  const Case cases[] = {
      {"hash", {.count = 3, .list = hash + 1}, kKeys, "a key list with hash"},
      {"order", {.count = 3, .list = HashOf(descending)}, descending, "ascending"},
      {"fewer",
       {.count = 4, .list = hash},
       kKeys,
       "shard 7: 4 keys of 8 bytes expected, got 24 bytes"},
      {"unnamed", {.count = 3, .held = true}, {}, "the name of their list expected"},
      {"held, others", {.count = 4, .list = HashOf({1, 2}), .held = true}, {}, "2 keys expected"},
      {"dense", {.count = 3}, kKeys, "dense, no keys", v1::TABLE_KIND_DENSE},
      {"dense, named", {.list = hash}, {}, "dense, no keys", v1::TABLE_KIND_DENSE},
      {"dense, held", {.held = true}, {}, "dense, no keys", v1::TABLE_KIND_DENSE},
  };
  Fixture f;
  REQUIRE_OK(f.Bring(0, 7, {1, 2}).status());
  for (const Case& c : cases) {
    INFO(c.name);
    const absl::Status status = f.Take(0, 7, c.block, c.keys, c.kind).status();
    CHECK(RefusalKindOf(status) == Refusal::INVALID);
    CHECK(RefusalOf(status)->shard() == 7);
    CHECK_STATUS(status, absl::StatusCode::kInvalidArgument, c.message);
  }
  CHECK(f.memory.used() == KeyListBytes(2));
  CHECK(f.lists.hits() == 0);
  CHECK(Plain(f.Take(0, 7, {}, {}, v1::TABLE_KIND_DENSE)).empty());
}

TEST_CASE("keys in use outlive the list") {
  Fixture f;
  REQUIRE_OK(f.Bring(0, 7, kKeys).status());
  REQUIRE_OK(f.Bring(1, 7, kKeys).status());
  const absl::StatusOr<SharedKeys> held = f.Name(0, 7, kKeys);
  f.lists.Forget(0);
  CHECK(Plain(held) == kKeys);
  CHECK(Unknown(f.Name(0, 7, kKeys)));
  CHECK(Plain(f.Name(1, 7, kKeys)) == kKeys);
  CHECK(f.memory.used() == KeyListBytes(3));
}

TEST_CASE("a rank's oldest lists make room for new ones") {
  Fixture f(0, 2 * KeyListBytes(3));
  REQUIRE_OK(f.Bring(0, 1, kKeys).status());
  REQUIRE_OK(f.Bring(0, 2, kKeys).status());
  REQUIRE_OK(f.Bring(0, 3, kKeys).status());
  CHECK(Unknown(f.Name(0, 1, kKeys)));
  CHECK(Plain(f.Name(0, 2, kKeys)) == kKeys);
  CHECK(Plain(f.Name(0, 3, kKeys)) == kKeys);
  CHECK(f.memory.used() == 2 * KeyListBytes(3));
}

TEST_CASE("tables come first: the last quarter of the memory is theirs") {
  const uint64_t list = KeyListBytes(3);
  Fixture f(4 * list);
  for (uint32_t shard = 1; shard <= 3; ++shard) REQUIRE_OK(f.Bring(0, shard, kKeys).status());
  CHECK(f.memory.used() == 3 * list);
  // No room, no error.
  CHECK(Plain(f.Bring(1, 4, kKeys)) == kKeys);
  CHECK(f.memory.used() == 3 * list);
  // The tables grow into the last quarter: a list goes as the next is used.
  REQUIRE_OK(f.memory.Reserve(list, "rows"));
  CHECK(Plain(f.Name(0, 3, kKeys)) == kKeys);
  CHECK(f.memory.used() == 3 * list);
  CHECK(Unknown(f.Name(0, 1, kKeys)));
  // Up to the last.
  for (int i = 0; i < 2; ++i) REQUIRE_OK(f.memory.Reserve(list / 2, "rows"));
  CHECK(Plain(f.Name(0, 3, kKeys)) == kKeys);
  REQUIRE_OK(f.memory.Reserve(list, "rows"));
  CHECK(Plain(f.Name(0, 3, kKeys)) == kKeys);
  CHECK(Unknown(f.Name(0, 3, kKeys)));
  f.memory.Release(f.memory.used());
}

TEST_CASE("a list that finds no memory at all is not remembered") {
  Fixture f(100);
  CHECK(Plain(f.Bring(0, 7, kKeys)) == kKeys);
  CHECK(Unknown(f.Name(0, 7, kKeys)));
  CHECK(f.memory.used() == 0);
}

}  // namespace
}  // namespace paceline::server
