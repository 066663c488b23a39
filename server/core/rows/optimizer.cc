#include "server/core/rows/optimizer.h"

#include <cmath>
#include <limits>

#include "absl/strings/str_cat.h"
#include "common/check.h"
#include "common/status/status_macros.h"
#include "common/tables/slots.h"

namespace paceline::server {
namespace {

// A value of the spec with the range that its float32 form must keep.
struct Range {
  const char* field;
  double value;
  double low;   // value >= low, or above it
  double high;  // value <= high, or below it
  bool low_open;
  bool high_open;
};

absl::Status Check(const std::string& table, const Range& range) {
  const auto in = [&](double value) {
    return (range.low_open ? value > range.low : value >= range.low) &&
           (range.high_open ? value < range.high : value <= range.high);
  };
  // Also as the kernels see it: 1e-60 is 0, and 0.99999999999 is 1.
  if (in(range.value) && in(static_cast<float>(range.value))) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat(
      "table \"", table, "\": optimizer.", range.field, " must be in ", range.low_open ? "(" : "[",
      range.low, ", ", range.high, range.high_open ? ")" : "]", ", got ", range.value));
}

}  // namespace

absl::StatusOr<Optimizer> Optimizer::Create(const v1::TableSpec& table) {
  const v1::OptimizerSpec& spec = table.optimizer();
  UpdateRule rule;
  rule.kind = spec.kind() == v1::OPTIMIZER_KIND_UNSPECIFIED ? v1::OPTIMIZER_KIND_SGD : spec.kind();
  if (rule.kind < v1::OPTIMIZER_KIND_SGD || rule.kind > v1::OPTIMIZER_KIND_SUM) {
    return absl::InvalidArgumentError(absl::StrCat("table \"", table.name(),
                                                   "\": optimizer.kind: unknown value ",
                                                   static_cast<int>(spec.kind())));
  }
  const bool adam = CountsSteps(rule.kind);
  const bool ftrl = rule.kind == v1::OPTIMIZER_KIND_FTRL;
  const bool rmsprop = rule.kind == v1::OPTIMIZER_KIND_RMSPROP;
  const bool sum = rule.kind == v1::OPTIMIZER_KIND_SUM;
  const double default_epsilon =
      ftrl ? 1 : (rule.kind == v1::OPTIMIZER_KIND_ADAGRAD ? 1e-10 : 1e-8);

  const double learning_rate = spec.has_learning_rate() ? spec.learning_rate() : 0.01;
  const double momentum = spec.has_momentum() ? spec.momentum() : 0.9;
  const double beta1 = spec.has_beta1() ? spec.beta1() : 0.9;
  const double beta2 = spec.has_beta2() ? spec.beta2() : 0.999;
  const double rho = spec.has_rho() ? spec.rho() : 0.9;
  const double epsilon = spec.has_epsilon() ? spec.epsilon() : default_epsilon;
  const double weight_decay = spec.has_weight_decay() ? spec.weight_decay() : 0.01;
  constexpr double kMost = 1e6;
  constexpr double kMostFloat = std::numeric_limits<float>::max();
  const Range ranges[] = {
      {"learning_rate", learning_rate, 0, kMost, true, false},
      {"momentum", momentum, 0, 1, false, true},
      {"beta1", beta1, 0, 1, false, true},
      {"beta2", beta2, 0, 1, false, true},
      {"rho", rho, 0, 1, false, /*high_open=*/!sum},
      {"epsilon", epsilon, 0, kMost, true, false},
      {"l1", spec.l1(), 0, kMost, false, false},
      {"l2", spec.l2(), 0, kMost, false, false},
      {"weight_decay", weight_decay, 0, kMost, false, false},
      {"clip_value", spec.clip_value(), 0, kMostFloat, false, false},
  };
  for (const Range& range : ranges) PL_RETURN_IF_ERROR(Check(table.name(), range));
  auto schedule = Schedule::Create(spec.schedule());
  if (!schedule.ok()) {
    return absl::InvalidArgumentError(
        absl::StrCat("table \"", table.name(), "\": optimizer.", schedule.status().message()));
  }

  rule.nesterov = spec.nesterov();
  rule.clip = static_cast<float>(spec.clip_value());
  if (!table.no_decay()) {
    rule.l1 = static_cast<float>(spec.l1());
    rule.l2 = static_cast<float>(spec.l2());
    if (rule.kind == v1::OPTIMIZER_KIND_ADAMW) {
      rule.weight_decay = static_cast<float>(weight_decay);
    }
  }
  rule.momentum = static_cast<float>(momentum);
  const double second = rmsprop ? rho : beta2;
  rule.beta1 = static_cast<float>(beta1);
  rule.one_minus_beta1 = static_cast<float>(1 - beta1);
  rule.beta2 = static_cast<float>(second);
  rule.one_minus_beta2 = static_cast<float>(1 - second);
  rule.epsilon = static_cast<float>(epsilon);
  rule.alpha = static_cast<float>(learning_rate);
  return Optimizer(rule, learning_rate, adam ? beta1 : 0, adam ? beta2 : 0, rho,
                   *std::move(schedule));
}

absl::Span<const std::string_view> Optimizer::slot_names() const { return SlotNames(rule_.kind); }

bool Optimizer::counts_steps() const { return CountsSteps(rule_.kind); }

StepScalars Optimizer::Scalars(const Step& step) const {
  StepScalars scalars;
  const double factor = schedule_.Factor(step.iteration) * step.share;
  scalars.learning_rate = static_cast<float>(learning_rate_ * factor);
  scalars.gradient_scale = static_cast<float>(factor);
  scalars.keep = static_cast<float>(1 - (1 - rho_) * step.share);
  Corrections(step.number, &scalars.correction1, &scalars.correction2);
  return scalars;
}

void Optimizer::Corrections(uint64_t steps, float* correction1, float* correction2) const {
  PL_CHECK_GE(steps, 1);
  const double k = static_cast<double>(steps);
  *correction1 = static_cast<float>(1 / (1 - std::pow(beta1_, k)));
  *correction2 = static_cast<float>(1 / (1 - std::pow(beta2_, k)));
}

float Optimizer::InitialSlot(int slot, float w) const {
  if (rule_.kind != v1::OPTIMIZER_KIND_FTRL || slot != 0 || w == 0) return 0;
  const double z = -static_cast<double>(w) * (static_cast<double>(rule_.epsilon) / rule_.alpha +
                                              static_cast<double>(rule_.l2)) -
                   std::copysign(static_cast<double>(rule_.l1), w);
  return static_cast<float>(z);
}

}  // namespace paceline::server
