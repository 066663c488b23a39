#include "server/core/rows/row_images.h"

#include "common/check.h"

namespace paceline::server {

void RowImages::Remember(uint64_t key, const float* row) {
  const uint64_t number = rows_.size() / dim_;
  PL_CHECK_LT(number, kAbsentRow);
  const uint32_t value = row == nullptr ? kAbsentRow : static_cast<uint32_t>(number);
  if (!index_.emplace(key, value).second || row == nullptr) return;
  rows_.insert(rows_.end(), row, row + dim_);
}

RowImage RowImages::Find(uint64_t key) const {
  const auto found = index_.find(key);
  if (found == index_.end()) return {};
  if (found->second == kAbsentRow) return {.kind = RowImage::kAbsent, .row = nullptr};
  return {.kind = RowImage::kRow, .row = rows_.data() + uint64_t{found->second} * dim_};
}

}  // namespace paceline::server
