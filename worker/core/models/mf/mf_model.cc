#include "worker/core/models/mf/mf_model.h"

#include <algorithm>

#include "absl/strings/str_format.h"

namespace paceline::worker {
namespace {

std::vector<uint64_t> Distinct(const Batch& batch, uint32_t field) {
  std::vector<uint64_t> keys;
  keys.reserve(batch.size());
  for (uint64_t i = field; i < batch.indices.size(); i += kMfFields) {
    keys.push_back(batch.indices[i]);
  }
  std::sort(keys.begin(), keys.end());
  keys.erase(std::unique(keys.begin(), keys.end()), keys.end());
  return keys;
}

}  // namespace

absl::Status CheckPairs(const std::vector<v1::TableSpec>& tables, const Batch& batch) {
  if (batch.size() == 0) return absl::OkStatus();
  if (batch.fields != kMfFields) {
    return absl::InvalidArgumentError(
        absl::StrFormat("batch: %d fields (user, item) expected, got %d", kMfFields, batch.fields));
  }
  if (batch.indices.size() != kMfFields * batch.size()) {
    return absl::InvalidArgumentError(
        absl::StrFormat("batch: %d keys expected for %d ratings, got %d", kMfFields * batch.size(),
                        batch.size(), batch.indices.size()));
  }
  for (uint64_t i = 0; i < batch.indices.size(); ++i) {
    const bool user = i % kMfFields == kMfUserField;
    const v1::TableSpec& table = tables[user ? kMfUser : kMfItem];
    if (table.kind() == v1::TABLE_KIND_SPARSE || batch.indices[i] < table.rows()) continue;
    return absl::InvalidArgumentError(absl::StrFormat(
        "batch record %d: %s below %d expected (table %s is dense), got %d", i / kMfFields,
        user ? "user" : "item", table.rows(), table.name(), batch.indices[i]));
  }
  return absl::OkStatus();
}

void MfModel::Keys(const Batch& batch, std::vector<std::vector<uint64_t>>* keys) const {
  keys->assign(tables_.size(), {});
  if (tables_[kMfUser].kind() != v1::TABLE_KIND_SPARSE || batch.fields != kMfFields) return;
  (*keys)[kMfUser] = (*keys)[kMfUserBias] = Distinct(batch, kMfUserField);
  (*keys)[kMfItem] = (*keys)[kMfItemBias] = Distinct(batch, kMfItemField);
}

}  // namespace paceline::worker
