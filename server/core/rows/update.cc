// Compiled without contraction of a * b + c, and without fused operations by
// design: targets without them would give other bits. Memory is the bottleneck.
#include "server/core/rows/update.h"

#include <cstring>
#include <limits>

#include "common/check.h"
#include "server/core/rows/row_memory.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "server/core/rows/update.cc"
#include "hwy/foreach_target.h"  // compiles this file once for each target
#include "hwy/highway.h"
#include "server/core/rows/load_floats-inl.h"

HWY_BEFORE_NAMESPACE();
namespace paceline::server {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

constexpr size_t kMostLanes = 16;
using D = hn::CappedTag<float, kMostLanes>;
using V = hn::Vec<D>;
using M = hn::Mask<D>;

// Everything a rule needs beside the arrays, in registers.
struct Params {
  UpdateRule rule;
  StepScalars scalars;
};

HWY_INLINE V S(float value) { return hn::Set(D(), value); }

HWY_INLINE V SignOf(V w, V magnitude) {
  const auto zero = hn::Zero(D());
  return hn::IfThenElse(hn::Eq(w, zero), zero, hn::CopySign(magnitude, w));
}

HWY_INLINE V Clip(const UpdateRule& rule, V g) {
  if (rule.clip <= 0) return g;
  // A NaN may come out as a number: the caller looks at the gradient as it came.
  return hn::Min(hn::Max(g, S(-rule.clip)), S(rule.clip));
}

// Clipped, with the penalties of L1 and L2.
HWY_INLINE V Penalised(const UpdateRule& rule, V g, V w) {
  g = Clip(rule, g);
  if (rule.l2 > 0) g = hn::Add(g, hn::Mul(S(rule.l2), w));
  if (rule.l1 > 0) g = hn::Add(g, SignOf(w, S(rule.l1)));
  return g;
}

// Each rule: how many slots, and one step on (w, a, b) for gradient g. c1 and c2
// are Adam's corrections.
struct Sgd {
  static constexpr int kSlots = 0;
  static HWY_INLINE void Step(const Params& p, V g, V& w, V&, V&, V, V) {
    g = Penalised(p.rule, g, w);
    w = hn::Sub(w, hn::Mul(S(p.scalars.learning_rate), g));
  }
};

struct Momentum {
  static constexpr int kSlots = 1;
  static HWY_INLINE void Step(const Params& p, V g, V& w, V& a, V&, V, V) {
    g = Penalised(p.rule, g, w);
    const V mu = S(p.rule.momentum);
    a = hn::Add(hn::Mul(mu, a), g);
    const V direction = p.rule.nesterov ? hn::Add(g, hn::Mul(mu, a)) : a;
    w = hn::Sub(w, hn::Mul(S(p.scalars.learning_rate), direction));
  }
};

struct Adagrad {
  static constexpr int kSlots = 1;
  static HWY_INLINE void Step(const Params& p, V g, V& w, V& a, V&, V, V) {
    g = Penalised(p.rule, g, w);
    a = hn::Add(a, hn::Mul(g, g));
    const V scale = hn::Add(hn::Sqrt(a), S(p.rule.epsilon));
    w = hn::Sub(w, hn::Div(hn::Mul(S(p.scalars.learning_rate), g), scale));
  }
};

struct Rmsprop {
  static constexpr int kSlots = 1;
  static HWY_INLINE void Step(const Params& p, V g, V& w, V& a, V&, V, V) {
    g = Penalised(p.rule, g, w);
    a = hn::Add(hn::Mul(S(p.rule.beta2), a), hn::Mul(S(p.rule.one_minus_beta2), hn::Mul(g, g)));
    const V scale = hn::Add(hn::Sqrt(a), S(p.rule.epsilon));
    w = hn::Sub(w, hn::Div(hn::Mul(S(p.scalars.learning_rate), g), scale));
  }
};

// Also AdamW: weight_decay is 0 for Adam.
struct Adam {
  static constexpr int kSlots = 2;
  static HWY_INLINE void Step(const Params& p, V g, V& w, V& a, V& b, V c1, V c2) {
    g = Penalised(p.rule, g, w);
    a = hn::Add(hn::Mul(S(p.rule.beta1), a), hn::Mul(S(p.rule.one_minus_beta1), g));
    b = hn::Add(hn::Mul(S(p.rule.beta2), b), hn::Mul(S(p.rule.one_minus_beta2), hn::Mul(g, g)));
    const V lr = S(p.scalars.learning_rate);
    const V scale = hn::Add(hn::Sqrt(hn::Mul(b, c2)), S(p.rule.epsilon));
    const V move = hn::Div(hn::Mul(lr, hn::Mul(a, c1)), scale);
    if (p.rule.weight_decay > 0) {
      w = hn::Sub(w, hn::Mul(hn::Mul(lr, S(p.rule.weight_decay)), w));
    }
    w = hn::Sub(w, move);
  }
};

struct Ftrl {
  static constexpr int kSlots = 2;
  static HWY_INLINE void Step(const Params& p, V g, V& w, V& a, V& b, V, V) {
    g = hn::Mul(Clip(p.rule, g), S(p.scalars.gradient_scale));
    const V alpha = S(p.rule.alpha);
    const V n = hn::Add(b, hn::Mul(g, g));
    const V root = hn::Sqrt(n);
    const V sigma = hn::Div(hn::Sub(root, hn::Sqrt(b)), alpha);
    a = hn::Add(a, hn::Sub(g, hn::Mul(sigma, w)));
    b = n;
    const V l1 = S(p.rule.l1);
    const V scale = hn::Add(hn::Div(hn::Add(S(p.rule.epsilon), root), alpha), S(p.rule.l2));
    const V outside = hn::Div(hn::Sub(hn::CopySign(l1, a), a), scale);
    w = hn::IfThenElse(hn::Le(hn::Abs(a), l1), hn::Zero(D()), outside);
  }
};

struct AddRule {
  static constexpr int kSlots = 0;
  static HWY_INLINE void Step(const Params&, V g, V& w, V&, V&, V, V) { w = hn::Add(w, g); }
};

struct SumRule {
  static constexpr int kSlots = 0;
  static HWY_INLINE void Step(const Params& p, V g, V& w, V&, V&, V, V) {
    w = hn::Add(hn::Mul(S(p.scalars.keep), w), g);
  }
};

HWY_INLINE M Finite(V v) {
  return hn::Le(hn::Abs(v), S(std::numeric_limits<float>::max()));  // false for NaN
}

// Updates one vector. Returns the first of `lanes` that was not finite, or -1.
template <typename Rule>
HWY_INLINE intptr_t UpdateVector(const Params& p, const RunOfRows& run, const uint8_t* gradient,
                                 size_t at, M lanes) {
  const D d;
  const V g = LoadFloats(d, gradient);
  const V w = hn::LoadU(d, run.src + at);
  V a = hn::Zero(d);
  V b = hn::Zero(d);
  if constexpr (Rule::kSlots > 0) a = hn::LoadU(d, run.slots[0] + at);
  if constexpr (Rule::kSlots > 1) b = hn::LoadU(d, run.slots[1] + at);
  V c1 = S(p.scalars.correction1);
  V c2 = S(p.scalars.correction2);
  if (run.correction1 != nullptr) {
    c1 = hn::LoadU(d, run.correction1 + at);
    c2 = hn::LoadU(d, run.correction2 + at);
  }
  V new_w = w;
  V new_a = a;
  V new_b = b;
  Rule::Step(p, g, new_w, new_a, new_b, c1, c2);
  M finite = hn::And(Finite(g), Finite(new_w));
  if constexpr (Rule::kSlots > 0) finite = hn::And(finite, Finite(new_a));
  if constexpr (Rule::kSlots > 1) finite = hn::And(finite, Finite(new_b));
  hn::StoreU(hn::IfThenElse(finite, new_w, w), d, run.dst + at);
  if constexpr (Rule::kSlots > 0) {
    hn::StoreU(hn::IfThenElse(finite, new_a, a), d, run.slots[0] + at);
  }
  if constexpr (Rule::kSlots > 1) {
    hn::StoreU(hn::IfThenElse(finite, new_b, b), d, run.slots[1] + at);
  }
  if (HWY_LIKELY(hn::AllTrue(d, finite))) return -1;
  return hn::FindFirstTrue(d, hn::And(hn::Not(finite), lanes));
}

// The elements behind the last whole vector, in padded copies.
template <typename Rule>
HWY_NOINLINE intptr_t UpdateTail(const Params& p, const RunOfRows& run, const uint8_t* gradient,
                                 size_t at, size_t rest) {
  HWY_ALIGN uint8_t g[sizeof(float) * kMostLanes] = {};
  HWY_ALIGN float copies[3 + kMaxSlots][kMostLanes] = {};
  const size_t bytes = sizeof(float) * rest;
  std::memcpy(g, gradient, bytes);
  std::memcpy(copies[0], run.src + at, bytes);
  RunOfRows padded;
  padded.src = padded.dst = copies[0];
  if (run.correction1 != nullptr) {
    std::memcpy(copies[1], run.correction1 + at, bytes);
    std::memcpy(copies[2], run.correction2 + at, bytes);
    padded.correction1 = copies[1];
    padded.correction2 = copies[2];
  }
  for (int i = 0; i < Rule::kSlots; ++i) {
    std::memcpy(copies[3 + i], run.slots[i] + at, bytes);
    padded.slots[i] = copies[3 + i];
  }
  const intptr_t lane = UpdateVector<Rule>(p, padded, g, 0, hn::FirstN(D(), rest));
  std::memcpy(run.dst + at, copies[0], bytes);
  for (int i = 0; i < Rule::kSlots; ++i) std::memcpy(run.slots[i] + at, copies[3 + i], bytes);
  return lane;
}

template <typename Rule>
HWY_NOINLINE int64_t UpdateAll(const Params& params, const RunOfRows& rows, const uint8_t* gradient,
                               size_t count) {
  // Copies that no store can alias.
  const Params p = params;
  const RunOfRows run = rows;
  const D d;
  const size_t n = hn::Lanes(d);
  const M all = hn::FirstN(d, n);
  int64_t bad = -1;
  size_t i = 0;
  for (; i + n <= count; i += n) {
    PrefetchAhead(gradient + sizeof(float) * i);
    PrefetchAhead(run.src + i);
    if constexpr (Rule::kSlots > 0) PrefetchAhead(run.slots[0] + i);
    if constexpr (Rule::kSlots > 1) PrefetchAhead(run.slots[1] + i);
    const intptr_t lane = UpdateVector<Rule>(p, run, gradient + sizeof(float) * i, i, all);
    if (HWY_UNLIKELY(lane >= 0) && bad < 0) bad = static_cast<int64_t>(i) + lane;
  }
  if (i < count) {
    const intptr_t lane = UpdateTail<Rule>(p, run, gradient + sizeof(float) * i, i, count - i);
    if (lane >= 0 && bad < 0) bad = static_cast<int64_t>(i) + lane;
  }
  return bad;
}

template <typename Rule>
HWY_NOINLINE int64_t UpdateRecordsOf(const Params& params, const RecordsOfRows& rows,
                                     const uint8_t* gradient) {
  Params p = params;
  const RecordsOfRows run = rows;
  const D d;
  const size_t n = hn::Lanes(d);
  const M all = hn::FirstN(d, n);
  const size_t count = run.records.size();
  int64_t bad = -1;
  for (size_t i = 0; i < count; ++i) {
    if (i + kRowsAhead < count) {
      PrefetchFloats(run.records[i + kRowsAhead], uint64_t{run.dim} * (1 + Rule::kSlots));
    }
    if (run.correction1 != nullptr) {
      p.scalars.correction1 = run.correction1[i];
      p.scalars.correction2 = run.correction2[i];
    }
    RunOfRows row;
    row.src = row.dst = run.records[i];
    for (size_t slot = 0; slot < Rule::kSlots; ++slot) {
      row.slots[slot] = run.records[i] + (1 + slot) * run.dim;
    }
    intptr_t lane = -1;
    size_t at = 0;
    for (; at + n <= run.dim; at += n) {
      lane = UpdateVector<Rule>(p, row, gradient + sizeof(float) * at, at, all);
      if (HWY_UNLIKELY(lane >= 0) && bad < 0) bad = static_cast<int64_t>(i * run.dim + at) + lane;
    }
    if (at < run.dim) {
      lane = UpdateTail<Rule>(p, row, gradient + sizeof(float) * at, at, run.dim - at);
      if (lane >= 0 && bad < 0) bad = static_cast<int64_t>(i * run.dim + at) + lane;
    }
    gradient += sizeof(float) * run.dim;
  }
  return bad;
}

// What is done with a rule: one run, or records.
struct OneRun {
  const RunOfRows& run;
  const uint8_t* gradient;
  size_t count;
  template <typename Rule>
  int64_t With(const Params& p) const {
    return UpdateAll<Rule>(p, run, gradient, count);
  }
};

struct ManyRecords {
  const RecordsOfRows& rows;
  const uint8_t* gradient;
  template <typename Rule>
  int64_t With(const Params& p) const {
    return UpdateRecordsOf<Rule>(p, rows, gradient);
  }
};

template <typename Work>
int64_t ByKind(const Params& p, const Work& work) {
  switch (p.rule.kind) {
    case v1::OPTIMIZER_KIND_SGD:
      return work.template With<Sgd>(p);
    case v1::OPTIMIZER_KIND_MOMENTUM:
      return work.template With<Momentum>(p);
    case v1::OPTIMIZER_KIND_ADAGRAD:
      return work.template With<Adagrad>(p);
    case v1::OPTIMIZER_KIND_RMSPROP:
      return work.template With<Rmsprop>(p);
    case v1::OPTIMIZER_KIND_ADAM:
    case v1::OPTIMIZER_KIND_ADAMW:
      return work.template With<Adam>(p);
    case v1::OPTIMIZER_KIND_FTRL:
      return work.template With<Ftrl>(p);
    case v1::OPTIMIZER_KIND_ADD:
      return work.template With<AddRule>(p);
    case v1::OPTIMIZER_KIND_SUM:
      return work.template With<SumRule>(p);
    default:
      return 0;  // Optimizer::Create lets no other kind pass
  }
}

int64_t UpdateAny(const UpdateRule& rule, const StepScalars& scalars, const RunOfRows& run,
                  const uint8_t* gradient, size_t count) {
  return ByKind({rule, scalars}, OneRun{run, gradient, count});
}

int64_t UpdateAnyRecords(const UpdateRule& rule, const StepScalars& scalars,
                         const RecordsOfRows& rows, const uint8_t* gradient) {
  return ByKind({rule, scalars}, ManyRecords{rows, gradient});
}

}  // namespace HWY_NAMESPACE
}  // namespace paceline::server
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace paceline::server {

HWY_EXPORT(UpdateAny);
HWY_EXPORT(UpdateAnyRecords);

std::optional<uint64_t> UpdateRun(const UpdateRule& rule, const StepScalars& scalars,
                                  const RunOfRows& run, const uint8_t* gradient, size_t count) {
  const int64_t bad = HWY_DYNAMIC_DISPATCH(UpdateAny)(rule, scalars, run, gradient, count);
  if (bad < 0) return std::nullopt;
  return static_cast<uint64_t>(bad);
}

std::optional<uint64_t> UpdateRecords(const UpdateRule& rule, const StepScalars& scalars,
                                      const RecordsOfRows& rows, const uint8_t* gradient) {
  const int64_t bad = HWY_DYNAMIC_DISPATCH(UpdateAnyRecords)(rule, scalars, rows, gradient);
  if (bad < 0) return std::nullopt;
  return static_cast<uint64_t>(bad);
}

std::optional<uint64_t> UpdateRun(const UpdateRule& rule, const StepScalars& scalars,
                                  const RunOfRows& run, FloatRuns gradient) {
  std::optional<uint64_t> found;
  gradient([&](const uint8_t* bytes, size_t count, uint64_t index) {
    RunOfRows part = run;
    part.src += index;
    part.dst += index;
    for (float*& slot : part.slots) {
      if (slot != nullptr) slot += index;
    }
    if (part.correction1 != nullptr) part.correction1 += index;
    if (part.correction2 != nullptr) part.correction2 += index;
    const auto bad = UpdateRun(rule, scalars, part, bytes, count);
    if (bad && !found) found = index + *bad;
  });
  return found;
}

std::optional<uint64_t> UpdateRun(const UpdateRule& rule, const StepScalars& scalars,
                                  const RunOfRows& run, const ByteView& gradient) {
  PL_CHECK_EQ(gradient.size() % sizeof(float), 0);
  return UpdateRun(rule, scalars, run, [&](FloatRun each) { gradient.ForEachFloats(each); });
}

}  // namespace paceline::server
#endif  // HWY_ONCE
