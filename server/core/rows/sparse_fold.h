// The sum of a BSP round's gradients on a sparse bucket: the union of the keys of
// all ranks, folded in the order of the calls.
//
//   fold.Add(keys_of_rank0, gradient0);   // in rank order
//   fold.Add(keys_of_rank1, gradient1);
//   rows.Apply(fold.keys(), fold.gradient(), ...);
//   fold.Clear();
//
// Thread-compatible.
#ifndef PACELINE_SERVER_CORE_ROWS_SPARSE_FOLD_H_
#define PACELINE_SERVER_CORE_ROWS_SPARSE_FOLD_H_

#include <cstdint>
#include <optional>
#include <vector>

#include "absl/types/span.h"
#include "server/core/rows/byte_view.h"
#include "server/core/rows/non_finite.h"

namespace paceline::server {

class SparseFold {
 public:
  explicit SparseFold(uint32_t dim) : dim_(dim) {}

  // Adds the gradient [keys.size(), dim] of ascending, distinct keys.
  // Returns the first element that was not finite (left out of the sum), or nothing.
  std::optional<NonFinite> Add(absl::Span<const uint64_t> keys, const ByteView& gradient);

  // Ascending, distinct.
  absl::Span<const uint64_t> keys() const { return keys_; }
  // [keys().size(), dim]
  absl::Span<const float> gradient() const { return sums_; }

  // Empties the sum; keeps the memory for the next round.
  void Clear();

  // Capacity of the buffers.
  uint64_t MemoryBytes() const;

 private:
  // Makes keys_ the union with `keys`, new rows zero, and positions_ where they are in it.
  void Unite(absl::Span<const uint64_t> keys);

  const uint32_t dim_;
  std::vector<uint64_t> keys_;
  std::vector<float> sums_;
  // Spare buffers for the merge.
  std::vector<uint64_t> merged_keys_;
  std::vector<float> merged_sums_;
  // Of the keys that were added last; a row that is cut in two.
  std::vector<uint32_t> positions_;
  std::vector<float> cut_;
};

}  // namespace paceline::server

#endif  // PACELINE_SERVER_CORE_ROWS_SPARSE_FOLD_H_
