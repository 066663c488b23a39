// The sum of the gradients of one BSP round on one dense shard, rank after rank.
//
// What comes while others are missing is folded at once. What is there when the round is
// complete is deferred: it is folded piece by piece while the sum is read, so that the sum
// is never written to memory.
//
//   sum.Fold(0, view);                   // rank 1 is missing
//   sum.Defer(1, std::move(values));     // the last one
//   sum.ForEachFloats(fn);               // one optimizer step
//   sum.Clear();
//
// Same bits either way. An element that is not finite, or would make its sum so, is left out
// of it and reported.
//
// Thread-compatible.
#ifndef PACELINE_SERVER_CORE_DENSE_SUM_H_
#define PACELINE_SERVER_CORE_DENSE_SUM_H_

#include <cstdint>
#include <optional>
#include <vector>

#include "absl/types/span.h"
#include "server/core/payload.h"
#include "server/core/rows/byte_view.h"
#include "server/core/rows/float_runs.h"

namespace paceline::server {

class DenseSum {
 public:
  // Of `size` floats.
  explicit DenseSum(uint64_t size) : size_(size) {}

  // Adds a rank's values, 4 * size bytes; ranks ascend. Nothing is kept of them.
  void Fold(uint32_t rank, const ByteView& values);
  // The same, when the sum is read; nothing may be folded after it.
  void Defer(uint32_t rank, Payload values);
  // Folds what was deferred, so that nothing of it is held any more.
  void Settle();

  bool empty() const { return !any_ && deferred_.empty(); }
  uint64_t size() const { return size_; }

  // The sum, in runs of whole floats. `empty` is false.
  void ForEachFloats(FloatRun run);
  // The same in memory, after Settle.
  absl::Span<const float> values() const { return absl::MakeConstSpan(sum_); }

  // The first value that was left out, by rank and then by position. Of what was deferred it
  // is known once the sum has been read.
  struct Masked {
    uint32_t rank = 0;
    uint64_t position = 0;
  };
  const std::optional<Masked>& masked() const { return masked_; }

  // Forgets the sum. Memory is kept for the next one.
  void Clear();

  uint64_t MemoryBytes() const { return (sum_.capacity() + piece_.capacity()) * sizeof(float); }

 private:
  struct Deferred {
    uint32_t rank = 0;
    Payload values;
  };

  void Mask(uint32_t rank, std::optional<uint64_t> position);

  const uint64_t size_;
  // sum_ has the values that were folded.
  bool any_ = false;
  std::vector<float> sum_;
  std::vector<Deferred> deferred_;
  std::optional<Masked> masked_;
  // Of the sum, while it is read.
  std::vector<float> piece_;
};

}  // namespace paceline::server

#endif  // PACELINE_SERVER_CORE_DENSE_SUM_H_
