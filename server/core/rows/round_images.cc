#include "server/core/rows/round_images.h"

#include <algorithm>

#include "common/check.h"

namespace paceline::server {

void RoundImages::Start(uint64_t count) {
  PL_CHECK_LT(count, kAbsentRow);
  keys_.clear();
  numbers_.clear();
  rows_.clear();
  if (count <= room_) return;
  room_ = count;
  keys_.reserve(count);
  numbers_.reserve(count);
  rows_.reserve(count * dim_);
}

void RoundImages::Append(uint64_t key, const float* row) {
  PL_CHECK(keys_.empty() || keys_.back() < key) << "key " << key;
  keys_.push_back(key);
  numbers_.push_back(row == nullptr ? kAbsentRow : static_cast<uint32_t>(rows_.size() / dim_));
  if (row != nullptr) rows_.insert(rows_.end(), row, row + dim_);
}

RowImage RoundImages::Cursor::Find(uint64_t key) {
  const std::vector<uint64_t>& keys = images_.keys_;
  // Mostly the next one or one near it; else in steps that double.
  uint64_t step = 1;
  while (at_ + step < keys.size() && keys[at_ + step] < key) {
    at_ += step;
    step *= 2;
  }
  const auto from = keys.begin() + static_cast<std::ptrdiff_t>(at_);
  const auto to =
      keys.begin() + static_cast<std::ptrdiff_t>(std::min<uint64_t>(at_ + step + 1, keys.size()));
  at_ = static_cast<uint64_t>(std::lower_bound(from, to, key) - keys.begin());
  if (at_ == keys.size() || keys[at_] != key) return {};
  return images_.image(at_);
}

RowImage RoundImages::image(uint64_t i) const {
  if (numbers_[i] == kAbsentRow) return {.kind = RowImage::kAbsent, .row = nullptr};
  return {.kind = RowImage::kRow, .row = rows_.data() + uint64_t{numbers_[i]} * dim_};
}

uint64_t RoundImages::BytesFor(uint64_t count) const {
  return std::max(count, room_) * (sizeof(uint64_t) + sizeof(uint32_t) + sizeof(float) * dim_);
}

}  // namespace paceline::server
