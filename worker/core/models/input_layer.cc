#include "worker/core/models/input_layer.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_format.h"
#include "worker/core/math/blas.h"
#include "worker/core/math/vector_kernels.h"
#include "worker/core/models/bias.h"
#include "worker/core/models/checks.h"

namespace paceline::worker {
InputLayer::InputLayer(v1::TableSpec table, uint64_t features)
    : table_(std::move(table)), features_(features) {}

absl::Status InputLayer::Bind(const Batch& batch, const TableRows& weight) {
  rows_.clear();
  if (batch.dense) return CheckKeysOfDense(table_, batch, weight.keys, features_);
  rows_ = batch.indices;
  if (table_.kind() != v1::TABLE_KIND_SPARSE) return absl::OkStatus();
  const auto begin = weight.keys.begin();
  const auto end = weight.keys.end();
  auto from = begin;
  uint64_t last = 0;
  for (uint64_t& row : rows_) {
    // Features ascend within a record: search on from the last one.
    if (row < last) from = begin;
    last = row;
    from = std::lower_bound(from, end, row);
    if (from == end || *from != row) {
      return absl::InvalidArgumentError(
          absl::StrFormat("table %s: feature %d of the batch is not among the %d keys pulled",
                          table_.name(), row, weight.keys.size()));
    }
    row = static_cast<uint64_t>(from - begin);
  }
  return absl::OkStatus();
}

void InputLayer::Forward(const Batch& batch, const TableRows& weight, absl::Span<const float> bias,
                         std::vector<float>* out) const {
  const uint64_t n = batch.size();
  const uint32_t dim = outputs();
  out->resize(n * bias.size());
  FillWithBias(bias, absl::MakeSpan(*out));
  if (n == 0) return;
  if (batch.dense && dim > 1) {
    Gemm(Transpose::kNo, Transpose::kNo, n, dim, features_, batch.dense_values.data(),
         weight.rows.data(), 1, out->data());
    return;
  }
  for (uint64_t i = 0; i < n; ++i) {
    if (batch.dense) {
      const absl::Span<const float> values(batch.dense_values);
      (*out)[i] += Dot(values.subspan(i * features_, features_), weight.rows);
      continue;
    }
    const uint64_t first = batch.offsets[i];
    const uint64_t count = batch.offsets[i + 1] - first;
    AddWeightedRows(absl::MakeConstSpan(batch.values).subspan(first, count),
                    absl::MakeConstSpan(rows_).subspan(first, count), weight.rows.data(),
                    absl::MakeSpan(*out).subspan(i * dim, dim));
  }
}

void InputLayer::Backward(const Batch& batch, const TableRows& weight,
                          absl::Span<const float> out_gradient, TableRows* gradient) const {
  const uint64_t n = batch.size();
  const uint32_t dim = outputs();
  gradient->keys = weight.keys;
  if (batch.dense && dim > 1 && n > 0) {
    gradient->rows.resize(weight.rows.size());
    Gemm(Transpose::kYes, Transpose::kNo, features_, dim, n, batch.dense_values.data(),
         out_gradient.data(), 0, gradient->rows.data());
    return;
  }
  gradient->rows.assign(weight.rows.size(), 0.0f);
  for (uint64_t i = 0; i < n; ++i) {
    if (batch.dense) {
      const absl::Span<const float> values(batch.dense_values);
      AddScaled(out_gradient[i], values.subspan(i * features_, features_),
                absl::MakeSpan(gradient->rows));
      continue;
    }
    const uint64_t first = batch.offsets[i];
    const uint64_t count = batch.offsets[i + 1] - first;
    ScatterWeightedRows(absl::MakeConstSpan(batch.values).subspan(first, count),
                        absl::MakeConstSpan(rows_).subspan(first, count),
                        out_gradient.subspan(i * dim, dim), gradient->rows.data());
  }
}

}  // namespace paceline::worker
