// Where updates become durable before they count: SqliteJournal on disk
// (scheduler/io), MemoryJournal in tests and simulations.
//
// Entries are numbered from 1 without a gap. A snapshot stands for all entries up
// to its journal_index.
//
// Owned by one thread at a time.
#ifndef PACELINE_SCHEDULER_CORE_STATE_JOURNAL_H_
#define PACELINE_SCHEDULER_CORE_STATE_JOURNAL_H_

#include <cstdint>
#include <functional>

#include "absl/status/status.h"
#include "absl/types/span.h"
#include "proto/state.pb.h"

namespace paceline::scheduler {

class Journal {
 public:
  virtual ~Journal() = default;

  // Hands over the snapshot, if there is one, then every later entry in order.
  // Stops at the first error of a callback and returns it.
  // Errors:  DataLoss  an entry is missing or cannot be read.
  virtual absl::Status Replay(
      const std::function<absl::Status(const v1::StateSnapshot&)>& on_snapshot,
      const std::function<absl::Status(const v1::Update&)>& on_update) = 0;

  // Appends the updates, all or none; durable on return.
  // Errors:  ResourceExhausted  the disk is full.
  //          Unavailable        the write failed otherwise; nothing was appended.
  virtual absl::Status Append(absl::Span<const v1::Update> updates) = 0;

  // Replaces all entries up to snapshot.journal_index() by the snapshot. The index may
  // lie beyond the last entry: the next one is appended after it.
  // Errors:  as Append; then the journal is as it was.
  virtual absl::Status Compact(const v1::StateSnapshot& snapshot) = 0;

  // Entries that Replay would hand over, the snapshot not counted.
  virtual uint64_t entries() const = 0;
};

}  // namespace paceline::scheduler

#endif  // PACELINE_SCHEDULER_CORE_STATE_JOURNAL_H_
