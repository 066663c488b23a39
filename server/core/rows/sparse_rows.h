// The rows of one bucket of a sparse table: key -> row of dim float32 weights and
// as many values of every optimizer slot.
//
// A row exists from the first push that names its key; before that it reads as
// its initial value. Rows lie in chunks and never move, each beside its slots. For
// adam and adamw every row counts its own steps. Where the table has limits
// (row_limits.h), a row exists from the push that it is admitted by until it is evicted,
// and each has 32 bits more for the iteration that named it last.
//
// The memory of a batch of keys is asked for before it is needed, first of the index
// and then of the rows, so that cache misses overlap.
//
// Older states are kept as pre-images: the weights of a row before its first
// change since then, or before it went.
//
// Thread-compatible: the shard's lock guards it.
#ifndef PACELINE_SERVER_CORE_ROWS_SPARSE_ROWS_H_
#define PACELINE_SERVER_CORE_ROWS_SPARSE_ROWS_H_

#include <algorithm>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "proto/node.pb.h"
#include "server/core/rows/byte_view.h"
#include "server/core/rows/initializer.h"
#include "server/core/rows/keys.h"
#include "server/core/rows/memory_budget.h"
#include "server/core/rows/non_finite.h"
#include "server/core/rows/optimizer.h"
#include "server/core/rows/record_index.h"
#include "server/core/rows/round_images.h"
#include "server/core/rows/row_chunks.h"
#include "server/core/rows/row_images.h"
#include "server/core/rows/row_limits.h"
#include "server/core/rows/row_memory.h"
#include "server/core/rows/version.h"
#include "server/core/rows/waiting_keys.h"

namespace paceline::server {

// State of a bucket for a cut, copied: usable without the lock.
struct SparseSnapshot {
  std::vector<uint64_t> keys;  // ascending
  std::vector<float> rows;     // [keys, dim]
  // One per slot, in the order of Optimizer::slot_names(), each [keys, dim]. Restore
  // takes none, and no row_steps, for those that a row starts with.
  std::vector<std::vector<float>> slots;
  // Steps of each row if Optimizer::counts_steps(), else empty.
  std::vector<uint64_t> row_steps;
  // Tables with limits: the last iteration that it has seen, from which ages count.
  std::optional<uint64_t> clock;
  // Of those that evict: the iteration that named each row last. Restore takes none: clock.
  std::vector<uint64_t> row_used;
  // Of those that admit.
  WaitingKeys::Snapshot waiting;
  // Its share of the budget.
  std::shared_ptr<const void> hold;
};

class SparseRows {
 public:
  // An empty bucket. `budget` outlives it.
  // Errors:  InvalidArgument  the table's optimizer or initializer, or memory of which
  //                           a bucket's share holds no row.
  static absl::StatusOr<std::unique_ptr<SparseRows>> Create(const v1::TableSpec& table,
                                                            uint64_t seed, MemoryBudget* budget,
                                                            const BucketOfTable& bucket = {});
  // A bucket with the rows and slots of a cut.
  // Errors:  as Create; ResourceExhausted  the budget; DataLoss  a cut of another
  //          shape, or whose keys do not ascend.
  static absl::StatusOr<std::unique_ptr<SparseRows>> Restore(const v1::TableSpec& table,
                                                             uint64_t seed,
                                                             const SparseSnapshot& state,
                                                             MemoryBudget* budget,
                                                             const BucketOfTable& bucket = {});
  ~SparseRows();

  uint64_t rows() const { return index_.size(); }
  uint32_t dim() const { return dim_; }
  const Optimizer& optimizer() const { return optimizer_; }

  // Writes the rows of `keys`, ascending, to `out` ([keys.size(), dim]). Creates nothing.
  void Read(absl::Span<const uint64_t> keys, Version version, float* out) const;

  // One optimizer step on the rows of `keys` (ascending, distinct: DecodeKeys) with
  // `gradient` ([keys.size(), dim] float32); creates those that are absent and need not
  // wait; lets those go that the table's limits let go. Returns the first element that was not
  // finite, or nothing; every other element has been updated. What waits is not looked at. Errors:
  // InvalidArgument    the gradient's size; nothing has changed.
  //          ResourceExhausted  the budget has no room for the new rows and
  //                             pre-images, or the table's own memory for the new rows;
  //                             nothing has changed.
  absl::StatusOr<std::optional<NonFinite>> Apply(absl::Span<const uint64_t> keys,
                                                 const ByteView& gradient, const Step& step,
                                                 Keep keep);

  // The update of `iteration` without a gradient: rows go by their age. But for these the
  // previous rows are the current ones.
  // Errors:  ResourceExhausted  as Apply.
  absl::Status Advance(uint64_t iteration, Keep keep);

  // Holds the rows of `version` readable under `pin` until unpinned.
  // Errors:  AlreadyExists      the pin is in use.
  //          ResourceExhausted  kMaxPins pins, or the budget.
  absl::Status Pin(uint64_t pin, Version version);
  // Errors:  NotFound  no such pin.
  absl::Status Unpin(uint64_t pin);
  // As Read. Errors:  NotFound  no such pin.
  absl::Status ReadPinned(uint64_t pin, absl::Span<const uint64_t> keys, float* out) const;

  // Errors:  ResourceExhausted  the budget has no room for the copy.
  absl::StatusOr<SparseSnapshot> Snapshot() const;

  // Rows, slots, index and pre-images: what was reserved from the budget.
  uint64_t MemoryBytes() const { return reserved_; }
  // Bytes that so many rows take with their slots and their index, where none has gone, and
  // at most while room is made for one more.
  uint64_t TableBytes(uint64_t rows) const;
  uint64_t PeakTableBytes(uint64_t rows) const;

  // Since it was made: rows that pushes created, rows that went.
  uint64_t created() const { return created_; }
  uint64_t evicted() const { return evicted_; }
  // Keys that wait to be admitted.
  uint64_t waiting() const { return waiting_.size(); }

 private:
  SparseRows(const v1::TableSpec& table, const Initializer& initializer, Optimizer optimizer,
             MemoryBudget* budget, const BucketOfTable& bucket);

  // A row that goes.
  struct Victim {
    uint64_t key = 0;
    float* record = nullptr;
  };

  struct Pinned {
    uint64_t id = 0;
    RowImages images;
  };

  // Calls fn(i, record) for each of `keys` in turn, with null for those that are
  // absent. The records' first `floats` have been asked for.
  template <typename Fn>
  void ForEachRecord(absl::Span<const uint64_t> keys, uint64_t floats, Fn fn) const;
  // The row of `key` where `record` is its current one and `image` what an older
  // state remembers of it.
  void ReadRow(uint64_t key, const float* record, const RowImage& image, float* out) const;
  const Pinned* FindPin(uint64_t pin) const;
  uint64_t PinImages() const;
  // Bytes held with so many rows, images of a round and images of pins.
  uint64_t BytesFor(uint64_t rows, uint64_t previous_images, uint64_t pin_images) const;
  // Takes what is missing to `bytes` from the budget, or gives back what is over.
  absl::Status ReserveTo(uint64_t bytes);
  // Finds records_, those of `keys`. Returns how many are absent.
  uint64_t Resolve(absl::Span<const uint64_t> keys);
  // Most rows that the bucket's share of the table's memory holds; 0: no limit.
  uint64_t RowsThatFit() const;
  // Apply where the table has limits; records_ are those of `keys`.
  absl::StatusOr<std::optional<NonFinite>> ApplyLimited(absl::Span<const uint64_t> keys,
                                                        const ByteView& gradient, const Step& step,
                                                        Keep keep);
  // Takes those of `keys` and their gradient that do not wait to kept_keys_, kept_gradient_ and
  // records_. Returns how many of these are absent.
  uint64_t LeaveOutWaiting(absl::Span<const uint64_t> keys, const ByteView& gradient);
  // Rows that go as iteration `clock` creates `created` rows, by ascending keys.
  absl::StatusOr<std::vector<Victim>> Victims(absl::Span<const uint64_t> keys, uint64_t created,
                                              uint64_t clock) const;
  absl::Status Full(uint64_t rows) const;
  // Calls fn(key, record, age) for all rows but those of `keys`.
  template <typename Fn>
  void ForEachAge(absl::Span<const uint64_t> keys, uint64_t clock, Fn fn) const;
  // Apply, as all limits have left it. `absent` of the records are null.
  absl::StatusOr<std::optional<NonFinite>> Take(absl::Span<const uint64_t> keys,
                                                const ByteView& gradient, const Step& step,
                                                Keep keep, uint64_t absent,
                                                absl::Span<const Victim> victims);
  // Images of the rows of `keys` (records_), which are about to change, and of `victims`.
  void Remember(absl::Span<const uint64_t> keys, absl::Span<const Victim> victims, Keep keep);
  // Whether a cut's arrays fit one another and the table.
  absl::Status CheckShape(const SparseSnapshot& state) const;
  // Writes the slots that row `record` starts with.
  void FillSlots(float* record) const;
  // Adds the initial row of `key` to the chunks.
  float* NewRow(uint64_t key);
  // Steps of the row, if the optimizer counts them: 32 bits of its record.
  uint32_t Steps(const float* record) const;
  void SetSteps(float* record, uint32_t steps) const;
  // The lowest 32 bits of the iteration that named the row last, if rows are evicted.
  uint32_t Used(const float* record) const;
  void SetUsed(float* record, uint64_t iteration) const;
  // Bias corrections of the row's next step, which they count.
  void NextCorrections(float* record, float* correction1, float* correction2);
  // Update records_, the rows of `keys`: each where it lies, or small ones gathered.
  std::optional<NonFinite> UpdateInPlace(absl::Span<const uint64_t> keys, const ByteView& gradient,
                                         const StepScalars& scalars);
  std::optional<NonFinite> UpdateStaged(absl::Span<const uint64_t> keys, const ByteView& gradient,
                                        const StepScalars& scalars);
  NonFinite Element(absl::Span<const uint64_t> keys, uint64_t position) const;

  const std::string table_;
  const uint32_t dim_;
  const Initializer initializer_;
  const Optimizer optimizer_;
  MemoryBudget* const budget_;
  const RowLimits limits_;

  RecordIndex index_;
  // Records of weights, then slots, then steps if they are counted, then the iteration that
  // named them last if they are evicted; their places.
  const uint64_t steps_at_;
  const uint64_t used_at_;
  const uint64_t width_;
  RowChunks chunks_;
  uint64_t most_rows_ = 0;  // there were at one time: what index and chunks have room for
  const uint64_t rows_that_fit_;
  uint64_t clock_ = 0;
  WaitingKeys waiting_;
  uint64_t most_waiting_ = 0;  // there were at one time
  uint64_t created_ = 0;
  uint64_t evicted_ = 0;
  RoundImages previous_;
  std::vector<Pinned> pins_;
  uint64_t reserved_ = 0;  // bytes taken from the budget

  // Buffers of Apply: the record of each key, null if absent; what does not wait; gathered
  // rows; the corrections of each row.
  std::vector<float*> records_;
  std::vector<uint64_t> kept_keys_;
  std::vector<float> kept_gradient_;
  std::vector<float> stage_;
  std::vector<float> corrections1_;
  std::vector<float> corrections2_;
  // The bias corrections that were computed last, by steps modulo its size.
  struct Corrected {
    uint32_t steps = 0;
    float correction1 = 0;
    float correction2 = 0;
  };
  std::vector<Corrected> corrected_;
};

template <typename Fn>
void SparseRows::ForEachRecord(absl::Span<const uint64_t> keys, uint64_t floats, Fn fn) const {
  float* found[kKeysAhead];
  for (const uint64_t key : keys.first(std::min(kKeysAhead, keys.size()))) index_.Prefetch(key);
  for (size_t first = 0; first < keys.size(); first += kKeysAhead) {
    const size_t count = std::min(kKeysAhead, keys.size() - first);
    for (size_t i = 0; i < count; ++i) {
      if (first + i + kKeysAhead < keys.size()) index_.Prefetch(keys[first + i + kKeysAhead]);
      found[i] = index_.Find(keys[first + i]);
      PrefetchFloats(found[i], floats);
    }
    for (size_t i = 0; i < count; ++i) fn(first + i, found[i]);
  }
}

}  // namespace paceline::server

#endif  // PACELINE_SERVER_CORE_ROWS_SPARSE_ROWS_H_
