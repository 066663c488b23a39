// The order in which an epoch walks the records: a pure function of (seed, epoch,
// number of records, block), in no memory.
//
// Records are cut into blocks of `block` (the last may be short). An epoch walks
// the blocks in a seeded random order, and each block's records in a seeded random
// order of its own, so that a file larger than memory is read nearly in sequence.
// With block 1 this is a full shuffle; without shuffle it is the file's order.
//
// Immutable.
#ifndef PACELINE_WORKER_CORE_DATA_RECORD_ORDER_H_
#define PACELINE_WORKER_CORE_DATA_RECORD_ORDER_H_

#include <cstdint>
#include <vector>

#include "common/partition/rounds.h"
#include "proto/job.pb.h"

namespace paceline::worker {

class RecordOrder {
 public:
  // `block` > 0.
  RecordOrder(uint64_t records, uint64_t seed, uint64_t block, bool shuffle);

  // The order that a job's data section asks for, with its defaults.
  static RecordOrder FromSpec(const v1::DataSpec& spec, uint64_t seed, uint64_t records);

  uint64_t records() const { return records_; }

  // The record at `position` < records() of `epoch`. Cost: O(1).
  uint64_t Record(uint64_t epoch, uint64_t position) const;

  // The records at `positions`, in their order.
  std::vector<uint64_t> Records(const EpochPositions& positions) const;

 private:
  const uint64_t records_;
  const uint64_t seed_;
  const uint64_t block_;
  const bool shuffle_;
  // Blocks of full length, and the length of the short one (0: none).
  const uint64_t full_blocks_;
  const uint64_t tail_;
};

}  // namespace paceline::worker

#endif  // PACELINE_WORKER_CORE_DATA_RECORD_ORDER_H_
