// The update rules, element by element. w: weight, g: gradient, lr: learning rate
// times the schedule's factor at t times the rank's share (1 under BSP), k: the
// number of the step, from 1.
//
// First, unless it is add or sum:  g = min(max(g, -clip), clip)   if clip > 0
// then, unless it is ftrl as well: g += l2 * w + l1 * sign(w)     sign(0) = 0
//
//   sgd        w -= lr * g
//   momentum   v = mu * v + g;  w -= lr * v             nesterov: w -= lr * (g + mu * v)
//   adagrad    s += g^2;        w -= lr * g / (sqrt(s) + eps)
//   rmsprop    s = rho * s + (1 - rho) * g^2;  w -= lr * g / (sqrt(s) + eps)
//   adam       m = b1 * m + (1 - b1) * g;  v = b2 * v + (1 - b2) * g^2
//              w -= lr * m / (1 - b1^k) / (sqrt(v / (1 - b2^k)) + eps)
//   adamw      adam, and w -= lr * weight_decay * w (decoupled, of the old w)
//   ftrl       n' = n + g^2;  z += g - (sqrt(n') - sqrt(n)) / alpha * w
//              w = |z| <= l1 ? 0 : (sign(z) * l1 - z) / ((beta + sqrt(n')) / alpha + l2)
//   add        w += g
//   sum        w = keep * w + g,  keep = 1 - (1 - rho) * share
//
// sum forgets as it learns: g is a sum over a step's samples, and the steps of all ranks
// that make a round keep, together, about what one step of a BSP round keeps, rho.
//
// ftrl's weights are a function of (z, n) and alpha together, so alpha stays
// constant and the schedule and the share multiply g instead; z starts at the
// value that yields the row's initial weight: -w * (beta / alpha + l2) - sign(w) * l1.
//
// A table with no_decay has l1 = l2 = weight_decay = 0.
//
// Sources: Polyak 1964; Nesterov 1983 in the form of Sutskever et al. 2013; Duchi
// et al. 2011; Tieleman and Hinton 2012; Kingma and Ba 2015; Loshchilov and Hutter
// 2019; McMahan et al. 2013.
//
// Immutable.
#ifndef PACELINE_SERVER_CORE_ROWS_OPTIMIZER_H_
#define PACELINE_SERVER_CORE_ROWS_OPTIMIZER_H_

#include <cstdint>
#include <string_view>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "proto/node.pb.h"
#include "server/core/rows/schedule.h"

namespace paceline::server {

// Which step is taken.
struct Step {
  // Iteration of the push: what the schedule sees.
  uint64_t iteration = 0;
  // Number of this step on the shard, from 1: BSP iteration + 1, otherwise one
  // more than the steps the shard has applied. Adam's bias correction counts it in
  // dense shards; sparse rows count their own steps.
  uint64_t number = 1;
  // The rank's share of the global batch; 1 under BSP.
  double share = 1;
};

// Constants of a rule, as the kernels read them (update.h).
struct UpdateRule {
  v1::OptimizerKind kind = v1::OPTIMIZER_KIND_SGD;
  bool nesterov = false;
  float clip = 0;  // 0: off
  float l1 = 0, l2 = 0;
  float weight_decay = 0;
  float momentum = 0;
  float beta1 = 0, one_minus_beta1 = 0;
  float beta2 = 0, one_minus_beta2 = 0;  // rmsprop: rho
  float epsilon = 0;                     // ftrl: beta
  float alpha = 0;                       // ftrl
};

// What differs from call to call.
struct StepScalars {
  float learning_rate = 0;
  // ftrl: factor on g.
  float gradient_scale = 1;
  // sum: factor on w.
  float keep = 1;
  // 1 / (1 - beta^k).
  float correction1 = 1, correction2 = 1;
};

class Optimizer {
 public:
  // The optimizer of a table; absent values take the defaults of OptimizerSpec.
  // Errors:  InvalidArgument  a value outside its range, naming the field.
  static absl::StatusOr<Optimizer> Create(const v1::TableSpec& table);

  const UpdateRule& rule() const { return rule_; }
  // common/tables/slots.h
  absl::Span<const std::string_view> slot_names() const;
  int slots() const { return static_cast<int>(slot_names().size()); }
  bool counts_steps() const;

  StepScalars Scalars(const Step& step) const;
  // The bias corrections alone, for a row's own count of steps (from 1).
  void Corrections(uint64_t steps, float* correction1, float* correction2) const;

  // First value of slot `slot` beside the initial weight `w`.
  float InitialSlot(int slot, float w) const;

 private:
  Optimizer(const UpdateRule& rule, double learning_rate, double beta1, double beta2, double rho,
            Schedule schedule)
      : rule_(rule),
        learning_rate_(learning_rate),
        beta1_(beta1),
        beta2_(beta2),
        rho_(rho),
        schedule_(std::move(schedule)) {}

  UpdateRule rule_;
  double learning_rate_;
  double beta1_;
  double beta2_;
  double rho_;
  Schedule schedule_;
};

}  // namespace paceline::server

#endif  // PACELINE_SERVER_CORE_ROWS_OPTIMIZER_H_
