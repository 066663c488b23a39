// Copies of a sparse bucket for cuts.
#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/status/status_macros.h"
#include "server/core/rows/sparse_rows.h"

namespace paceline::server {

absl::StatusOr<SparseSnapshot> SparseRows::Snapshot() const {
  SparseSnapshot snapshot;
  const uint64_t numbers = 1 + (optimizer_.counts_steps() ? 1 : 0) + (limits_.evicts() ? 1 : 0);
  const uint64_t row_bytes =
      sizeof(uint64_t) * numbers + sizeof(float) * dim_ * (1 + optimizer_.slots());
  PL_ASSIGN_OR_RETURN(snapshot.hold,
                      budget_->Hold(row_bytes * index_.size() + 3 * sizeof(uint64_t) * waiting(),
                                    absl::StrCat("a cut of table \"", table_, "\"")));
  if (limits_.any()) snapshot.clock = clock_;
  snapshot.waiting = waiting_.Copy();
  snapshot.keys.reserve(index_.size());
  index_.ForEach([&](uint64_t key, const float*) { snapshot.keys.push_back(key); });
  std::sort(snapshot.keys.begin(), snapshot.keys.end());
  const uint64_t floats = snapshot.keys.size() * dim_;
  snapshot.rows.reserve(floats);
  snapshot.slots.resize(optimizer_.slots());
  for (std::vector<float>& slot : snapshot.slots) slot.reserve(floats);
  ForEachRecord(snapshot.keys, width_, [&](size_t, const float* record) {
    snapshot.rows.insert(snapshot.rows.end(), record, record + dim_);
    const float* from = record;
    for (std::vector<float>& slot : snapshot.slots) {
      from += dim_;
      slot.insert(slot.end(), from, from + dim_);
    }
    if (optimizer_.counts_steps()) snapshot.row_steps.push_back(Steps(record));
    if (limits_.evicts()) {
      snapshot.row_used.push_back(clock_ - (static_cast<uint32_t>(clock_) - Used(record)));
    }
  });
  return snapshot;
}

}  // namespace paceline::server
