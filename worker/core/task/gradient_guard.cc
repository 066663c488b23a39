#include "worker/core/task/gradient_guard.h"

#include <cmath>

#include "common/check.h"

namespace paceline::worker {

GradientGuard::GradientGuard(const v1::TrainSpec& train, absl::Span<const v1::TableSpec> tables)
    : tables_(tables),
      clip_norm_(train.optimizer().clip_norm()),
      skip_non_finite_(train.on_non_finite() == v1::NON_FINITE_POLICY_SKIP) {}

std::optional<uint32_t> GradientGuard::FindNonFinite(const Gradients& gradients) const {
  for (uint32_t table = 0; table < gradients.size(); ++table) {
    // The difference of a finite value with itself is 0; NaN spreads through sums.
    float sum = 0;
    for (const float value : gradients[table].rows) sum += value - value;
    if (sum != 0) return table;
  }
  return std::nullopt;
}

double GradientGuard::ClipNorm(double rescale, Gradients* gradients) const {
  PL_CHECK_EQ(gradients->size(), tables_.size());
  if (clip_norm_ <= 0) return 1;
  double squares = 0;
  for (size_t table = 0; table < gradients->size(); ++table) {
    if (tables_[table].optimizer().kind() == v1::OPTIMIZER_KIND_ADD) continue;
    for (const float value : (*gradients)[table].rows) {
      squares += static_cast<double>(value) * value;
    }
  }
  const double norm = std::sqrt(squares) * rescale;
  if (!(norm > clip_norm_)) return 1;
  const double factor = clip_norm_ / norm;
  for (size_t table = 0; table < gradients->size(); ++table) {
    if (tables_[table].optimizer().kind() == v1::OPTIMIZER_KIND_ADD) continue;
    for (float& value : (*gradients)[table].rows) {
      value = static_cast<float>(value * factor);
    }
  }
  return factor;
}

}  // namespace paceline::worker
