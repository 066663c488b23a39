// Every rule against an independent float64 reference, over random trajectories.
#include "server/core/rows/optimizer.h"

#include <catch2/catch.hpp>
#include <cmath>
#include <limits>
#include <random>
#include <string>
#include <vector>

#include "common/status/status_matchers.h"
#include "server/core/rows/update.h"

namespace paceline::server {
namespace {

// The textbook, one element at a time, in float64. Knows only the specs.
class Reference {
 public:
  Reference(const v1::TableSpec& table, std::vector<double> weights)
      : table_(table),
        w_(std::move(weights)),
        a_(w_.size()),
        b_(w_.size()),
        smallest_(w_.size(), INFINITY) {
    const v1::OptimizerSpec& o = table_.optimizer();
    if (o.kind() == v1::OPTIMIZER_KIND_FTRL) {
      for (size_t i = 0; i < w_.size(); ++i) {
        if (w_[i] == 0) continue;
        a_[i] = -w_[i] * (o.epsilon() / o.learning_rate() + L2()) - (w_[i] > 0 ? L1() : -L1());
      }
    }
  }

  void Step(const std::vector<float>& gradient, uint64_t t, uint64_t k, double share) {
    const v1::OptimizerSpec& o = table_.optimizer();
    const double factor = Factor(t) * share;
    const double lr = o.learning_rate() * factor;
    for (size_t i = 0; i < w_.size(); ++i) {
      double g = gradient[i];
      double& w = w_[i];
      double& a = a_[i];
      double& b = b_[i];
      smallest_[i] = std::fmin(smallest_[i], std::fabs(w));
      if (o.kind() == v1::OPTIMIZER_KIND_ADD) {
        w += g;
        continue;
      }
      if (o.kind() == v1::OPTIMIZER_KIND_SUM) {
        w = (1 - (1 - o.rho()) * share) * w + g;
        continue;
      }
      if (o.clip_value() > 0) g = std::fmin(std::fmax(g, -o.clip_value()), o.clip_value());
      if (o.kind() == v1::OPTIMIZER_KIND_FTRL) {
        g *= factor;
        const double alpha = o.learning_rate();
        const double n = b + g * g;
        a += g - (std::sqrt(n) - std::sqrt(b)) / alpha * w;
        b = n;
        const double shrunk = std::fabs(a) - L1();
        w = shrunk <= 0 ? 0
                        : -std::copysign(shrunk, a) / ((o.epsilon() + std::sqrt(n)) / alpha + L2());
        continue;
      }
      g += L2() * w + (w > 0 ? L1() : (w < 0 ? -L1() : 0));
      switch (o.kind()) {
        case v1::OPTIMIZER_KIND_SGD:
          w -= lr * g;
          break;
        case v1::OPTIMIZER_KIND_MOMENTUM:
          a = o.momentum() * a + g;
          w -= lr * (o.nesterov() ? g + o.momentum() * a : a);
          break;
        case v1::OPTIMIZER_KIND_ADAGRAD:
          a += g * g;
          w -= lr * g / (std::sqrt(a) + o.epsilon());
          break;
        case v1::OPTIMIZER_KIND_RMSPROP:
          a = o.rho() * a + (1 - o.rho()) * g * g;
          w -= lr * g / (std::sqrt(a) + o.epsilon());
          break;
        default: {
          a = o.beta1() * a + (1 - o.beta1()) * g;
          b = o.beta2() * b + (1 - o.beta2()) * g * g;
          const double mean = a / (1 - std::pow(o.beta1(), static_cast<double>(k)));
          const double square = b / (1 - std::pow(o.beta2(), static_cast<double>(k)));
          const double decay = o.kind() == v1::OPTIMIZER_KIND_ADAMW && !table_.no_decay()
                                   ? lr * o.weight_decay() * w
                                   : 0;
          w = w - decay - lr * mean / (std::sqrt(square) + o.epsilon());
        }
      }
    }
  }

  const std::vector<double>& weights() const { return w_; }
  // Whether rounding may have decided the sign of weight i, on which the subgradient
  // of l1 depends (ftrl's proximal step does not).
  bool Undecided(size_t i) const {
    return L1() > 0 && table_.optimizer().kind() != v1::OPTIMIZER_KIND_FTRL && smallest_[i] < 1e-5;
  }

 private:
  double L1() const { return table_.no_decay() ? 0 : table_.optimizer().l1(); }
  double L2() const { return table_.no_decay() ? 0 : table_.optimizer().l2(); }
  double Factor(uint64_t t) const {
    const v1::ScheduleSpec& s = table_.optimizer().schedule();
    if (t < s.warmup_iterations()) return (t + 1.0) / s.warmup_iterations();
    if (s.kind() == v1::SCHEDULE_KIND_STEP) {
      double factor = 1;
      for (uint64_t i = 0; i < t / s.step_iterations(); ++i) factor *= s.gamma();
      return factor;
    }
    if (s.kind() == v1::SCHEDULE_KIND_COSINE) {
      const double done = std::fmin(1.0, static_cast<double>(t - s.warmup_iterations()) /
                                             (s.total_iterations() - s.warmup_iterations()));
      return s.min_factor() + (1 - s.min_factor()) * 0.5 * (1 + std::cos(M_PI * done));
    }
    return 1;
  }

  const v1::TableSpec table_;
  std::vector<double> w_, a_, b_, smallest_;
};

v1::TableSpec Table(v1::OptimizerKind kind) {
  v1::TableSpec table;
  table.set_name("t");
  v1::OptimizerSpec* o = table.mutable_optimizer();
  o->set_kind(kind);
  o->set_learning_rate(kind == v1::OPTIMIZER_KIND_FTRL ? 0.1 : 0.01);
  o->set_momentum(0.9);
  o->set_beta1(0.9);
  o->set_beta2(0.999);
  o->set_rho(0.9);
  o->set_epsilon(kind == v1::OPTIMIZER_KIND_FTRL ? 1 : 1e-8);
  o->set_weight_decay(0.01);
  return table;
}

constexpr v1::OptimizerKind kKinds[] = {
    v1::OPTIMIZER_KIND_SGD,     v1::OPTIMIZER_KIND_MOMENTUM, v1::OPTIMIZER_KIND_ADAGRAD,
    v1::OPTIMIZER_KIND_RMSPROP, v1::OPTIMIZER_KIND_ADAM,     v1::OPTIMIZER_KIND_ADAMW,
    v1::OPTIMIZER_KIND_FTRL,    v1::OPTIMIZER_KIND_ADD,      v1::OPTIMIZER_KIND_SUM,
};

// Runs both for `steps` and returns the distance, relative L2.
double Distance(const v1::TableSpec& table, size_t size, int steps, double share, uint32_t seed) {
  std::mt19937 random(seed);
  // In [-2, 2).
  const auto noise = [&] { return static_cast<float>(random() >> 8) * 0x1p-22f - 2; };
  std::vector<float> w(size);
  for (float& v : w) v = noise();
  Reference reference(table, {w.begin(), w.end()});
  const auto optimizer = Optimizer::Create(table);
  REQUIRE_OK(optimizer);
  std::vector<std::vector<float>> slots(optimizer->slots(), std::vector<float>(size));
  for (int s = 0; s < optimizer->slots(); ++s) {
    for (size_t i = 0; i < size; ++i) slots[s][i] = optimizer->InitialSlot(s, w[i]);
  }
  RunOfRows run;
  run.src = run.dst = w.data();
  for (size_t s = 0; s < slots.size(); ++s) run.slots[s] = slots[s].data();
  std::vector<float> gradient(size);
  for (int t = 0; t < steps; ++t) {
    // A slope towards 0.3 and noise.
    for (size_t i = 0; i < size; ++i) gradient[i] = (w[i] - 0.3f) * 0.5f + noise();
    const Step step{.iteration = static_cast<uint64_t>(t),
                    .number = static_cast<uint64_t>(t) + 1,
                    .share = share};
    REQUIRE(
        !UpdateRun(optimizer->rule(), optimizer->Scalars(step), run, ByteView::OfFloats(gradient)));
    reference.Step(gradient, step.iteration, step.number, share);
  }
  double difference = 0, norm = 0;
  size_t compared = 0;
  for (size_t i = 0; i < size; ++i) {
    if (reference.Undecided(i)) continue;
    ++compared;
    difference += std::pow(w[i] - reference.weights()[i], 2);
    norm += std::pow(reference.weights()[i], 2);
  }
  REQUIRE(compared * 10 >= size * 9);
  return std::sqrt(difference / norm);
}

struct Option {
  std::string name;
  void (*set)(v1::TableSpec*);
};

const Option kOptions[] = {
    {"plain", [](v1::TableSpec*) {}},
    {"l1", [](v1::TableSpec* t) { t->mutable_optimizer()->set_l1(0.01); }},
    {"l2", [](v1::TableSpec* t) { t->mutable_optimizer()->set_l2(0.1); }},
    {"clip", [](v1::TableSpec* t) { t->mutable_optimizer()->set_clip_value(0.7); }},
    {"strong decay", [](v1::TableSpec* t) { t->mutable_optimizer()->set_weight_decay(0.9); }},
    {"nesterov", [](v1::TableSpec* t) { t->mutable_optimizer()->set_nesterov(true); }},
    {"no decay",
     [](v1::TableSpec* t) {
       t->set_no_decay(true);
       t->mutable_optimizer()->set_l1(0.3);
       t->mutable_optimizer()->set_l2(0.3);
     }},
    {"warm-up and cosine",
     [](v1::TableSpec* t) {
       v1::ScheduleSpec* s = t->mutable_optimizer()->mutable_schedule();
       s->set_kind(v1::SCHEDULE_KIND_COSINE);
       s->set_warmup_iterations(20);
       s->set_total_iterations(150);
       s->set_min_factor(0.1);
     }},
    {"step, all penalties, clip",
     [](v1::TableSpec* t) {
       v1::OptimizerSpec* o = t->mutable_optimizer();
       o->set_l1(0.002);
       o->set_l2(0.05);
       o->set_clip_value(1.5);
       o->mutable_schedule()->set_kind(v1::SCHEDULE_KIND_STEP);
       o->mutable_schedule()->set_step_iterations(40);
       o->mutable_schedule()->set_gamma(0.5);
     }},
};

// The relative L2 distance after up to 200 steps in float32. Rounding alone gives
// about 1e-7 * sqrt(steps).
constexpr double kTolerance = 1e-5;

TEST_CASE("Every rule with every option follows the reference") {
  for (const v1::OptimizerKind kind : kKinds) {
    for (const Option& option : kOptions) {
      v1::TableSpec table = Table(kind);
      option.set(&table);
      for (const size_t size : {1, 3, 31, 1025}) {
        INFO(v1::OptimizerKind_Name(kind) << ", " << option.name << ", size " << size);
        CHECK(Distance(table, size, size > 100 ? 50 : 200, 1, 7) < kTolerance);
      }
      INFO(v1::OptimizerKind_Name(kind) << ", " << option.name << ", share");
      CHECK(Distance(table, 33, 200, 0.25, 8) < kTolerance);
    }
  }
}

TEST_CASE("The reference tells the rules and options apart") {
  // The test above could not fail if it did not.
  for (const v1::OptimizerKind kind : kKinds) {
    if (kind == v1::OPTIMIZER_KIND_ADD || kind == v1::OPTIMIZER_KIND_SUM) continue;
    v1::TableSpec slower = Table(kind);
    slower.mutable_optimizer()->set_learning_rate(0.0099);
    std::vector<double> weights = {1, -2, 0.5};
    Reference a(Table(kind), weights);
    Reference b(slower, weights);
    for (int t = 0; t < 20; ++t) {
      a.Step({0.1f, 0.2f, -1}, t, t + 1, 1);
      b.Step({0.1f, 0.2f, -1}, t, t + 1, 1);
    }
    CHECK(std::fabs(a.weights()[0] - b.weights()[0]) > 10 * kTolerance);
  }
}

TEST_CASE("add ignores rate, share, clip and penalties") {
  v1::TableSpec table = Table(v1::OPTIMIZER_KIND_ADD);
  table.mutable_optimizer()->set_l1(1);
  table.mutable_optimizer()->set_l2(1);
  table.mutable_optimizer()->set_clip_value(0.5);
  REQUIRE_OK_AND_ASSIGN(const Optimizer optimizer, Optimizer::Create(table));
  std::vector<float> w = {1, 2, 3};
  RunOfRows run;
  run.src = run.dst = w.data();
  const std::vector<float> g = {10, -20, 30};
  REQUIRE(!UpdateRun(optimizer.rule(),
                     optimizer.Scalars({.iteration = 9, .number = 1, .share = 0.1}), run,
                     ByteView::OfFloats(g)));
  CHECK(w == std::vector<float>{11, -18, 33});
}

TEST_CASE("sum keeps a part of what was there, and ignores rate, clip and penalties") {
  v1::TableSpec table = Table(v1::OPTIMIZER_KIND_SUM);
  table.mutable_optimizer()->set_l1(1);
  table.mutable_optimizer()->set_l2(1);
  table.mutable_optimizer()->set_clip_value(0.5);
  const std::vector<float> g = {10, -20, 30};
  const auto after = [&](double rho, double share) {
    table.mutable_optimizer()->set_rho(rho);
    REQUIRE_OK_AND_ASSIGN(const Optimizer optimizer, Optimizer::Create(table));
    std::vector<float> w = {1, 2, 4};
    RunOfRows run;
    run.src = run.dst = w.data();
    REQUIRE(!UpdateRun(optimizer.rule(),
                       optimizer.Scalars({.iteration = 9, .number = 1, .share = share}), run,
                       ByteView::OfFloats(g)));
    return w;
  };
  using Floats = std::vector<float>;
  CHECK(after(0, 1) == g);
  CHECK(after(0.5, 1) == Floats{10.5, -19, 32});
  CHECK(after(1, 1) == Floats{11, -18, 34});
  // A rank that pushes a quarter of a round alone forgets a quarter of what a round does.
  CHECK(after(0, 0.25) == Floats{10.75, -18.5, 33});
  table.mutable_optimizer()->set_rho(1.01);
  CHECK_STATUS(Optimizer::Create(table), absl::StatusCode::kInvalidArgument,
               "rho must be in [0, 1]");
}

TEST_CASE("ftrl starts from the row's initial weight") {
  v1::TableSpec table = Table(v1::OPTIMIZER_KIND_FTRL);
  table.mutable_optimizer()->set_l1(0.5);
  table.mutable_optimizer()->set_l2(2);
  REQUIRE_OK_AND_ASSIGN(const Optimizer optimizer, Optimizer::Create(table));
  std::vector<float> w = {1, -2, 0, 0.01f};
  const std::vector<float> before = w;
  std::vector<float> z(4), n(4);
  for (size_t i = 0; i < 4; ++i) z[i] = optimizer.InitialSlot(0, w[i]);
  CHECK(optimizer.InitialSlot(1, 5) == 0);
  RunOfRows run;
  run.src = run.dst = w.data();
  run.slots[0] = z.data();
  run.slots[1] = n.data();
  // A gradient of zero changes nothing.
  REQUIRE(!UpdateRun(optimizer.rule(), optimizer.Scalars({}), run,
                     ByteView::OfFloats(std::vector<float>(4))));
  for (size_t i = 0; i < 4; ++i) CHECK(w[i] == Approx(before[i]).epsilon(1e-6));
}

TEST_CASE("Defaults are those of the spec") {
  v1::TableSpec table;
  REQUIRE_OK_AND_ASSIGN(const Optimizer sgd, Optimizer::Create(table));
  CHECK(sgd.rule().kind == v1::OPTIMIZER_KIND_SGD);
  CHECK(sgd.Scalars({}).learning_rate == 0.01f);
  const auto epsilon = [](v1::OptimizerKind kind) {
    v1::TableSpec t;
    t.mutable_optimizer()->set_kind(kind);
    return Optimizer::Create(t)->rule().epsilon;
  };
  CHECK(epsilon(v1::OPTIMIZER_KIND_ADAM) == 1e-8f);
  CHECK(epsilon(v1::OPTIMIZER_KIND_ADAGRAD) == 1e-10f);
  CHECK(epsilon(v1::OPTIMIZER_KIND_FTRL) == 1);
  table.mutable_optimizer()->set_kind(v1::OPTIMIZER_KIND_ADAMW);
  REQUIRE_OK_AND_ASSIGN(const Optimizer adamw, Optimizer::Create(table));
  CHECK(adamw.rule().beta1 == 0.9f);
  CHECK(adamw.rule().beta2 == 0.999f);
  CHECK(adamw.rule().weight_decay == 0.01f);
  CHECK(adamw.counts_steps());
  table.mutable_optimizer()->set_kind(v1::OPTIMIZER_KIND_RMSPROP);
  CHECK(Optimizer::Create(table)->rule().beta2 == 0.9f);
  table.mutable_optimizer()->set_kind(v1::OPTIMIZER_KIND_MOMENTUM);
  CHECK(Optimizer::Create(table)->rule().momentum == 0.9f);
  CHECK(Optimizer::Create(table)->slot_names()[0] == "momentum");
}

TEST_CASE("Values outside their ranges are refused by name") {
  struct Case {
    void (*set)(v1::OptimizerSpec*);
    std::string part;
  };
  const Case cases[] = {
      {[](v1::OptimizerSpec* o) { o->set_learning_rate(0); }, "optimizer.learning_rate"},
      {[](v1::OptimizerSpec* o) { o->set_learning_rate(-1); }, "must be in (0, 1e+06], got -1"},
      {[](v1::OptimizerSpec* o) { o->set_learning_rate(1e-60); }, "learning_rate"},
      {[](v1::OptimizerSpec* o) { o->set_learning_rate(NAN); }, "learning_rate"},
      {[](v1::OptimizerSpec* o) { o->set_momentum(1); }, "momentum must be in [0, 1)"},
      {[](v1::OptimizerSpec* o) { o->set_beta1(0.999999999999); }, "beta1"},
      {[](v1::OptimizerSpec* o) { o->set_beta2(-0.1); }, "beta2"},
      {[](v1::OptimizerSpec* o) { o->set_rho(2); }, "rho"},
      {[](v1::OptimizerSpec* o) { o->set_epsilon(0); }, "epsilon"},
      {[](v1::OptimizerSpec* o) { o->set_l1(-1); }, "l1"},
      {[](v1::OptimizerSpec* o) { o->set_l2(INFINITY); }, "l2"},
      {[](v1::OptimizerSpec* o) { o->set_weight_decay(-1); }, "weight_decay"},
      {[](v1::OptimizerSpec* o) { o->set_clip_value(1e300); }, "clip_value"},
      {[](v1::OptimizerSpec* o) { o->mutable_schedule()->set_kind(v1::SCHEDULE_KIND_COSINE); },
       "\"t\": optimizer.schedule.total_iterations"},
      {[](v1::OptimizerSpec* o) { o->set_kind(static_cast<v1::OptimizerKind>(50)); },
       "optimizer.kind: unknown value 50"},
  };
  for (const Case& c : cases) {
    v1::TableSpec table = Table(v1::OPTIMIZER_KIND_ADAM);
    c.set(table.mutable_optimizer());
    CHECK_STATUS(Optimizer::Create(table), absl::StatusCode::kInvalidArgument, c.part);
  }
}

}  // namespace
}  // namespace paceline::server
