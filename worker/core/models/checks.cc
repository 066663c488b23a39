#include "worker/core/models/checks.h"

#include <cmath>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/string_view.h"
#include "common/status/status_macros.h"
#include "common/tables/model_tables.h"

namespace paceline::worker {
namespace {

absl::Status CheckDense(const Batch& batch, uint64_t features) {
  if (batch.features != features) {
    return absl::InvalidArgumentError(
        absl::StrFormat("batch: %d features expected, got %d", features, batch.features));
  }
  if (batch.dense_values.size() != batch.size() * features) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "batch: %d values expected for %d records of %d features, got %d", batch.size() * features,
        batch.size(), features, batch.dense_values.size()));
  }
  return absl::OkStatus();
}

absl::Status CheckCsr(const Batch& batch, uint64_t features) {
  const std::vector<uint64_t>& offsets = batch.offsets;
  const uint64_t entries = batch.indices.size();
  if (batch.values.size() != entries) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "batch: as many values as indices (%d) expected, got %d", entries, batch.values.size()));
  }
  if (batch.size() == 0 && offsets.empty() && entries == 0) return absl::OkStatus();
  if (offsets.size() != batch.size() + 1 || offsets.front() != 0 || offsets.back() != entries) {
    return absl::InvalidArgumentError(
        absl::StrFormat("batch: offsets from 0 to %d for %d records expected, got %d offsets",
                        entries, batch.size(), offsets.size()));
  }
  for (uint64_t record = 0; record < batch.size(); ++record) {
    if (offsets[record] > offsets[record + 1]) {
      return absl::InvalidArgumentError(
          absl::StrFormat("batch record %d: offsets that ascend expected, got %d after %d", record,
                          offsets[record + 1], offsets[record]));
    }
  }
  for (uint64_t record = 0; record < batch.size(); ++record) {
    for (uint64_t k = offsets[record]; k < offsets[record + 1]; ++k) {
      if (batch.indices[k] >= features) {
        return absl::InvalidArgumentError(
            absl::StrFormat("batch record %d: feature index below %d expected, got %d", record,
                            features, batch.indices[k]));
      }
      if (k > offsets[record] && batch.indices[k] <= batch.indices[k - 1]) {
        return absl::InvalidArgumentError(
            absl::StrFormat("batch record %d: indices that ascend expected, got %d after %d",
                            record, batch.indices[k], batch.indices[k - 1]));
      }
    }
  }
  return absl::OkStatus();
}

template <typename Allowed>
absl::Status CheckLabels(absl::Span<const float> labels, absl::string_view expected,
                         const Allowed& allowed) {
  for (size_t i = 0; i < labels.size(); ++i) {
    if (!allowed(labels[i])) {
      return absl::InvalidArgumentError(
          absl::StrFormat("batch record %d: label %s expected, got %g", i, expected, labels[i]));
    }
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status CheckBatch(const Batch& batch, uint64_t features) {
  return batch.dense ? CheckDense(batch, features) : CheckCsr(batch, features);
}

absl::Status CheckParameters(const std::vector<v1::TableSpec>& tables,
                             const Parameters& parameters) {
  if (parameters.size() != tables.size()) {
    return absl::InvalidArgumentError(absl::StrFormat("parameters: %d tables expected, got %d",
                                                      tables.size(), parameters.size()));
  }
  for (size_t t = 0; t < tables.size(); ++t) {
    const v1::TableSpec& table = tables[t];
    const std::vector<uint64_t>& keys = parameters[t].keys;
    const bool sparse = table.kind() == v1::TABLE_KIND_SPARSE;
    const uint64_t rows = sparse ? keys.size() : table.rows();
    if (!sparse && !keys.empty()) {
      return absl::InvalidArgumentError(
          absl::StrFormat("table %s: is dense, got %d keys", table.name(), keys.size()));
    }
    if (parameters[t].rows.size() != rows * table.dim()) {
      return absl::InvalidArgumentError(absl::StrFormat("table %s: %d x %d values expected, got %d",
                                                        table.name(), rows, table.dim(),
                                                        parameters[t].rows.size()));
    }
    for (size_t k = 1; k < keys.size(); ++k) {
      if (keys[k] <= keys[k - 1]) {
        return absl::InvalidArgumentError(
            absl::StrFormat("table %s: keys that ascend expected, got %d after %d", table.name(),
                            keys[k], keys[k - 1]));
      }
    }
  }
  return absl::OkStatus();
}

absl::Status CheckTables(const v1::JobSpec& spec, uint64_t features, uint32_t classes,
                         const std::vector<v1::TableSpec>& got) {
  PL_ASSIGN_OR_RETURN(const std::vector<v1::TableSpec> expected,
                      ModelTables(spec, features, classes));
  if (expected.size() != got.size()) {
    return absl::InvalidArgumentError(
        absl::StrFormat("model: %d tables expected, got %d", expected.size(), got.size()));
  }
  for (size_t t = 0; t < expected.size(); ++t) {
    const v1::TableSpec& a = expected[t];
    const v1::TableSpec& b = got[t];
    if (a.name() != b.name() || a.kind() != b.kind() || a.rows() != b.rows() ||
        a.dim() != b.dim()) {
      return absl::InvalidArgumentError(
          absl::StrFormat("model: table %s of %d x %d expected, got %s of %d x %d", a.name(),
                          a.rows(), a.dim(), b.name(), b.rows(), b.dim()));
    }
  }
  return absl::OkStatus();
}

absl::Status CheckKeysOfDense(const v1::TableSpec& table, const Batch& batch,
                              const std::vector<uint64_t>& keys, uint64_t features) {
  if (!batch.dense || batch.size() == 0 || table.kind() != v1::TABLE_KIND_SPARSE) {
    return absl::OkStatus();
  }
  if (keys.size() == features && keys.front() == 0 && keys.back() == features - 1) {
    return absl::OkStatus();
  }
  return absl::InvalidArgumentError(
      absl::StrFormat("table %s: a dense batch needs the keys of all %d features, got %d keys",
                      table.name(), features, keys.size()));
}

absl::Status CheckSameKeys(const v1::TableSpec& table, const TableRows& rows,
                           const v1::TableSpec& other_table, const TableRows& other) {
  if (rows.keys == other.keys) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrFormat("tables %s and %s: the same keys expected, got %d and %d that differ",
                      table.name(), other_table.name(), rows.keys.size(), other.keys.size()));
}

absl::Status CheckFiniteLabels(absl::Span<const float> labels) {
  return CheckLabels(labels, "a finite number", [](float label) { return std::isfinite(label); });
}

absl::Status CheckBinaryLabels(absl::Span<const float> labels) {
  return CheckLabels(labels, "0 or 1", [](float label) { return label == 0 || label == 1; });
}

absl::Status CheckClassLabels(absl::Span<const float> labels, uint32_t classes) {
  return CheckLabels(
      labels, absl::StrCat("a whole number from 0 to ", classes - 1), [classes](float label) {
        return label >= 0 && label < static_cast<float>(classes) && label == std::floor(label);
      });
}

}  // namespace paceline::worker
