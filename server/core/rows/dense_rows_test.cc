#include "server/core/rows/dense_rows.h"

#include <atomic>
#include <catch2/catch.hpp>
#include <cstring>
#include <random>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "common/status/status_matchers.h"

namespace paceline::server {
namespace {

v1::TableSpec Table(v1::OptimizerKind kind, uint64_t rows, uint32_t dim) {
  v1::TableSpec table;
  table.set_name("t");
  table.set_kind(v1::TABLE_KIND_DENSE);
  table.set_rows(rows);
  table.set_dim(dim);
  table.mutable_optimizer()->set_kind(kind);
  table.mutable_initializer()->set_kind(v1::INITIALIZER_KIND_NORMAL);
  table.mutable_initializer()->set_scale(1);
  return table;
}

v1::ShardSpec Shard(uint64_t first_row, uint64_t rows) {
  v1::ShardSpec shard;
  shard.set_shard(3);
  shard.set_first_row(first_row);
  shard.set_rows(rows);
  return shard;
}

// A shard of a whole table with a budget of its own.
struct Fixture {
  MemoryBudget budget{0, "--table-memory"};
  std::unique_ptr<DenseRows> rows;

  Fixture(v1::OptimizerKind kind, uint64_t count, uint32_t dim) {
    auto created = DenseRows::Create(Table(kind, count, dim), Shard(0, count), 1, &budget);
    REQUIRE_OK(created);
    rows = *std::move(created);
  }
  ~Fixture() {
    rows.reset();
    CHECK(budget.used() == 0);
  }
  void Add(float value, Keep keep) {
    const std::vector<float> g(rows->size(), value);
    const auto bad = rows->Apply(ByteView::OfFloats(g), {}, keep);
    REQUIRE_OK(bad);
    REQUIRE(!*bad);
    CHECK(rows->MemoryBytes() == budget.used());
  }
};

std::vector<float> Copy(const BlockRef& block) {
  return {block->floats().begin(), block->floats().end()};
}

TEST_CASE("Initial rows do not depend on the sharding") {
  MemoryBudget budget(0, "");
  const v1::TableSpec table = Table(v1::OPTIMIZER_KIND_SGD, 10, 3);
  REQUIRE_OK_AND_ASSIGN(const auto whole, DenseRows::Create(table, Shard(0, 10), 1, &budget));
  const std::vector<float> all = Copy(whole->Read(Version::kCurrent));
  CHECK(all.size() == 30);
  for (const uint64_t cut : {1, 4, 9}) {
    REQUIRE_OK_AND_ASSIGN(const auto low, DenseRows::Create(table, Shard(0, cut), 1, &budget));
    REQUIRE_OK_AND_ASSIGN(const auto high,
                          DenseRows::Create(table, Shard(cut, 10 - cut), 1, &budget));
    std::vector<float> joined = Copy(low->Read(Version::kCurrent));
    const std::vector<float> rest = Copy(high->Read(Version::kCurrent));
    joined.insert(joined.end(), rest.begin(), rest.end());
    CHECK(joined == all);
  }
  REQUIRE_OK_AND_ASSIGN(const auto other, DenseRows::Create(table, Shard(0, 10), 2, &budget));
  CHECK(Copy(other->Read(Version::kCurrent)) != all);
}

TEST_CASE("BSP keeps the rows of the previous round") {
  Fixture f(v1::OPTIMIZER_KIND_ADD, 5, 7);
  std::vector<float> expected = Copy(f.rows->Read(Version::kCurrent));
  CHECK(Copy(f.rows->Read(Version::kPrevious)) == expected);
  for (int round = 0; round < 10; ++round) {
    const std::vector<float> before = expected;
    for (float& v : expected) v += static_cast<float>(round);
    f.Add(static_cast<float>(round), Keep::kPrevious);
    CHECK(Copy(f.rows->Read(Version::kCurrent)) == expected);
    CHECK(Copy(f.rows->Read(Version::kPrevious)) == before);
    if (round % 3 == 2) {
      f.rows->Advance();
      CHECK(Copy(f.rows->Read(Version::kCurrent)) == expected);
      CHECK(Copy(f.rows->Read(Version::kPrevious)) == expected);
    }
  }
  // Without Keep::kPrevious there is none.
  f.Add(1, Keep::kNothing);
  CHECK(f.rows->Read(Version::kPrevious).get() == f.rows->Read(Version::kCurrent).get());
}

TEST_CASE("In a steady state no block is allocated") {
  SECTION("BSP, two blocks") {
    Fixture f(v1::OPTIMIZER_KIND_ADAM, 4, 4);
    std::set<const Block*> seen;
    for (int i = 0; i < 20; ++i) {
      f.Add(1, Keep::kPrevious);
      seen.insert(f.rows->Read(Version::kCurrent).get());
    }
    CHECK(seen.size() == 2);
    CHECK(f.rows->MemoryBytes() == (2 + 2) * 16 * 4);
  }
  SECTION("BSP with a reader that is one round behind, three blocks") {
    Fixture f(v1::OPTIMIZER_KIND_SGD, 4, 4);
    std::set<const Block*> seen;
    BlockRef reader, slow_reader;
    for (int i = 0; i < 20; ++i) {
      slow_reader = reader;
      reader = f.rows->Read(Version::kCurrent);
      f.Add(1, Keep::kPrevious);
      seen.insert(f.rows->Read(Version::kCurrent).get());
    }
    CHECK(seen.size() == 3);
  }
  SECTION("SSP without readers, in place") {
    Fixture f(v1::OPTIMIZER_KIND_SGD, 4, 4);
    std::set<const Block*> seen;
    for (int i = 0; i < 20; ++i) {
      f.Add(1, Keep::kNothing);
      seen.insert(f.rows->Read(Version::kCurrent).get());
    }
    CHECK(seen.size() == 1);
    CHECK(f.rows->MemoryBytes() == 16 * 4);
  }
  SECTION("SSP with a reader, two blocks") {
    Fixture f(v1::OPTIMIZER_KIND_SGD, 4, 4);
    std::set<const Block*> seen;
    for (int i = 0; i < 20; ++i) {
      const BlockRef reader = f.rows->Read(Version::kCurrent);
      f.Add(1, Keep::kNothing);
      seen.insert(f.rows->Read(Version::kCurrent).get());
    }
    CHECK(seen.size() == 2);
  }
}

TEST_CASE("Held blocks never change, and cost the shard nothing for ever") {
  for (const Keep keep : {Keep::kNothing, Keep::kPrevious}) {
    Fixture f(v1::OPTIMIZER_KIND_ADD, 3, 3);
    std::mt19937 random(1);
    struct Held {
      BlockRef block;
      std::vector<float> copy;
    };
    std::vector<Held> held;
    for (int i = 0; i < 300; ++i) {
      if (random() % 2 == 0) {
        const BlockRef block =
            f.rows->Read(random() % 2 == 0 ? Version::kCurrent : Version::kPrevious);
        held.push_back({block, Copy(block)});
      }
      if (held.size() > 10) held.erase(held.begin() + static_cast<long>(random() % held.size()));
      f.Add(1, keep);
      for (const Held& h : held) REQUIRE(Copy(h.block) == h.copy);
      // Current, previous, two to use again.
      REQUIRE(f.rows->MemoryBytes() <= 4 * 9 * 4);
    }
  }
}

TEST_CASE("Readers on other threads see whole blocks") {
  Fixture f(v1::OPTIMIZER_KIND_ADD, 64, 64);
  // All elements start alike and stay alike.
  {
    std::vector<float> g = Copy(f.rows->Read(Version::kCurrent));
    for (float& v : g) v = -v;
    REQUIRE_OK(f.rows->Apply(ByteView::OfFloats(g), {}, Keep::kNothing));
  }
  constexpr int kReaders = 3;
  std::atomic<const Block*> mailbox[kReaders] = {};
  std::atomic<bool> stop{false};
  std::atomic<int> torn{0};
  std::atomic<int> read{0};
  std::vector<std::thread> readers;
  for (auto& box : mailbox) {
    readers.emplace_back([&box, &stop, &torn, &read] {
      while (!stop) {
        const Block* raw = box.exchange(nullptr);
        if (raw == nullptr) {
          std::this_thread::yield();
          continue;
        }
        const BlockRef block = BlockRef::Adopt(raw);
        for (const float v : block->floats()) {
          if (v != block->data()[0]) ++torn;
        }
        ++read;
      }
    });
  }
  while (read < 300) {
    for (auto& box : mailbox) {
      BlockRef::Adopt(box.exchange(f.rows->Read(Version::kCurrent).Release()));
    }
    f.Add(1, read % 2 == 0 ? Keep::kNothing : Keep::kPrevious);
  }
  stop = true;
  for (std::thread& reader : readers) reader.join();
  for (auto& box : mailbox) BlockRef::Adopt(box.exchange(nullptr));
  CHECK(torn == 0);
}

TEST_CASE("A pin holds its rows while updates go on") {
  for (const Keep keep : {Keep::kNothing, Keep::kPrevious}) {
    Fixture f(v1::OPTIMIZER_KIND_ADD, 2, 3);
    const std::vector<float> first = Copy(f.rows->Read(Version::kCurrent));
    f.Add(1, keep);
    const std::vector<float> second = Copy(f.rows->Read(Version::kCurrent));
    const std::vector<float> previous = Copy(f.rows->Read(Version::kPrevious));
    CHECK(previous == (keep == Keep::kPrevious ? first : second));
    REQUIRE_OK(f.rows->Pin(7, Version::kCurrent));
    REQUIRE_OK(f.rows->Pin(8, Version::kPrevious));
    for (int i = 0; i < 5; ++i) f.Add(1, keep);
    REQUIRE_OK_AND_ASSIGN(const BlockRef seven, f.rows->ReadPinned(7));
    REQUIRE_OK_AND_ASSIGN(const BlockRef eight, f.rows->ReadPinned(8));
    CHECK(Copy(seven) == second);
    CHECK(Copy(eight) == previous);
    CHECK_STATUS(f.rows->Pin(7, Version::kCurrent), absl::StatusCode::kAlreadyExists, "pin 7");
    REQUIRE_OK(f.rows->Unpin(7));
    CHECK_STATUS(f.rows->ReadPinned(7), absl::StatusCode::kNotFound, "pin 7");
    CHECK_STATUS(f.rows->Unpin(7), absl::StatusCode::kNotFound, "pin 7");
    for (uint64_t pin = 100; pin < 100 + kMaxPins - 1; ++pin) {
      REQUIRE_OK(f.rows->Pin(pin, Version::kCurrent));
    }
    CHECK_STATUS(f.rows->Pin(200, Version::kCurrent), absl::StatusCode::kResourceExhausted,
                 "at most 8 pins");
    for (uint64_t pin = 100; pin < 100 + kMaxPins - 1; ++pin) REQUIRE_OK(f.rows->Unpin(pin));
    REQUIRE_OK(f.rows->Unpin(8));
    f.Add(1, keep);
  }
}

TEST_CASE("A snapshot has rows and slots of one moment") {
  Fixture f(v1::OPTIMIZER_KIND_ADAM, 2, 3);
  f.Add(2, Keep::kPrevious);
  const std::vector<float> rows = Copy(f.rows->Read(Version::kCurrent));
  REQUIRE_OK_AND_ASSIGN(const DenseSnapshot snapshot, f.rows->Snapshot());
  REQUIRE(snapshot.slots.size() == 2);
  const std::vector<float> m = Copy(snapshot.slots[0]);
  CHECK(m[0] == Approx(0.2));
  CHECK(Copy(snapshot.slots[1])[5] == Approx(0.004));
  const std::vector<float> g(f.rows->size(), 5);
  for (int i = 0; i < 3; ++i) {
    REQUIRE_OK(f.rows->Apply(ByteView::OfFloats(g), {}, Keep::kPrevious));
  }
  CHECK(Copy(snapshot.rows) == rows);
  CHECK(Copy(snapshot.slots[0]) == m);
}

TEST_CASE("A snapshot is paid for when it is taken, and once") {
  for (const Keep keep : {Keep::kPrevious, Keep::kNothing}) {
    Fixture f(v1::OPTIMIZER_KIND_ADAM, 2, 3);
    for (int i = 0; i < 3; ++i) f.Add(1, keep);
    const uint64_t before = f.budget.used();
    const uint64_t copies = 3 * f.rows->size() * sizeof(float);
    {
      REQUIRE_OK_AND_ASSIGN(const DenseSnapshot snapshot, f.rows->Snapshot());
      CHECK(f.budget.used() == before + copies);
      CHECK_STATUS(f.rows->Snapshot(), absl::StatusCode::kFailedPrecondition,
                   "still being written");
      const std::vector<float> g(f.rows->size(), 5);
      for (int i = 0; i < 3; ++i) {
        REQUIRE_OK(f.rows->Apply(ByteView::OfFloats(g), {}, keep));
        CHECK(f.budget.used() <= before + 2 * copies);
      }
    }
    // The next updates give back what was kept for it, but for a spare block.
    for (int i = 0; i < 3; ++i) f.Add(1, keep);
    CHECK(f.budget.used() <= before + copies / 3);
  }
}

TEST_CASE("A value that is not finite is named by its row in the table") {
  MemoryBudget budget(0, "");
  REQUIRE_OK_AND_ASSIGN(const auto rows, DenseRows::Create(Table(v1::OPTIMIZER_KIND_SGD, 100, 5),
                                                           Shard(40, 20), 1, &budget));
  std::vector<float> g(100, 1);
  g[17] = std::numeric_limits<float>::quiet_NaN();
  const float before = rows->Read(Version::kCurrent)->data()[17];
  REQUIRE_OK_AND_ASSIGN(const auto bad, rows->Apply(ByteView::OfFloats(g), {}, Keep::kPrevious));
  CHECK(bad == NonFinite{.row = 43, .column = 2});
  CHECK(rows->Read(Version::kCurrent)->data()[17] == before);
}

TEST_CASE("Wrong sizes and shards are refused") {
  Fixture f(v1::OPTIMIZER_KIND_SGD, 4, 4);
  const std::vector<float> before = Copy(f.rows->Read(Version::kCurrent));
  for (const size_t size : {0, 15, 17}) {
    CHECK_STATUS(f.rows->Apply(ByteView::OfFloats(std::vector<float>(size)), {}, Keep::kPrevious),
                 absl::StatusCode::kInvalidArgument, "a gradient of 64 bytes expected, got");
  }
  CHECK(Copy(f.rows->Read(Version::kCurrent)) == before);
  const v1::TableSpec table = Table(v1::OPTIMIZER_KIND_SGD, 4, 4);
  for (const v1::ShardSpec& shard :
       {Shard(0, 0), Shard(0, 5), Shard(4, 1), Shard(5, 1), Shard(1, ~uint64_t{0})}) {
    CHECK_STATUS(DenseRows::Create(table, shard, 1, &f.budget), absl::StatusCode::kInvalidArgument,
                 "shard 3: rows [");
  }
  v1::TableSpec optimizer = table;
  optimizer.mutable_optimizer()->set_learning_rate(-1);
  CHECK_STATUS(DenseRows::Create(optimizer, Shard(0, 4), 1, &f.budget),
               absl::StatusCode::kInvalidArgument, "learning_rate");
  v1::TableSpec initializer = table;
  initializer.mutable_initializer()->set_scale(-1);
  CHECK_STATUS(DenseRows::Create(initializer, Shard(0, 4), 1, &f.budget),
               absl::StatusCode::kInvalidArgument, "initializer");
}

TEST_CASE("The budget is asked before anything changes") {
  constexpr uint64_t kBlock = 16 * 4;
  const v1::TableSpec table = Table(v1::OPTIMIZER_KIND_ADAM, 4, 4);
  MemoryBudget small(3 * kBlock - 1, "--table-memory");
  CHECK_STATUS(DenseRows::Create(table, Shard(0, 4), 1, &small),
               absl::StatusCode::kResourceExhausted, "--table-memory");
  CHECK(small.used() == 0);

  MemoryBudget tight(4 * kBlock, "--table-memory");
  REQUIRE_OK_AND_ASSIGN(const auto rows, DenseRows::Create(table, Shard(0, 4), 1, &tight));
  const std::vector<float> g(16, 1);
  REQUIRE_OK(rows->Apply(ByteView::OfFloats(g), {}, Keep::kPrevious));
  CHECK(tight.used() == 4 * kBlock);
  // A reader of the previous rows, and no room for a third block.
  BlockRef reader = rows->Read(Version::kPrevious);
  const std::vector<float> before = Copy(rows->Read(Version::kCurrent));
  const std::vector<float> previous = Copy(reader);
  CHECK_STATUS(rows->Apply(ByteView::OfFloats(g), {}, Keep::kPrevious),
               absl::StatusCode::kResourceExhausted, "table \"t\": 64 bytes more");
  CHECK(Copy(rows->Read(Version::kCurrent)) == before);
  CHECK(Copy(rows->Read(Version::kPrevious)) == previous);
  CHECK_STATUS(rows->Snapshot(), absl::StatusCode::kResourceExhausted, "--table-memory");
  reader.Reset();
  REQUIRE_OK(rows->Apply(ByteView::OfFloats(g), {}, Keep::kPrevious));
}

}  // namespace
}  // namespace paceline::server
