#include "server/core/rows/sparse_fold.h"

#include <algorithm>

#include "common/check.h"
#include "common/copy_floats.h"
#include "server/core/rows/fold.h"

namespace paceline::server {

std::optional<NonFinite> SparseFold::Add(absl::Span<const uint64_t> keys,
                                         const ByteView& gradient) {
  PL_CHECK_EQ(gradient.size(), sizeof(float) * dim_ * keys.size());
  std::optional<NonFinite> found;
  const auto report = [&](uint64_t element) {
    if (found) return;
    found = NonFinite{.row = keys[element / dim_], .column = static_cast<uint32_t>(element % dim_)};
  };
  if (keys_.empty()) {
    keys_.assign(keys.begin(), keys.end());
    sums_.resize(keys.size() * dim_);
    if (const auto bad = FoldFirst(gradient, absl::MakeSpan(sums_))) report(*bad);
    return found;
  }
  Unite(keys);
  cut_.resize(dim_);
  gradient.ForEachRows(sizeof(float) * dim_, reinterpret_cast<uint8_t*>(cut_.data()),
                       [&](const uint8_t* rows, size_t count, uint64_t first) {
                         const auto positions =
                             absl::MakeConstSpan(positions_).subspan(first, count);
                         const auto bad = FoldRows(rows, positions, dim_, sums_.data());
                         if (bad) report(first * dim_ + *bad);
                       });
  return found;
}

void SparseFold::Unite(absl::Span<const uint64_t> keys) {
  positions_.resize(keys.size());
  merged_keys_.resize(keys_.size() + keys.size());
  merged_sums_.resize(merged_keys_.size() * dim_);
  float* sum = merged_sums_.data();
  size_t old = 0;
  size_t size = 0;
  const auto take_old = [&] {
    CopyFloats(sums_.data() + old * dim_, dim_, sum);
    merged_keys_[size++] = keys_[old++];
    sum += dim_;
  };
  for (size_t i = 0; i < keys.size(); ++i) {
    while (old < keys_.size() && keys_[old] < keys[i]) take_old();
    positions_[i] = static_cast<uint32_t>(size);
    if (old < keys_.size() && keys_[old] == keys[i]) {
      take_old();
    } else {
      std::fill_n(sum, dim_, 0.0f);
      merged_keys_[size++] = keys[i];
      sum += dim_;
    }
  }
  while (old < keys_.size()) take_old();
  merged_keys_.resize(size);
  merged_sums_.resize(size * dim_);
  keys_.swap(merged_keys_);
  sums_.swap(merged_sums_);
}

void SparseFold::Clear() {
  keys_.clear();
  sums_.clear();
}

uint64_t SparseFold::MemoryBytes() const {
  return sizeof(uint64_t) * (keys_.capacity() + merged_keys_.capacity()) +
         sizeof(float) * (sums_.capacity() + merged_sums_.capacity() + cut_.capacity()) +
         sizeof(uint32_t) * positions_.capacity();
}

}  // namespace paceline::server
