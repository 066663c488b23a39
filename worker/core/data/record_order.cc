#include "worker/core/data/record_order.h"

#include "common/check.h"
#include "common/hash.h"
#include "common/permutation.h"
#include "common/random.h"

namespace paceline::worker {

namespace {

// Separates the random numbers of this file from others of the same seed.
constexpr uint64_t kStream = 0x7265636f72646572;  // "recorder"

// Files with at most this many records are shuffled record by record.
constexpr uint64_t kFullShuffleRecords = uint64_t{1} << 20;
constexpr uint64_t kDefaultBlock = 1024;

}  // namespace

RecordOrder::RecordOrder(uint64_t records, uint64_t seed, uint64_t block, bool shuffle)
    : records_(records),
      seed_(seed),
      block_(block),
      shuffle_(shuffle),
      full_blocks_(records / block),
      tail_(records % block) {}

RecordOrder RecordOrder::FromSpec(const v1::DataSpec& spec, uint64_t seed, uint64_t records) {
  uint64_t block = spec.shuffle_block();
  if (block == 0) block = records <= kFullShuffleRecords ? 1 : kDefaultBlock;
  return RecordOrder(records, seed, block, spec.has_shuffle() ? spec.shuffle() : true);
}

uint64_t RecordOrder::Record(uint64_t epoch, uint64_t position) const {
  PL_CHECK_LT(position, records_) << "epoch " << epoch;
  if (!shuffle_) return position;
  const uint64_t epoch_seed = MixBits(MixBits(seed_, kStream), epoch);

  // The short block goes before the full block `tail_slot` of the shuffled order,
  // or after the last; taking it out leaves full blocks, whose place is a division.
  uint64_t block = 0;
  uint64_t offset = 0;
  uint64_t size = block_;
  const uint64_t tail_slot = RandomBelow(full_blocks_ + 1, epoch_seed, kStream, 0);
  const uint64_t tail_begin = tail_slot * block_;
  if (position >= tail_begin && position - tail_begin < tail_) {
    block = full_blocks_;
    offset = position - tail_begin;
    size = tail_;
  } else {
    const uint64_t in_full = position < tail_begin ? position : position - tail_;
    block = Permutation(full_blocks_, epoch_seed)(in_full / block_);
    offset = in_full % block_;
  }
  if (size > 1) offset = Permutation(size, MixBits(epoch_seed, block + 1))(offset);
  return block * block_ + offset;
}

std::vector<uint64_t> RecordOrder::Records(const EpochPositions& positions) const {
  std::vector<uint64_t> records;
  records.reserve(positions.positions.size());
  for (uint64_t p = positions.positions.begin; p < positions.positions.end; ++p) {
    records.push_back(Record(positions.epoch, p));
  }
  return records;
}

}  // namespace paceline::worker
