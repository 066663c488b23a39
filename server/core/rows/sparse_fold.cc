#include "server/core/rows/sparse_fold.h"

#include <algorithm>

#include "common/check.h"
#include "server/core/rows/fold.h"

namespace paceline::server {

std::optional<NonFinite> SparseFold::Add(absl::Span<const uint64_t> keys,
                                         const ByteView& gradient) {
  PL_CHECK_EQ(gradient.size(), sizeof(float) * dim_ * keys.size());
  // The union, with zeros where a key is new.
  merged_keys_.clear();
  merged_keys_.reserve(keys_.size() + keys.size());
  std::set_union(keys_.begin(), keys_.end(), keys.begin(), keys.end(),
                 std::back_inserter(merged_keys_));
  if (merged_keys_.size() != keys_.size()) {
    merged_sums_.assign(merged_keys_.size() * dim_, 0);
    size_t at = 0;
    for (size_t i = 0; i < keys_.size(); ++i) {
      while (merged_keys_[at] != keys_[i]) ++at;
      std::copy_n(sums_.data() + i * dim_, dim_, merged_sums_.data() + at * dim_);
    }
    keys_.swap(merged_keys_);
    sums_.swap(merged_sums_);
  }
  // Runs of keys that are neighbours in the union are folded together.
  std::optional<NonFinite> found;
  size_t at = 0;
  for (size_t i = 0; i < keys.size();) {
    while (keys_[at] != keys[i]) ++at;
    size_t run = 1;
    while (i + run < keys.size() && keys_[at + run] == keys[i + run]) ++run;
    const uint64_t row_bytes = sizeof(float) * dim_;
    const auto bad = Fold(gradient.Sub(i * row_bytes, run * row_bytes),
                          absl::MakeSpan(sums_.data() + at * dim_, run * dim_));
    if (bad && !found) {
      found = NonFinite{.row = keys[i + *bad / dim_], .column = static_cast<uint32_t>(*bad % dim_)};
    }
    i += run;
    at += run;
  }
  return found;
}

void SparseFold::Clear() {
  keys_.clear();
  sums_.clear();
}

uint64_t SparseFold::MemoryBytes() const {
  return sizeof(uint64_t) * (keys_.capacity() + merged_keys_.capacity()) +
         sizeof(float) * (sums_.capacity() + merged_sums_.capacity());
}

}  // namespace paceline::server
