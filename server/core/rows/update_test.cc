// The kernel: same bits on every target, for every slicing; nothing non-finite.
#include "server/core/rows/update.h"

#include <catch2/catch.hpp>
#include <cmath>
#include <cstring>
#include <limits>
#include <random>
#include <string>
#include <vector>

#include "common/status/status_matchers.h"
#include "common/vector_targets.h"

namespace paceline::server {
namespace {

constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
constexpr float kInf = std::numeric_limits<float>::infinity();
constexpr float kMost = std::numeric_limits<float>::max();

Optimizer Make(v1::OptimizerKind kind, bool nesterov = false, double learning_rate = 0.01) {
  v1::TableSpec table;
  v1::OptimizerSpec* o = table.mutable_optimizer();
  o->set_kind(kind);
  o->set_nesterov(nesterov);
  o->set_learning_rate(learning_rate);
  o->set_l1(0.001);
  o->set_l2(0.01);
  o->set_clip_value(2);
  auto optimizer = Optimizer::Create(table);
  REQUIRE_OK(optimizer);
  return *std::move(optimizer);
}

std::vector<Optimizer> AllOptimizers() {
  std::vector<Optimizer> all;
  for (int kind = v1::OPTIMIZER_KIND_SGD; kind <= v1::OPTIMIZER_KIND_SUM; ++kind) {
    all.push_back(Make(static_cast<v1::OptimizerKind>(kind)));
  }
  all.push_back(Make(v1::OPTIMIZER_KIND_MOMENTUM, /*nesterov=*/true));
  return all;
}

// Weights and slots.
struct State {
  std::vector<float> w, a, b;

  State(size_t size, uint32_t seed) : w(size), a(size), b(size) {
    std::mt19937 random(seed);
    std::normal_distribution<float> normal;
    for (float& v : w) v = normal(random);
    for (float& v : a) v = std::fabs(normal(random));
    for (float& v : b) v = std::fabs(normal(random));
  }
  RunOfRows Run() {
    RunOfRows run;
    run.src = run.dst = w.data();
    run.slots[0] = a.data();
    run.slots[1] = b.data();
    return run;
  }
  bool operator==(const State& o) const { return Same(w, o.w) && Same(a, o.a) && Same(b, o.b); }
  // To the bit.
  static bool Same(const std::vector<float>& x, const std::vector<float>& y) {
    return x.size() == y.size() &&
           (x.empty() || std::memcmp(x.data(), y.data(), 4 * x.size()) == 0);
  }
};

std::vector<float> Gradient(size_t size, uint32_t seed) {
  std::mt19937 random(seed);
  std::normal_distribution<float> normal(0, 2);
  std::vector<float> g(size);
  for (float& v : g) v = normal(random);
  return g;
}

const Step kStep{.iteration = 3, .number = 4, .share = 0.5};

TEST_CASE("All targets give the same bits") {
  for (const Optimizer& optimizer : AllOptimizers()) {
    const StepScalars scalars = optimizer.Scalars(kStep);
    for (const size_t size : {1, 2, 3, 4, 7, 15, 16, 17, 31, 33, 1025}) {
      const std::vector<float> g = Gradient(size, 1);
      // One element at a time: the tail of every target.
      State want(size, 2);
      for (size_t i = 0; i < size; ++i) {
        RunOfRows run = want.Run();
        run.src = run.dst = want.w.data() + i;
        run.slots[0] += i;
        run.slots[1] += i;
        UpdateRun(optimizer.rule(), scalars, run, reinterpret_cast<const uint8_t*>(&g[i]), 1);
      }
      CHECK(!(want == State(size, 2)));
      int targets = 0;
      ForEachVectorTarget([&](const char* name) {
        INFO(name << ", " << v1::OptimizerKind_Name(optimizer.rule().kind) << ", size " << size);
        State got(size, 2);
        CHECK(!UpdateRun(optimizer.rule(), scalars, got.Run(), ByteView::OfFloats(g)));
        CHECK(got == want);
        ++targets;
      });
      CHECK(targets >= 1);
    }
  }
}

TEST_CASE("A gradient may be cut at every byte and lie anywhere") {
  constexpr size_t kSize = 37;
  const std::vector<float> g = Gradient(kSize, 1);
  for (const Optimizer& optimizer : AllOptimizers()) {
    const StepScalars scalars = optimizer.Scalars(kStep);
    State want(kSize, 2);
    UpdateRun(optimizer.rule(), scalars, want.Run(), ByteView::OfFloats(g));
    for (size_t shift = 0; shift < 4; ++shift) {
      std::vector<uint8_t> bytes(4 * kSize + shift);
      std::memcpy(bytes.data() + shift, g.data(), 4 * kSize);
      const uint8_t* data = bytes.data() + shift;
      for (size_t cut = 0; cut <= 4 * kSize; ++cut) {
        State got(kSize, 2);
        UpdateRun(optimizer.rule(), scalars, got.Run(),
                  ByteView({{data, cut}, {data + cut, 4 * kSize - cut}}));
        REQUIRE(got == want);
      }
    }
  }
}

TEST_CASE("Out of place gives the same bits and leaves the source") {
  for (const Optimizer& optimizer : AllOptimizers()) {
    const StepScalars scalars = optimizer.Scalars(kStep);
    const std::vector<float> g = Gradient(101, 1);
    State in_place(101, 2);
    UpdateRun(optimizer.rule(), scalars, in_place.Run(), ByteView::OfFloats(g));
    State apart(101, 2);
    std::vector<float> out(101, kNan);
    RunOfRows run = apart.Run();
    run.dst = out.data();
    UpdateRun(optimizer.rule(), scalars, run, ByteView::OfFloats(g));
    CHECK(State::Same(apart.w, State(101, 2).w));
    CHECK(State::Same(out, in_place.w));
    CHECK(State::Same(apart.a, in_place.a));
    CHECK(State::Same(apart.b, in_place.b));
  }
}

TEST_CASE("Records that lie apart are updated as runs are") {
  constexpr size_t kRows = 21;
  for (const Optimizer& optimizer : AllOptimizers()) {
    for (const uint32_t dim : {1, 9, 16, 48, 70}) {
      const size_t slots = static_cast<size_t>(optimizer.slots());
      std::vector<float> g = Gradient(kRows * dim, 1);
      g[3 * dim + dim / 2] = kInf;
      g[5 * dim] = kNan;
      std::vector<float> c1(kRows), c2(kRows);
      State want(kRows * dim, 2);
      for (size_t i = 0; i < kRows; ++i) {
        StepScalars scalars = optimizer.Scalars(kStep);
        optimizer.Corrections(i + 1, &scalars.correction1, &scalars.correction2);
        c1[i] = scalars.correction1;
        c2[i] = scalars.correction2;
        RunOfRows run = want.Run();
        run.src = run.dst = want.w.data() + i * dim;
        for (float*& slot : run.slots) slot += i * dim;
        UpdateRun(optimizer.rule(), scalars, run, reinterpret_cast<const uint8_t*>(&g[i * dim]),
                  dim);
      }
      ForEachVectorTarget([&](const char* name) {
        INFO(name << ", " << v1::OptimizerKind_Name(optimizer.rule().kind) << ", dim " << dim);
        const State start(kRows * dim, 2);
        // Records one float apart, the last one first, and a gradient at an odd address.
        const size_t width = dim * (1 + slots) + 1;
        std::vector<float> storage(kRows * width, -7);
        std::vector<float*> records;
        for (size_t i = 0; i < kRows; ++i) {
          float* const record = storage.data() + (kRows - 1 - i) * width;
          records.push_back(record);
          std::copy_n(start.w.data() + i * dim, dim, record);
          if (slots > 0) std::copy_n(start.a.data() + i * dim, dim, record + dim);
          if (slots > 1) std::copy_n(start.b.data() + i * dim, dim, record + 2 * dim);
        }
        std::vector<uint8_t> bytes(4 * g.size() + 1);
        std::memcpy(bytes.data() + 1, g.data(), 4 * g.size());
        RecordsOfRows rows;
        rows.records = records;
        rows.dim = dim;
        rows.correction1 = c1.data();
        rows.correction2 = c2.data();
        CHECK(UpdateRecords(optimizer.rule(), optimizer.Scalars(kStep), rows, bytes.data() + 1) ==
              3 * dim + dim / 2);
        State got = start;
        for (size_t i = 0; i < kRows; ++i) {
          std::copy_n(records[i], dim, got.w.data() + i * dim);
          if (slots > 0) std::copy_n(records[i] + dim, dim, got.a.data() + i * dim);
          if (slots > 1) std::copy_n(records[i] + 2 * dim, dim, got.b.data() + i * dim);
          CHECK(records[i][width - 1] == -7);
        }
        CHECK(State::Same(got.w, want.w));
        if (slots > 0) CHECK(State::Same(got.a, want.a));
        if (slots > 1) CHECK(State::Same(got.b, want.b));
      });
    }
  }
}

TEST_CASE("Elements may have corrections of their own") {
  const Optimizer optimizer = Make(v1::OPTIMIZER_KIND_ADAM);
  const std::vector<float> g = Gradient(45, 1);
  std::vector<float> c1(45), c2(45);
  State want(45, 2);
  for (uint64_t i = 0; i < 45; ++i) {
    optimizer.Corrections(i + 1, &c1[i], &c2[i]);
    RunOfRows run = want.Run();
    run.src = run.dst = want.w.data() + i;
    run.slots[0] += i;
    run.slots[1] += i;
    UpdateRun(optimizer.rule(), optimizer.Scalars({.iteration = 0, .number = i + 1}), run,
              reinterpret_cast<const uint8_t*>(&g[i]), 1);
  }
  const auto* bytes = reinterpret_cast<const uint8_t*>(g.data());
  for (size_t cut = 0; cut <= 180; ++cut) {
    State got(45, 2);
    RunOfRows run = got.Run();
    run.correction1 = c1.data();
    run.correction2 = c2.data();
    UpdateRun(optimizer.rule(), optimizer.Scalars({}), run,
              ByteView({{bytes, cut}, {bytes + cut, 180 - cut}}));
    REQUIRE(got == want);
  }
}

TEST_CASE("A value that is not finite is masked and its place reported") {
  constexpr size_t kSize = 39;
  for (const Optimizer& optimizer : AllOptimizers()) {
    const StepScalars scalars = optimizer.Scalars(kStep);
    const std::vector<float> good = Gradient(kSize, 1);
    State want(kSize, 2);
    UpdateRun(optimizer.rule(), scalars, want.Run(), ByteView::OfFloats(good));
    const State before(kSize, 2);
    ForEachVectorTarget([&](const char* name) {
      for (const float poison : {kNan, -kNan, kInf, -kInf}) {
        for (size_t at = 0; at < kSize; ++at) {
          std::vector<float> g = good;
          g[at] = poison;
          g[kSize - 1] = poison;
          State got(kSize, 2);
          const auto bad = UpdateRun(optimizer.rule(), scalars, got.Run(), ByteView::OfFloats(g));
          INFO(name << ", " << v1::OptimizerKind_Name(optimizer.rule().kind) << ", " << poison
                    << " at " << at);
          REQUIRE(bad == at);
          State masked = want;
          for (const size_t i : {at, kSize - 1}) {
            masked.w[i] = before.w[i];
            masked.a[i] = before.a[i];
            masked.b[i] = before.b[i];
          }
          REQUIRE(got == masked);
        }
      }
    });
  }
}

TEST_CASE("A finite gradient that would overflow a weight or a slot is masked") {
  struct Case {
    v1::OptimizerKind kind;
    double learning_rate;
    float gradient;
  };
  const Case cases[] = {
      {v1::OPTIMIZER_KIND_ADD, 1, kMost},         // the weight
      {v1::OPTIMIZER_KIND_SUM, 1, kMost},         // the weight: 1.9 times
      {v1::OPTIMIZER_KIND_SGD, 1e6, kMost},       // the weight
      {v1::OPTIMIZER_KIND_MOMENTUM, 1, kMost},    // the weight: 1.9 times
      {v1::OPTIMIZER_KIND_ADAGRAD, 0.01, 1e25f},  // the slot
      {v1::OPTIMIZER_KIND_RMSPROP, 0.01, 1e25f},  // the slot
      {v1::OPTIMIZER_KIND_ADAM, 0.01, 1e25f},     // the second slot
      {v1::OPTIMIZER_KIND_FTRL, 0.01, 1e25f},     // the second slot
  };
  for (const Case& c : cases) {
    v1::TableSpec table;
    table.mutable_optimizer()->set_kind(c.kind);
    table.mutable_optimizer()->set_learning_rate(c.learning_rate);
    table.mutable_optimizer()->set_nesterov(true);
    REQUIRE_OK_AND_ASSIGN(const Optimizer optimizer, Optimizer::Create(table));
    State state(20, 2);
    const bool adds = c.kind == v1::OPTIMIZER_KIND_ADD || c.kind == v1::OPTIMIZER_KIND_SUM;
    state.w[11] = adds ? kMost : -kMost;
    const State before = state;
    std::vector<float> g(20);
    g[11] = c.gradient;
    INFO(v1::OptimizerKind_Name(c.kind));
    CHECK(UpdateRun(optimizer.rule(), optimizer.Scalars({}), state.Run(), ByteView::OfFloats(g)) ==
          11);
    CHECK(state.w[11] == before.w[11]);
    CHECK(state.a[11] == before.a[11]);
    CHECK(state.b[11] == before.b[11]);
  }
}

TEST_CASE("The first of several places in several slices is reported") {
  const Optimizer optimizer = Make(v1::OPTIMIZER_KIND_SGD);
  std::vector<float> g = Gradient(64, 1);
  g[20] = kNan;
  g[21] = kInf;
  g[60] = kNan;
  const auto* bytes = reinterpret_cast<const uint8_t*>(g.data());
  State state(64, 2);
  CHECK(UpdateRun(optimizer.rule(), optimizer.Scalars({}), state.Run(),
                  ByteView({{bytes, 50}, {bytes + 50, 33}, {bytes + 83, 173}})) == 20);
}

}  // namespace
}  // namespace paceline::server
