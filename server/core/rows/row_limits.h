// Which rows a bucket of a sparse table keeps (SparseLimits of its table).
//
//   admission   the admit_after-th push that names a key creates its row.
//   age         iterations since the last push that named the row's key.
//   sweeps      in the first update at or after each SweepEvery() iterations, rows go
//               whose age is evict_after_iterations or more: between that age and an
//               eighth more. The buckets of a table take turns.
//   memory      a bucket's share is memory_bytes / buckets, whatever the servers are:
//               so many rows with their slots and their index. Beyond it on_full fail
//               refuses a push; evict lets the oldest rows go, a sixteenth of all at
//               least, so that it does not begin again at once. Of one age the row of
//               the smaller key goes first.
//
// All of it follows from the pushes alone. Rows that the push itself names stay.
//
// Immutable.
#ifndef PACELINE_SERVER_CORE_ROWS_ROW_LIMITS_H_
#define PACELINE_SERVER_CORE_ROWS_ROW_LIMITS_H_

#include <cstdint>

#include "proto/node.pb.h"

namespace paceline::server {

// A bucket among those of its table.
struct BucketOfTable {
  uint32_t number = 0;
  uint32_t count = 1;
};

class RowLimits {
 public:
  // None.
  RowLimits() = default;
  RowLimits(const v1::SparseLimits& limits, const BucketOfTable& bucket);

  bool any() const { return admits() || evicts() || share_bytes_ > 0; }
  // Whether keys wait to be admitted.
  bool admits() const { return admit_after_ > 1; }
  uint32_t admit_after() const { return admit_after_; }
  // Whether rows go, so that their ages count.
  bool evicts() const { return evict_after_ > 0 || evicts_when_full_; }
  bool evicts_when_full() const { return evicts_when_full_; }
  // The bucket's share; 0: no limit.
  uint64_t share_bytes() const { return share_bytes_; }

  // Iterations from one sweep to the next.
  uint64_t SweepEvery() const;
  // Whether a sweep lies behind iteration `before`, up to `now`.
  bool SweepDue(uint64_t before, uint64_t now) const;
  bool Expired(uint64_t age) const { return evict_after_ > 0 && age >= evict_after_; }
  // Rows that go at least when a bucket of `rows` rows is full.
  static uint64_t FewestEvicted(uint64_t rows) { return rows / 16; }

 private:
  uint32_t admit_after_ = 1;
  uint64_t evict_after_ = 0;
  uint64_t share_bytes_ = 0;
  bool evicts_when_full_ = false;
  BucketOfTable bucket_;
};

}  // namespace paceline::server

#endif  // PACELINE_SERVER_CORE_ROWS_ROW_LIMITS_H_
