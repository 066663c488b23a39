// A Journal in memory, which can be told to fail.
#ifndef PACELINE_SCHEDULER_CORE_STATE_MEMORY_JOURNAL_H_
#define PACELINE_SCHEDULER_CORE_STATE_MEMORY_JOURNAL_H_

#include <optional>
#include <utility>
#include <vector>

#include "scheduler/core/state/journal.h"

namespace paceline::scheduler {

// Outlives the scheduler that uses it, as a disk does. Owned by one thread at a time.
class MemoryJournal final : public Journal {
 public:
  absl::Status Replay(const std::function<absl::Status(const v1::StateSnapshot&)>& on_snapshot,
                      const std::function<absl::Status(const v1::Update&)>& on_update) override;
  absl::Status Append(absl::Span<const v1::Update> updates) override;
  absl::Status Compact(const v1::StateSnapshot& snapshot) override;
  uint64_t entries() const override { return updates_.size(); }

  // Append and Compact return this from now on, until it is OK again.
  void FailWith(absl::Status error) { error_ = std::move(error); }

  const std::vector<v1::Update>& updates() const { return updates_; }

 private:
  std::optional<v1::StateSnapshot> snapshot_;
  std::vector<v1::Update> updates_;
  absl::Status error_;
};

}  // namespace paceline::scheduler

#endif  // PACELINE_SCHEDULER_CORE_STATE_MEMORY_JOURNAL_H_
