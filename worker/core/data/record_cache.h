// Parsed records within a memory budget, so that an epoch costs a copy instead of
// reading and parsing.
//
// Keeps the first records that fit and never evicts: over shuffled epochs every
// record is as likely as any other, and evicting would only trade one for another.
//
// Thread-compatible.
#ifndef PACELINE_WORKER_CORE_DATA_RECORD_CACHE_H_
#define PACELINE_WORKER_CORE_DATA_RECORD_CACHE_H_

#include <cstdint>
#include <memory>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "worker/core/batch.h"

namespace paceline::worker {

class RecordCache {
 public:
  static constexpr uint64_t kDefaultBudgetBytes = uint64_t{256} << 20;

  explicit RecordCache(uint64_t budget_bytes = kDefaultBudgetBytes) : budget_bytes_(budget_bytes) {}

  // Appends a cached record to `batch` (of the same form, dense, CSR or by fields, as it
  // was inserted from). False if it is not cached.
  bool Append(uint64_t record, Batch* batch) const;

  // Keeps the last record of `batch` under this number if the budget allows it.
  void InsertLast(uint64_t record, const Batch& batch);

  // Memory taken, at most the budget.
  uint64_t bytes() const { return bytes_; }
  uint64_t size() const { return places_.size(); }

 private:
  // Memory for `size` bytes, aligned for uint64, or nullptr.
  char* Allocate(uint64_t size);

  const uint64_t budget_bytes_;
  uint64_t bytes_ = 0;
  std::vector<std::unique_ptr<uint64_t[]>> blocks_;
  // The unused end of the last block.
  char* free_ = nullptr;
  uint64_t free_bytes_ = 0;
  // A record's memory: how many indices and values it has (uint32 each), the indices
  // (uint64), the values and the label (float32).
  absl::flat_hash_map<uint64_t, const char*> places_;
};

}  // namespace paceline::worker

#endif  // PACELINE_WORKER_CORE_DATA_RECORD_CACHE_H_
