#include "server/core/rows/block.h"

#include <catch2/catch.hpp>
#include <cstdint>

#include "common/status/status_matchers.h"

namespace paceline::server {
namespace {

TEST_CASE("A block is unique while one reference is held") {
  BlockRef a = BlockRef::New(7);
  CHECK(a);
  CHECK(a->size() == 7);
  CHECK(a->floats().size() == 7);
  CHECK(reinterpret_cast<uintptr_t>(a->data()) % 64 == 0);
  CHECK(a.unique());
  {
    const BlockRef b = a;
    CHECK(!a.unique());
    CHECK(b.get() == a.get());
  }
  CHECK(a.unique());
  BlockRef moved = std::move(a);
  CHECK(moved.unique());
  CHECK(!a);  // NOLINT: a moved-from reference is null
  moved.mutable_data()[6] = 3;
  CHECK(moved->data()[6] == 3);
  moved.Reset();
  CHECK(!moved);
}

TEST_CASE("A released reference counts until it is adopted") {
  BlockRef a = BlockRef::New(1);
  BlockRef b = a;
  const Block* raw = b.Release();
  CHECK(!b);
  CHECK(!a.unique());
  BlockRef::Adopt(raw).Reset();
  CHECK(a.unique());
}

TEST_CASE("A shared owner holds the block") {
  BlockRef a = BlockRef::New(1);
  std::shared_ptr<const void> owner = a.Shared();
  CHECK(!a.unique());
  owner.reset();
  CHECK(a.unique());
}

TEST_CASE("Assignment drops the old block") {
  BlockRef a = BlockRef::New(1);
  BlockRef b = BlockRef::New(1);
  const BlockRef keep = a;
  a = b;
  CHECK(keep.unique());
  CHECK(a.get() == b.get());
  a = *&a;
  CHECK(a.get() == b.get());
}

TEST_CASE("A block that cannot be is refused") {
  CHECK_STATUS(BlockRef::Create(~uint64_t{0}), absl::StatusCode::kResourceExhausted, "");
  REQUIRE_OK(BlockRef::Create(3));
}

}  // namespace
}  // namespace paceline::server
