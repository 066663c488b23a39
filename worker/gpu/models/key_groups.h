// The keys of a batch by fields, for tables that all fields share.
//
// Pure functions. Thread-safe.
#ifndef PACELINE_WORKER_GPU_MODELS_KEY_GROUPS_H_
#define PACELINE_WORKER_GPU_MODELS_KEY_GROUPS_H_

#include <cstdint>
#include <vector>

#include "worker/core/batch.h"

namespace paceline::worker {

// Where each key stands: group g has places [offsets[g], offsets[g + 1]), ascending, of keys[g].
// A place is i * fields + f: field f of record i. Keys ascend.
struct KeyGroups {
  std::vector<uint64_t> keys;
  std::vector<uint32_t> offsets;
  std::vector<uint32_t> places;
};

// Of the first `fields` keys of each record; together they are fewer than 2^32.
KeyGroups GroupByKey(const Batch& batch, uint32_t fields);

// The keys of the first `fields` fields, [n, fields], and behind them those of the others,
// [n, batch.fields - fields].
std::vector<uint64_t> KeysInBlocks(const Batch& batch, uint32_t fields);

}  // namespace paceline::worker

#endif  // PACELINE_WORKER_GPU_MODELS_KEY_GROUPS_H_
