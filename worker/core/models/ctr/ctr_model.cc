#include "worker/core/models/ctr/ctr_model.h"

#include <algorithm>
#include <utility>

namespace paceline::worker {
namespace {

// Of the first `wanted` fields of each record, ascending.
std::vector<uint64_t> Distinct(const Batch& batch, uint32_t wanted) {
  std::vector<uint64_t> keys;
  keys.reserve(batch.size() * wanted);
  for (uint64_t first = 0; first < batch.indices.size(); first += batch.fields) {
    const auto record = batch.indices.begin() + static_cast<std::ptrdiff_t>(first);
    keys.insert(keys.end(), record, record + wanted);
  }
  std::sort(keys.begin(), keys.end());
  keys.erase(std::unique(keys.begin(), keys.end()), keys.end());
  return keys;
}

}  // namespace

CtrModel::CtrModel(std::vector<v1::TableSpec> tables, const CtrShape& shape)
    : tables_(std::move(tables)), shape_(shape), places_(CtrPlaces::Of(tables_)) {}

void CtrModel::Keys(const Batch& batch, std::vector<std::vector<uint64_t>>* keys) const {
  keys->assign(tables_.size(), {});
  const bool fits =
      batch.fields == shape_.fields && batch.indices.size() == batch.size() * shape_.fields;
  if (!fits || tables_[places_.factors].kind() != v1::TABLE_KIND_SPARSE) return;
  (*keys)[places_.factors] = Distinct(batch, shape_.embedded);
  if (places_.weight < 0) return;
  (*keys)[places_.weight] =
      shape_.embedded == shape_.fields ? (*keys)[places_.factors] : Distinct(batch, shape_.fields);
}

}  // namespace paceline::worker
