// Sparse buckets that admit and evict, against a plain map that does.
#include <algorithm>
#include <catch2/catch.hpp>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "common/status/status_matchers.h"
#include "server/core/rows/row_limits.h"
#include "server/core/rows/sparse_rows.h"

namespace paceline::server {
namespace {

// 16 rows to a chunk.
constexpr uint32_t kDim = 1000;
constexpr float kInitial = 0.5f;

v1::TableSpec Table(uint32_t dim) {
  v1::TableSpec table;
  table.set_name("t");
  table.set_kind(v1::TABLE_KIND_SPARSE);
  table.set_dim(dim);
  table.mutable_optimizer()->set_kind(v1::OPTIMIZER_KIND_ADD);
  table.mutable_initializer()->set_kind(v1::INITIALIZER_KIND_CONSTANT);
  table.mutable_initializer()->set_scale(kInitial);
  table.mutable_sparse()->set_admit_after(1);
  return table;
}

// The first value of each row; all others of a row are the same.
std::vector<float> Read(const SparseRows& rows, const std::vector<uint64_t>& keys,
                        Version version) {
  std::vector<float> out(keys.size() * rows.dim());
  rows.Read(keys, version, out.data());
  std::vector<float> values;
  for (size_t i = 0; i < keys.size(); ++i) values.push_back(out[i * rows.dim()]);
  return values;
}

absl::StatusOr<std::optional<NonFinite>> Push(SparseRows* rows, const std::vector<uint64_t>& keys,
                                              float value, uint64_t t,
                                              Keep keep = Keep::kPrevious) {
  const std::vector<float> gradient(keys.size() * rows->dim(), value);
  return rows->Apply(keys, ByteView::OfFloats(gradient), Step{.iteration = t}, keep);
}

// The rules of row_limits.h, over all rows each time.
class Model {
 public:
  struct Row {
    float value = kInitial;
    uint64_t used = 0;
  };
  using State = std::map<uint64_t, Row>;

  Model(const v1::TableSpec& table, uint64_t fit)
      : sparse_(table.sparse()), limits_(table.sparse(), {}), fit_(fit) {}

  void Apply(const std::vector<uint64_t>& keys, float value, uint64_t t) {
    previous_ = rows_;
    const uint64_t now = std::max(clock_, t);
    const bool sweep = limits_.SweepDue(clock_, now);
    clock_ = now;
    std::set<uint64_t> taken;
    for (const uint64_t key : keys) {
      if (rows_.contains(key) || waiting_[key].first + 1 >= limits_.admit_after()) {
        taken.insert(key);
        waiting_.erase(key);
      } else {
        waiting_[key] = {waiting_[key].first + 1, now};
      }
    }
    if (sweep) {
      std::erase_if(rows_, [&](const auto& row) {
        return !taken.contains(row.first) && limits_.Expired(now - row.second.used);
      });
      std::erase_if(waiting_,
                    [&](const auto& key) { return limits_.Expired(now - key.second.second); });
    }
    uint64_t created = 0;
    for (const uint64_t key : taken) created += !rows_.contains(key);
    if (fit_ > 0 && created > 0 && rows_.size() + created > fit_) Evict(taken, created);
    for (const uint64_t key : taken) {
      rows_[key].value += value;
      rows_[key].used = now;
    }
  }

  std::vector<float> Read(const State& state, const std::vector<uint64_t>& keys) const {
    std::vector<float> values;
    for (const uint64_t key : keys) {
      values.push_back(state.contains(key) ? state.at(key).value : kInitial);
    }
    return values;
  }
  const State& current() const { return rows_; }
  const State& previous() const { return previous_; }
  uint64_t waiting() const { return waiting_.size(); }

 private:
  void Evict(const std::set<uint64_t>& taken, uint64_t created) {
    std::vector<std::pair<uint64_t, uint64_t>> others;
    for (const auto& [key, row] : rows_) {
      if (!taken.contains(key)) others.push_back({row.used, key});
    }
    std::sort(others.begin(), others.end());
    const uint64_t over = rows_.size() + created - fit_;
    const uint64_t go = std::min<uint64_t>(others.size(), std::max(over, fit_ / 16));
    for (uint64_t i = 0; i < go; ++i) rows_.erase(others[i].second);
  }

  const v1::SparseLimits sparse_;
  const RowLimits limits_;
  const uint64_t fit_;
  State rows_, previous_;
  // Pushes, and the last of them.
  std::map<uint64_t, std::pair<uint32_t, uint64_t>> waiting_;
  uint64_t clock_ = 0;
};

std::vector<uint64_t> RandomKeys(std::mt19937* random, size_t most, uint64_t of) {
  std::set<uint64_t> keys;
  for (size_t i = (*random)() % (most + 1); i > 0; --i) keys.insert((*random)() % of * 977);
  return {keys.begin(), keys.end()};
}

void RandomOperations(uint32_t admit, uint64_t evict, uint64_t chunks, uint32_t seed) {
  INFO("admit " << admit << ", evict " << evict << ", chunks " << chunks << ", seed " << seed);
  std::mt19937 random(seed);
  v1::TableSpec table = Table(kDim);
  table.mutable_sparse()->set_admit_after(admit);
  table.mutable_sparse()->set_evict_after_iterations(evict);
  uint64_t fit = 0;
  MemoryBudget budget(0, "");
  if (chunks > 0) {
    table.mutable_sparse()->set_on_full(v1::ON_FULL_EVICT);
    // Made once to ask what rows take.
    table.mutable_sparse()->set_memory_bytes(uint64_t{1} << 40);
    REQUIRE_OK_AND_ASSIGN(const auto any, SparseRows::Create(table, 1, &budget));
    fit = 16 * chunks;
    table.mutable_sparse()->set_memory_bytes(any->TableBytes(fit));
  }
  REQUIRE_OK_AND_ASSIGN(std::unique_ptr<SparseRows> rows, SparseRows::Create(table, 1, &budget));
  Model model(table, fit);
  std::map<uint64_t, Model::State> pins;
  const bool bsp = random() % 2 == 0;
  for (uint64_t t = 0; t < 120; ++t) {
    const std::vector<uint64_t> keys = RandomKeys(&random, 12, 150);
    const auto value = static_cast<float>(random() % 8);
    switch (random() % 8) {
      case 0: {
        const bool previous = random() % 2 == 0;
        if (pins.contains(t) || pins.size() == kMaxPins) break;
        REQUIRE_OK(rows->Pin(t, previous ? Version::kPrevious : Version::kCurrent));
        pins[t] = previous && bsp ? model.previous() : model.current();
        break;
      }
      case 1:
        if (pins.empty()) break;
        REQUIRE_OK(rows->Unpin(pins.begin()->first));
        pins.erase(pins.begin());
        break;
      case 2: {
        const uint64_t at = bsp ? t : t - std::min<uint64_t>(t, random() % 4);
        REQUIRE_OK(rows->Advance(at, bsp ? Keep::kPrevious : Keep::kNothing));
        model.Apply({}, 0, at);
        break;
      }
      case 3: {
        // From a cut all goes on alike. Pins and the round before are not in it.
        REQUIRE_OK_AND_ASSIGN(const SparseSnapshot cut, rows->Snapshot());
        REQUIRE_OK_AND_ASSIGN(rows, SparseRows::Restore(table, 1, cut, &budget));
        pins.clear();
        REQUIRE_OK(Push(rows.get(), keys, value, t, bsp ? Keep::kPrevious : Keep::kNothing));
        model.Apply(keys, value, t);
        break;
      }
      default: {
        // Under SSP and ASP some come late.
        const uint64_t at = bsp ? t : t - std::min<uint64_t>(t, random() % 4);
        const std::vector<float> gradient(keys.size() * kDim, value);
        const auto* bytes = reinterpret_cast<const uint8_t*>(gradient.data());
        const size_t cut = gradient.empty() ? 0 : random() % (4 * gradient.size());
        REQUIRE_OK(rows->Apply(keys,
                               ByteView({{bytes, cut}, {bytes + cut, 4 * gradient.size() - cut}}),
                               Step{.iteration = at}, bsp ? Keep::kPrevious : Keep::kNothing));
        model.Apply(keys, value, at);
        if (!bsp) {
          const std::vector<uint64_t> all = RandomKeys(&random, 40, 150);
          REQUIRE(Read(*rows, all, Version::kPrevious) == model.Read(model.current(), all));
        }
      }
    }
    const std::vector<uint64_t> asked = RandomKeys(&random, 40, 150);
    REQUIRE(Read(*rows, asked, Version::kCurrent) == model.Read(model.current(), asked));
    if (bsp) REQUIRE(Read(*rows, asked, Version::kPrevious) == model.Read(model.previous(), asked));
    for (const auto& [pin, state] : pins) {
      std::vector<float> out(asked.size() * kDim);
      REQUIRE_OK(rows->ReadPinned(pin, asked, out.data()));
      for (size_t i = 0; i < asked.size(); ++i) {
        REQUIRE(out[i * kDim] == model.Read(state, {asked[i]})[0]);
      }
    }
    REQUIRE(rows->rows() == model.current().size());
    if (fit > 0) REQUIRE(rows->rows() <= fit);
    REQUIRE(rows->waiting() == model.waiting());
    REQUIRE(rows->MemoryBytes() == budget.used());
  }
  REQUIRE_OK_AND_ASSIGN(const SparseSnapshot last, rows->Snapshot());
  std::vector<uint64_t> keys;
  for (const auto& [key, row] : model.current()) keys.push_back(key);
  CHECK(last.keys == keys);
  for (size_t i = 0; i < last.row_used.size(); ++i) {
    CHECK(last.row_used[i] == model.current().at(last.keys[i]).used);
  }
}

TEST_CASE("Random operations give what a plain map with the same limits gives") {
  uint32_t seed = 0;
  for (int i = 0; i < 4; ++i) {
    for (const auto& [admit, evict, chunks] : std::vector<std::tuple<uint32_t, uint64_t, uint64_t>>{
             {3, 0, 0}, {1, 5, 0}, {1, 24, 0}, {1, 0, 3}, {2, 20, 3}}) {
      RandomOperations(admit, evict, chunks, ++seed);
    }
  }
}

TEST_CASE("The n-th push that names a key creates its row; what came before is dropped") {
  MemoryBudget budget(0, "");
  v1::TableSpec table = Table(2);
  table.mutable_sparse()->set_admit_after(3);
  REQUIRE_OK_AND_ASSIGN(const auto rows, SparseRows::Create(table, 1, &budget));
  REQUIRE_OK(Push(rows.get(), {1, 2}, 1, 0));
  REQUIRE_OK(Push(rows.get(), {1}, 1, 1));
  CHECK(rows->rows() == 0);
  CHECK(rows->waiting() == 2);
  CHECK(Read(*rows, {1, 2}, Version::kCurrent) == std::vector<float>{0.5, 0.5});
  REQUIRE_OK(Push(rows.get(), {1, 2}, 1, 2));
  CHECK(rows->rows() == 1);
  CHECK(rows->waiting() == 1);
  CHECK(rows->created() == 1);
  CHECK(Read(*rows, {1, 2}, Version::kCurrent) == std::vector<float>{1.5, 0.5});
  CHECK(Read(*rows, {1, 2}, Version::kPrevious) == std::vector<float>{0.5, 0.5});
}

TEST_CASE("A row that goes stays readable where it is pinned and in the round before") {
  MemoryBudget budget(0, "");
  v1::TableSpec table = Table(2);
  table.mutable_sparse()->set_evict_after_iterations(4);
  REQUIRE_OK_AND_ASSIGN(const auto rows, SparseRows::Create(table, 1, &budget));
  REQUIRE_OK(Push(rows.get(), {7}, 1, 0));
  REQUIRE_OK(rows->Pin(1, Version::kCurrent));
  REQUIRE_OK(Push(rows.get(), {8}, 1, 3));
  CHECK(rows->rows() == 2);
  // A round without a gradient.
  REQUIRE_OK(rows->Advance(4, Keep::kPrevious));
  CHECK(rows->rows() == 1);
  CHECK(rows->evicted() == 1);
  CHECK(Read(*rows, {7, 8}, Version::kCurrent) == std::vector<float>{0.5, 1.5});
  CHECK(Read(*rows, {7, 8}, Version::kPrevious) == std::vector<float>{1.5, 1.5});
  float out[4];
  REQUIRE_OK(rows->ReadPinned(1, {{7, 8}}, out));
  CHECK(out[0] == 1.5f);
  CHECK(out[2] == 0.5f);
  REQUIRE_OK(rows->Advance(5, Keep::kPrevious));
  CHECK(Read(*rows, {7, 8}, Version::kPrevious) == std::vector<float>{0.5, 1.5});
}

TEST_CASE("A full table refuses what is new and says what helps") {
  MemoryBudget budget(0, "");
  v1::TableSpec table = Table(kDim);
  table.mutable_sparse()->set_on_full(v1::ON_FULL_FAIL);
  table.mutable_sparse()->set_memory_bytes(64 * 70'000);
  REQUIRE_OK_AND_ASSIGN(const auto rows,
                        SparseRows::Create(table, 1, &budget, {.number = 1, .count = 64}));
  std::vector<uint64_t> keys;
  for (uint64_t key = 0; key < 16; ++key) keys.push_back(key);
  REQUIRE_OK(Push(rows.get(), keys, 1, 0));
  CHECK_STATUS(Push(rows.get(), {3, 99}, 1, 1), absl::StatusCode::kResourceExhausted,
               "table \"t\": a bucket's share of model.sparse.memory, 70000 bytes, holds 16 rows, "
               "and there are 16; a push needs 17: raise it, or set on_full: evict");
  CHECK(rows->rows() == 16);
  CHECK(Read(*rows, {3}, Version::kCurrent) == std::vector<float>{1.5});
  // What is there is still updated.
  REQUIRE_OK(Push(rows.get(), keys, 1, 1));

  table.mutable_sparse()->set_on_full(v1::ON_FULL_EVICT);
  REQUIRE_OK_AND_ASSIGN(const auto evicts,
                        SparseRows::Create(table, 1, &budget, {.number = 1, .count = 64}));
  keys.push_back(16);
  CHECK_STATUS(Push(evicts.get(), keys, 1, 0), absl::StatusCode::kResourceExhausted,
               "push fewer keys at a time");
  CHECK(evicts->rows() == 0);

  table.mutable_sparse()->set_memory_bytes(64 * 1000);
  CHECK_STATUS(SparseRows::Create(table, 1, &budget, {.number = 1, .count = 64}),
               absl::StatusCode::kInvalidArgument, "each of 64 buckets has 1000 bytes");
}

TEST_CASE("A push that does not fit lets nothing go and counts no key") {
  v1::TableSpec table = Table(kDim);
  table.mutable_sparse()->set_admit_after(2);
  table.mutable_sparse()->set_evict_after_iterations(4);
  MemoryBudget tight(200'000, "--memory-limit");
  REQUIRE_OK_AND_ASSIGN(const auto rows, SparseRows::Create(table, 1, &tight));
  REQUIRE_OK(Push(rows.get(), {1, 2}, 1, 0));
  REQUIRE_OK(Push(rows.get(), {1, 2}, 1, 1));
  std::vector<uint64_t> many;
  for (uint64_t key = 10; key < 3000; ++key) many.push_back(key);
  CHECK_STATUS(Push(rows.get(), many, 1, 100), absl::StatusCode::kResourceExhausted,
               "--memory-limit");
  CHECK(rows->rows() == 2);
  CHECK(rows->waiting() == 0);
  CHECK(rows->evicted() == 0);
  CHECK(rows->MemoryBytes() == tight.used());
}

TEST_CASE("Rows of a cut without ages are as old as the cut") {
  MemoryBudget budget(0, "");
  v1::TableSpec table = Table(1);
  SparseSnapshot old;
  old.keys = {3, 5};
  old.rows = {1, 2};
  old.clock = 100;
  table.mutable_sparse()->set_evict_after_iterations(8);
  REQUIRE_OK_AND_ASSIGN(const auto rows, SparseRows::Restore(table, 1, old, &budget));
  REQUIRE_OK(Push(rows.get(), {3}, 1, 107));
  CHECK(rows->rows() == 2);
  REQUIRE_OK(Push(rows.get(), {3}, 1, 108));
  CHECK(rows->rows() == 1);
  // Ages that a cut cannot have.
  old.row_used = {1, 101};
  CHECK_STATUS(SparseRows::Restore(table, 1, old, &budget), absl::StatusCode::kDataLoss,
               "another shape");
  old.row_used = {1};
  CHECK_STATUS(SparseRows::Restore(table, 1, old, &budget), absl::StatusCode::kDataLoss,
               "another shape");
}

}  // namespace
}  // namespace paceline::server
