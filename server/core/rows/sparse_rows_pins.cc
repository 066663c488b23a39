// Pins of a sparse bucket, and its memory accounting.
#include <algorithm>

#include "absl/strings/str_cat.h"
#include "common/status/status_macros.h"
#include "server/core/rows/sparse_rows.h"

namespace paceline::server {

const SparseRows::Pinned* SparseRows::FindPin(uint64_t pin) const {
  const auto found =
      std::find_if(pins_.begin(), pins_.end(), [&](const Pinned& p) { return p.id == pin; });
  return found == pins_.end() ? nullptr : &*found;
}

absl::Status SparseRows::Pin(uint64_t pin, Version version) {
  if (FindPin(pin) != nullptr) {
    return absl::AlreadyExistsError(absl::StrCat("pin ", pin, " is in use"));
  }
  if (pins_.size() >= kMaxPins) {
    return absl::ResourceExhaustedError(
        absl::StrCat("pin ", pin, ": a shard has at most ", kMaxPins, " pins"));
  }
  // What the round changed has been changed since the state that is pinned.
  const uint64_t images = version == Version::kPrevious ? previous_.size() : 0;
  PL_RETURN_IF_ERROR(ReserveTo(BytesFor(index_.size(), 0, PinImages() + images)));
  Pinned& pinned = pins_.emplace_back(Pinned{.id = pin, .images = RowImages(dim_)});
  for (uint64_t i = 0; i < images; ++i) {
    pinned.images.Remember(previous_.key(i), previous_.image(i).row);
  }
  return absl::OkStatus();
}

absl::Status SparseRows::Unpin(uint64_t pin) {
  const Pinned* pinned = FindPin(pin);
  if (pinned == nullptr) return absl::NotFoundError(absl::StrCat("pin ", pin, " is not held"));
  pins_.erase(pins_.begin() + (pinned - pins_.data()));
  return ReserveTo(BytesFor(index_.size(), 0, PinImages()));
}

absl::Status SparseRows::ReadPinned(uint64_t pin, absl::Span<const uint64_t> keys,
                                    float* out) const {
  const Pinned* pinned = FindPin(pin);
  if (pinned == nullptr) return absl::NotFoundError(absl::StrCat("pin ", pin, " is not held"));
  ForEachRecord(keys, dim_, [&](size_t i, const float* record) {
    ReadRow(keys[i], record, pinned->images.Find(keys[i]), out + i * dim_);
  });
  return absl::OkStatus();
}

uint64_t SparseRows::PinImages() const {
  uint64_t images = 0;
  for (const Pinned& pin : pins_) images += pin.images.size();
  return images;
}

uint64_t SparseRows::TableBytes(uint64_t rows) const {
  return chunks_.BytesFor(rows) + RecordIndex::BytesFor(rows);
}

uint64_t SparseRows::PeakTableBytes(uint64_t rows) const {
  return chunks_.BytesFor(rows + 1) + RecordIndex::PeakBytesFor(rows);
}

uint64_t SparseRows::BytesFor(uint64_t rows, uint64_t previous_images, uint64_t pin_images) const {
  // Rows that go leave their room to others.
  return TableBytes(std::max(rows, most_rows_)) + WaitingKeys::BytesFor(most_waiting_) +
         previous_.BytesFor(previous_images) + pin_images * RowImages::BytesPerImage(dim_);
}

absl::Status SparseRows::ReserveTo(uint64_t bytes) {
  if (bytes > reserved_) {
    PL_RETURN_IF_ERROR(budget_->Reserve(bytes - reserved_, absl::StrCat("table \"", table_, "\"")));
  } else {
    budget_->Release(reserved_ - bytes);
  }
  reserved_ = bytes;
  return absl::OkStatus();
}

}  // namespace paceline::server
