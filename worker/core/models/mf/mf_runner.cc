#include "worker/core/models/mf/mf_runner.h"

#include <algorithm>

#include "absl/strings/str_format.h"
#include "absl/strings/string_view.h"
#include "common/check.h"
#include "common/status/status_macros.h"
#include "worker/core/math/vector_kernels.h"
#include "worker/core/models/checks.h"
#include "worker/core/models/losses.h"
#include "worker/core/models/mf/mf_model.h"

namespace paceline::worker {
namespace {

class MfRunner final : public Runner {
 public:
  MfRunner(const std::vector<v1::TableSpec>& tables, const Trace& trace)
      : tables_(tables), trace_(trace), k_(tables[kMfUser].dim()) {}

  absl::Status Gradient(const Batch& batch, const Parameters& parameters, float scale,
                        Gradients* gradients, LossSum* loss, const GradientReady& ready) override {
    TraceScope scope(trace_, TraceTrack::kCompute, "forward", batch.iteration);
    PL_RETURN_IF_ERROR(Predict(batch, parameters, &predictions_));
    *loss = SumOf(predictions_);
    scope.Next("backward");
    LossGradient(predictions_, batch.labels, scale, &z_gradient_);
    gradients->resize(tables_.size());
    FactorGradient(items_, users_, parameters, kMfItem, kMfUser, gradients);
    ready(kMfItem);
    FactorGradient(users_, items_, parameters, kMfUser, kMfItem, gradients);
    ready(kMfUser);
    KeyedBiasGradient(items_, parameters[kMfItemBias], &(*gradients)[kMfItemBias]);
    ready(kMfItemBias);
    KeyedBiasGradient(users_, parameters[kMfUserBias], &(*gradients)[kMfUserBias]);
    ready(kMfUserBias);
    float sum = 0;
    for (const float z : z_gradient_) sum += z;
    (*gradients)[kMfBias].keys.clear();
    (*gradients)[kMfBias].rows.assign(1, sum);
    ready(kMfBias);
    return absl::OkStatus();
  }

  absl::Status Predict(const Batch& batch, const Parameters& parameters,
                       Predictions* predictions) override {
    PL_RETURN_IF_ERROR(CheckPairs(tables_, batch));
    PL_RETURN_IF_ERROR(CheckFiniteLabels(batch.labels));
    PL_RETURN_IF_ERROR(CheckParameters(tables_, parameters));
    for (const int table : {kMfItem, kMfUser}) {
      // The bias of a row lies behind it in name order.
      PL_RETURN_IF_ERROR(CheckSameKeys(tables_[table], parameters[table], tables_[table + 1],
                                       parameters[table + 1]));
    }
    PL_RETURN_IF_ERROR(
        FindRows(batch, kMfUserField, "user", tables_[kMfUser], parameters[kMfUser], &users_));
    PL_RETURN_IF_ERROR(
        FindRows(batch, kMfItemField, "item", tables_[kMfItem], parameters[kMfItem], &items_));
    z_.resize(batch.size());
    const float bias = parameters[kMfBias].rows[0];
    for (uint64_t i = 0; i < z_.size(); ++i) {
      const float biases =
          bias + parameters[kMfUserBias].rows[users_[i]] + parameters[kMfItemBias].rows[items_[i]];
      z_[i] = biases +
              Dot(RowOf(parameters[kMfUser], users_[i]), RowOf(parameters[kMfItem], items_[i]));
    }
    EvaluateLoss(v1::LOSS_SQUARED, z_, batch.labels, predictions);
    return absl::OkStatus();
  }

 private:
  using Rows = std::vector<uint64_t>;

  absl::Span<const float> RowOf(const TableRows& table, uint64_t row) const {
    return absl::Span<const float>(table.rows).subspan(row * k_, k_);
  }

  // The row of each record's key in the field: the key itself in a dense table (CheckPairs has
  // seen that it is a row), its place
  // among the keys in a sparse one.
  static absl::Status FindRows(const Batch& batch, uint32_t field, absl::string_view what,
                               const v1::TableSpec& table, const TableRows& rows, Rows* found) {
    const bool sparse = table.kind() == v1::TABLE_KIND_SPARSE;
    found->resize(batch.size());
    for (uint64_t i = 0; i < batch.size(); ++i) {
      const uint64_t key = batch.indices[i * kMfFields + field];
      if (!sparse) {
        (*found)[i] = key;
        continue;
      }
      const auto at = std::lower_bound(rows.keys.begin(), rows.keys.end(), key);
      if (at == rows.keys.end() || *at != key) {
        return absl::InvalidArgumentError(
            absl::StrFormat("batch record %d: %s %d is not among the %d keys of table %s", i, what,
                            key, rows.keys.size(), table.name()));
      }
      (*found)[i] = static_cast<uint64_t>(at - rows.keys.begin());
    }
    return absl::OkStatus();
  }

  // gradient of `table` [own] += z_gradient * row of `other_table` [other], record by record.
  void FactorGradient(const Rows& own, const Rows& other, const Parameters& parameters, int table,
                      int other_table, Gradients* gradients) const {
    TableRows& gradient = (*gradients)[table];
    gradient.keys = parameters[table].keys;
    gradient.rows.assign(parameters[table].rows.size(), 0.0f);
    const absl::Span<float> sums = absl::MakeSpan(gradient.rows);
    for (uint64_t i = 0; i < own.size(); ++i) {
      AddScaled(z_gradient_[i], RowOf(parameters[other_table], other[i]),
                sums.subspan(own[i] * k_, k_));
    }
  }

  void KeyedBiasGradient(const Rows& rows, const TableRows& bias, TableRows* gradient) const {
    gradient->keys = bias.keys;
    gradient->rows.assign(bias.rows.size(), 0.0f);
    for (uint64_t i = 0; i < rows.size(); ++i) gradient->rows[rows[i]] += z_gradient_[i];
  }

  const std::vector<v1::TableSpec> tables_;
  const Trace trace_;
  const uint32_t k_;
  // Of the batch, by record: rows of the user and of the item tables.
  Rows users_;
  Rows items_;
  std::vector<float> z_;
  std::vector<float> z_gradient_;
  Predictions predictions_;
};

}  // namespace

std::unique_ptr<Runner> CreateMfRunner(const std::vector<v1::TableSpec>& tables,
                                       const Trace& trace) {
  PL_CHECK_EQ(tables.size(), size_t{kMfTables});
  return std::make_unique<MfRunner>(tables, trace);
}

}  // namespace paceline::worker
