#include "worker/core/models/feature_model.h"

#include <algorithm>
#include <numeric>

namespace paceline::worker {

void FeatureModel::Keys(const Batch& batch, std::vector<std::vector<uint64_t>>* keys) const {
  keys->resize(tables_.size());
  const std::vector<uint64_t>* found = nullptr;
  for (size_t t = 0; t < tables_.size(); ++t) {
    std::vector<uint64_t>& out = (*keys)[t];
    out.clear();
    if (tables_[t].kind() != v1::TABLE_KIND_SPARSE) continue;
    if (found != nullptr) {
      out = *found;
    } else if (batch.dense) {
      out.resize(batch.size() == 0 ? 0 : features_);
      std::iota(out.begin(), out.end(), uint64_t{0});
    } else {
      out = batch.indices;
      std::sort(out.begin(), out.end());
      out.erase(std::unique(out.begin(), out.end()), out.end());
    }
    found = &out;
  }
}

}  // namespace paceline::worker
