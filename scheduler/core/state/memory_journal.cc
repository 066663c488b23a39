#include "scheduler/core/state/memory_journal.h"

#include <algorithm>

#include "common/check.h"
#include "common/status/status_macros.h"

namespace paceline::scheduler {

absl::Status MemoryJournal::Replay(
    const std::function<absl::Status(const v1::StateSnapshot&)>& on_snapshot,
    const std::function<absl::Status(const v1::Update&)>& on_update) {
  if (snapshot_.has_value()) PL_RETURN_IF_ERROR(on_snapshot(*snapshot_));
  for (const v1::Update& update : updates_) PL_RETURN_IF_ERROR(on_update(update));
  return absl::OkStatus();
}

absl::Status MemoryJournal::Append(absl::Span<const v1::Update> updates) {
  PL_RETURN_IF_ERROR(error_);
  updates_.insert(updates_.end(), updates.begin(), updates.end());
  return absl::OkStatus();
}

absl::Status MemoryJournal::Compact(const v1::StateSnapshot& snapshot) {
  PL_RETURN_IF_ERROR(error_);
  const uint64_t before = snapshot_.has_value() ? snapshot_->journal_index() : 0;
  PL_CHECK_GE(snapshot.journal_index(), before);
  const uint64_t covered = std::min<uint64_t>(snapshot.journal_index() - before, updates_.size());
  updates_.erase(updates_.begin(), updates_.begin() + static_cast<ptrdiff_t>(covered));
  snapshot_ = snapshot;
  return absl::OkStatus();
}

}  // namespace paceline::scheduler
