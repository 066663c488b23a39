#include "worker/core/models/clip.h"

#include <cmath>

#include "absl/strings/str_format.h"
#include "common/check.h"
#include "worker/core/math/vector_kernels.h"

namespace paceline::worker {
namespace {

bool IsClipped(const v1::TableSpec& table) {
  const v1::OptimizerKind kind = table.optimizer().kind();
  return kind != v1::OPTIMIZER_KIND_ADD && kind != v1::OPTIMIZER_KIND_SUM;
}

}  // namespace

std::string NonFiniteValue::ToString() const {
  return absl::StrFormat("table %s, row %d, column %d: %g", table, row, column, value);
}

std::optional<NonFiniteValue> FindNonFinite(const std::vector<v1::TableSpec>& tables,
                                            const Gradients& gradients) {
  PL_CHECK_EQ(tables.size(), gradients.size());
  for (size_t t = 0; t < tables.size(); ++t) {
    const TableRows& gradient = gradients[t];
    if (std::isfinite(SumOfSquares(gradient.rows))) continue;
    for (uint64_t i = 0; i < gradient.rows.size(); ++i) {
      if (std::isfinite(gradient.rows[i])) continue;
      const uint32_t dim = tables[t].dim();
      const uint64_t row = i / dim;
      return NonFiniteValue{.table = tables[t].name(),
                            .row = gradient.keys.empty() ? row : gradient.keys[row],
                            .column = static_cast<uint32_t>(i % dim),
                            .value = gradient.rows[i]};
    }
  }
  return std::nullopt;
}

double GradientNorm(const std::vector<v1::TableSpec>& tables, const Gradients& gradients) {
  PL_CHECK_EQ(tables.size(), gradients.size());
  double sum = 0;
  for (size_t t = 0; t < tables.size(); ++t) {
    if (IsClipped(tables[t])) sum += SumOfSquares(gradients[t].rows);
  }
  return std::sqrt(sum);
}

double ClipByNorm(double clip_norm, double to_mean, const std::vector<v1::TableSpec>& tables,
                  Gradients* gradients) {
  PL_CHECK_GT(clip_norm, 0);
  PL_CHECK_GT(to_mean, 0);
  const double norm = to_mean * GradientNorm(tables, *gradients);
  if (!std::isfinite(norm) || norm <= clip_norm) return norm;
  const float factor = static_cast<float>(clip_norm / norm);
  for (size_t t = 0; t < tables.size(); ++t) {
    if (IsClipped(tables[t])) ScaleBy(factor, absl::MakeSpan((*gradients)[t].rows));
  }
  return norm;
}

}  // namespace paceline::worker
