#include "server/core/rows/sparse_rows.h"

#include <catch2/catch.hpp>
#include <limits>
#include <map>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "common/status/status_matchers.h"
#include "server/core/rows/update.h"

namespace paceline::server {
namespace {

v1::TableSpec Table(v1::OptimizerKind kind, uint32_t dim) {
  v1::TableSpec table;
  table.set_name("t");
  table.set_kind(v1::TABLE_KIND_SPARSE);
  table.set_dim(dim);
  table.mutable_optimizer()->set_kind(kind);
  table.mutable_initializer()->set_kind(v1::INITIALIZER_KIND_UNIFORM);
  table.mutable_initializer()->set_scale(1);
  return table;
}

struct ModelRow {
  std::vector<float> w, a, b;
  uint64_t steps = 0;
};

// What SparseRows promises, row by row, with whole copies of older states.
class Model {
 public:
  using State = std::map<uint64_t, ModelRow>;

  explicit Model(const v1::TableSpec& table)
      : dim_(table.dim()),
        optimizer_(*Optimizer::Create(table)),
        initializer_(*Initializer::Create(table, 1)) {}

  void Apply(const std::vector<uint64_t>& keys, const std::vector<float>& g, const Step& step,
             Keep keep) {
    const State before = current_;
    for (size_t i = 0; i < keys.size(); ++i) {
      ModelRow& row = current_[keys[i]];
      if (row.w.empty()) {
        row.w = Initial(keys[i]);
        for (const float w : row.w) {
          row.a.push_back(optimizer_.InitialSlot(0, w));
          row.b.push_back(optimizer_.InitialSlot(1, w));
        }
      }
      StepScalars scalars = optimizer_.Scalars(step);
      if (optimizer_.counts_steps()) {
        optimizer_.Corrections(++row.steps, &scalars.correction1, &scalars.correction2);
      }
      RunOfRows run;
      run.src = run.dst = row.w.data();
      run.slots[0] = row.a.data();
      run.slots[1] = row.b.data();
      UpdateRun(optimizer_.rule(), scalars, run,
                ByteView::OfFloats(absl::MakeConstSpan(g).subspan(i * dim_, dim_)));
    }
    previous_ = keep == Keep::kPrevious ? before : current_;
  }
  void Advance() { previous_ = current_; }
  const State& current() const { return current_; }
  const State& previous() const { return previous_; }

  std::vector<float> Read(const State& state, const std::vector<uint64_t>& keys) const {
    std::vector<float> out;
    for (const uint64_t key : keys) {
      const auto found = state.find(key);
      const std::vector<float> row = found == state.end() ? Initial(key) : found->second.w;
      out.insert(out.end(), row.begin(), row.end());
    }
    return out;
  }

 private:
  std::vector<float> Initial(uint64_t key) const {
    std::vector<float> row(dim_);
    initializer_.Fill(key, row.data());
    return row;
  }

  const uint32_t dim_;
  const Optimizer optimizer_;
  const Initializer initializer_;
  State current_, previous_;
};

std::vector<float> Read(const SparseRows& rows, const std::vector<uint64_t>& keys,
                        Version version) {
  std::vector<float> out(keys.size() * rows.dim());
  rows.Read(keys, version, out.data());
  return out;
}

std::vector<uint64_t> RandomKeys(std::mt19937* random, size_t most) {
  std::set<uint64_t> keys;
  for (size_t i = (*random)() % (most + 1); i > 0; --i) keys.insert((*random)() % 150 * 977);
  return {keys.begin(), keys.end()};
}

void CheckSnapshot(const SparseRows& rows, const Model& model) {
  REQUIRE_OK_AND_ASSIGN(const SparseSnapshot snapshot, rows.Snapshot());
  SparseSnapshot want;
  want.slots.resize(rows.optimizer().slots());
  for (const auto& [key, row] : model.current()) {
    want.keys.push_back(key);
    want.rows.insert(want.rows.end(), row.w.begin(), row.w.end());
    if (want.slots.size() > 0)
      want.slots[0].insert(want.slots[0].end(), row.a.begin(), row.a.end());
    if (want.slots.size() > 1)
      want.slots[1].insert(want.slots[1].end(), row.b.begin(), row.b.end());
    if (rows.optimizer().counts_steps()) want.row_steps.push_back(row.steps);
  }
  CHECK(snapshot.keys == want.keys);
  CHECK(snapshot.rows == want.rows);
  CHECK(snapshot.slots == want.slots);
  CHECK(snapshot.row_steps == want.row_steps);
}

void RandomOperations(v1::OptimizerKind kind, uint32_t dim, uint32_t seed) {
  INFO(v1::OptimizerKind_Name(kind) << ", dim " << dim << ", seed " << seed);
  std::mt19937 random(seed);
  std::normal_distribution<float> normal;
  const v1::TableSpec table = Table(kind, dim);
  MemoryBudget budget(0, "");
  auto created = SparseRows::Create(table, 1, &budget);
  REQUIRE_OK(created);
  SparseRows& rows = **created;
  Model model(table);
  std::map<uint64_t, Model::State> pins;
  const bool bsp = random() % 2 == 0;
  for (int i = 0; i < 50; ++i) {
    const std::vector<uint64_t> keys = RandomKeys(&random, 30);
    switch (random() % 8) {
      case 0: {
        const uint64_t pin = random() % 12;
        const bool previous = random() % 2 == 0;
        const absl::Status status =
            rows.Pin(pin, previous ? Version::kPrevious : Version::kCurrent);
        if (pins.contains(pin)) {
          CHECK(absl::IsAlreadyExists(status));
        } else if (pins.size() == kMaxPins) {
          CHECK_STATUS(status, absl::StatusCode::kResourceExhausted, "at most 8 pins");
        } else {
          CHECK_OK(status);
          pins[pin] = previous ? model.previous() : model.current();
        }
        break;
      }
      case 1: {
        const uint64_t pin = random() % 12;
        CHECK(rows.Unpin(pin).ok() == (pins.erase(pin) == 1));
        break;
      }
      case 2:
        REQUIRE_OK(rows.Advance(static_cast<uint64_t>(i), Keep::kPrevious));
        model.Advance();
        break;
      default: {
        std::vector<float> g(keys.size() * dim);
        for (float& v : g) v = normal(random);
        const auto* bytes = reinterpret_cast<const uint8_t*>(g.data());
        const size_t cut = g.empty() ? 0 : random() % (4 * g.size());
        const Step step{.iteration = static_cast<uint64_t>(i), .number = 1, .share = 0.5};
        const Keep keep = bsp ? Keep::kPrevious : Keep::kNothing;
        const auto bad = rows.Apply(
            keys, ByteView({{bytes, cut}, {bytes + cut, 4 * g.size() - cut}}), step, keep);
        REQUIRE_OK(bad);
        REQUIRE(!*bad);
        model.Apply(keys, g, step, keep);
      }
    }
    const std::vector<uint64_t> asked = RandomKeys(&random, 20);
    REQUIRE(Read(rows, asked, Version::kCurrent) == model.Read(model.current(), asked));
    REQUIRE(Read(rows, asked, Version::kPrevious) == model.Read(model.previous(), asked));
    for (const auto& [pin, state] : pins) {
      std::vector<float> out(asked.size() * dim);
      REQUIRE_OK(rows.ReadPinned(pin, asked, out.data()));
      REQUIRE(out == model.Read(state, asked));
    }
    REQUIRE(rows.rows() == model.current().size());
    REQUIRE(rows.MemoryBytes() == budget.used());
  }
  CheckSnapshot(rows, model);
  created->reset();
  CHECK(budget.used() == 0);
}

TEST_CASE("Random operations give what a plain map gives") {
  uint32_t seed = 0;
  for (int kind = v1::OPTIMIZER_KIND_SGD; kind <= v1::OPTIMIZER_KIND_SUM; ++kind) {
    for (const uint32_t dim : {1, 9, 16, 70}) {
      RandomOperations(static_cast<v1::OptimizerKind>(kind), dim, ++seed);
    }
  }
}

TEST_CASE("Reading creates nothing") {
  MemoryBudget budget(0, "");
  REQUIRE_OK_AND_ASSIGN(const auto rows,
                        SparseRows::Create(Table(v1::OPTIMIZER_KIND_SGD, 2), 1, &budget));
  const std::vector<float> first = Read(*rows, {1, 2, 3}, Version::kCurrent);
  CHECK(first == Read(*rows, {1, 2, 3}, Version::kPrevious));
  CHECK(rows->rows() == 0);
  CHECK(budget.used() == 0);
  CHECK(rows->Snapshot()->keys.empty());
  // A push of zeros creates the row with the value that was read.
  REQUIRE_OK(rows->Apply({2}, ByteView::OfFloats({0, 0}), {}, Keep::kNothing));
  CHECK(rows->rows() == 1);
  CHECK(Read(*rows, {1, 2, 3}, Version::kCurrent) == first);
}

TEST_CASE("Rows do not move as the bucket grows") {
  MemoryBudget budget(0, "");
  REQUIRE_OK_AND_ASSIGN(const auto rows,
                        SparseRows::Create(Table(v1::OPTIMIZER_KIND_ADD, 3), 1, &budget));
  std::vector<uint64_t> keys;
  for (uint64_t key = 0; key < 20'000; ++key) keys.push_back(key);
  const std::vector<float> initial = Read(*rows, keys, Version::kCurrent);
  const std::vector<float> ones(60'000, 1);
  REQUIRE_OK(rows->Apply(keys, ByteView::OfFloats(ones), {}, Keep::kPrevious));
  std::vector<float> want = initial;
  for (float& v : want) v += 1;
  CHECK(Read(*rows, keys, Version::kCurrent) == want);
  CHECK(Read(*rows, keys, Version::kPrevious) == initial);
  // The accounting covers at least the floats and keys.
  CHECK(rows->MemoryBytes() >= 20'000 * (8 + 12) * 2);
}

TEST_CASE("A value that is not finite is named by key and column") {
  for (const uint32_t dim : {3, 70}) {
    MemoryBudget budget(0, "");
    REQUIRE_OK_AND_ASSIGN(const auto rows,
                          SparseRows::Create(Table(v1::OPTIMIZER_KIND_ADAGRAD, dim), 1, &budget));
    const std::vector<uint64_t> keys = {10, 20, 30};
    const std::vector<float> before = Read(*rows, keys, Version::kCurrent);
    std::vector<float> g(3 * dim, 1);
    g[dim + 2] = std::numeric_limits<float>::infinity();
    g[2 * dim] = std::numeric_limits<float>::quiet_NaN();
    REQUIRE_OK_AND_ASSIGN(const auto bad,
                          rows->Apply(keys, ByteView::OfFloats(g), {}, Keep::kNothing));
    CHECK(bad == NonFinite{.row = 20, .column = 2});
    const std::vector<float> after = Read(*rows, keys, Version::kCurrent);
    for (size_t i = 0; i < g.size(); ++i) {
      CHECK((after[i] == before[i]) == (i == dim + 2 || i == 2 * dim));
    }
  }
}

TEST_CASE("Wrong sizes, tables and pins are refused") {
  MemoryBudget budget(0, "");
  REQUIRE_OK_AND_ASSIGN(const auto rows,
                        SparseRows::Create(Table(v1::OPTIMIZER_KIND_SGD, 2), 1, &budget));
  CHECK_STATUS(rows->Apply({1, 2}, ByteView::OfFloats({1, 2, 3}), {}, Keep::kPrevious),
               absl::StatusCode::kInvalidArgument,
               "table \"t\": a gradient of 16 bytes expected for 2 keys, got 12");
  CHECK(rows->rows() == 0);
  CHECK_STATUS(rows->Unpin(5), absl::StatusCode::kNotFound, "pin 5");
  float out[2];
  CHECK_STATUS(rows->ReadPinned(5, {1}, out), absl::StatusCode::kNotFound, "pin 5");
  v1::TableSpec optimizer = Table(v1::OPTIMIZER_KIND_SGD, 2);
  optimizer.mutable_optimizer()->set_learning_rate(-1);
  CHECK_STATUS(SparseRows::Create(optimizer, 1, &budget), absl::StatusCode::kInvalidArgument,
               "learning_rate");
  v1::TableSpec initializer = Table(v1::OPTIMIZER_KIND_SGD, 2);
  initializer.mutable_initializer()->set_scale(-1);
  CHECK_STATUS(SparseRows::Create(initializer, 1, &budget), absl::StatusCode::kInvalidArgument,
               "initializer");
}

TEST_CASE("A push that does not fit changes nothing") {
  MemoryBudget budget(200'000, "--table-memory");
  REQUIRE_OK_AND_ASSIGN(const auto rows,
                        SparseRows::Create(Table(v1::OPTIMIZER_KIND_ADAM, 4), 1, &budget));
  const std::vector<float> one(4, 1);
  REQUIRE_OK(rows->Apply({7}, ByteView::OfFloats(one), {}, Keep::kPrevious));
  REQUIRE_OK(rows->Pin(1, Version::kCurrent));
  const std::vector<float> current = Read(*rows, {7}, Version::kCurrent);
  const std::vector<float> previous = Read(*rows, {7}, Version::kPrevious);
  const uint64_t used = budget.used();
  std::vector<uint64_t> keys;
  for (uint64_t key = 0; key < 5000; ++key) keys.push_back(key);
  const std::vector<float> g(20'000, 1);
  CHECK_STATUS(rows->Apply(keys, ByteView::OfFloats(g), {}, Keep::kPrevious),
               absl::StatusCode::kResourceExhausted, "--table-memory");
  CHECK(rows->rows() == 1);
  CHECK(budget.used() == used);
  CHECK(Read(*rows, {7}, Version::kCurrent) == current);
  CHECK(Read(*rows, {7}, Version::kPrevious) == previous);
  CHECK(rows->Snapshot()->row_steps == std::vector<uint64_t>{1});
  // What fits is still taken.
  REQUIRE_OK(rows->Apply({7, 8}, ByteView::OfFloats({g.data(), 8}), {}, Keep::kPrevious));
  CHECK(Read(*rows, {7}, Version::kPrevious) == current);
}

TEST_CASE("A pin that does not fit is refused") {
  MemoryBudget budget(0, "");
  MemoryBudget tight(140'000, "--table-memory");
  REQUIRE_OK_AND_ASSIGN(const auto rows,
                        SparseRows::Create(Table(v1::OPTIMIZER_KIND_SGD, 4), 1, &tight));
  std::vector<uint64_t> keys;
  for (uint64_t key = 0; key < 800; ++key) keys.push_back(key);
  REQUIRE_OK(rows->Apply(keys, ByteView::OfFloats(std::vector<float>(3200)), {}, Keep::kPrevious));
  CHECK_STATUS(rows->Pin(1, Version::kPrevious), absl::StatusCode::kResourceExhausted,
               "--table-memory");
  CHECK_STATUS(rows->Unpin(1), absl::StatusCode::kNotFound, "pin 1");
  REQUIRE_OK(rows->Pin(1, Version::kCurrent));
}

TEST_CASE("Adam counts the steps of each row, others the step they are given") {
  MemoryBudget budget(0, "");
  v1::TableSpec table = Table(v1::OPTIMIZER_KIND_ADAM, 1);
  table.mutable_initializer()->set_kind(v1::INITIALIZER_KIND_ZEROS);
  REQUIRE_OK_AND_ASSIGN(const auto rows, SparseRows::Create(table, 1, &budget));
  // A first step of Adam moves by the learning rate, whenever it comes.
  for (uint64_t t = 0; t < 5; ++t) {
    REQUIRE_OK(rows->Apply({t}, ByteView::OfFloats({3}), {.iteration = t, .number = t + 1},
                           Keep::kNothing));
    CHECK(Read(*rows, {t}, Version::kCurrent)[0] == Approx(-0.01).epsilon(1e-4));
  }
}

}  // namespace
}  // namespace paceline::server
