#include "worker/core/data/range_dataset.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/check.h"

namespace paceline::worker {

absl::StatusOr<uint64_t> HeldOutRecords(double part, uint64_t records) {
  if (records < 2) {
    return absl::InvalidArgumentError(absl::StrCat(
        "data.holdout: at least 2 records expected, one of them to train on, got ", records));
  }
  const auto held = static_cast<uint64_t>(part * static_cast<double>(records));
  return std::clamp(held, uint64_t{1}, records - 1);
}

RangeDataset::RangeDataset(std::unique_ptr<Dataset> whole, uint64_t first, uint64_t records)
    : whole_(std::move(whole)), first_(first), records_(records) {
  PL_CHECK_LE(first + records, whole_->records());
}

absl::Status RangeDataset::Read(absl::Span<const uint64_t> records, Batch* batch) {
  numbers_.clear();
  for (const uint64_t record : records) {
    if (record >= records_) {
      return absl::OutOfRangeError(
          absl::StrCat("record ", record, " of ", records_, " from record ", first_, " on"));
    }
    numbers_.push_back(first_ + record);
  }
  return whole_->Read(numbers_, batch);
}

}  // namespace paceline::worker
