// The values of greatest magnitude, which TOPK sends.
//
// A threshold is taken from a sample such that somewhat more than k values are likely
// to reach it; one vectorised pass collects those, and nth_element over them alone
// finishes exactly. Where the sample misled, the pass is made once more over all that
// is not zero. The result never depends on the sample.
//
// Cost: about one pass over memory, and k to 2 k values of nth_element.
#ifndef PACELINE_COMMON_CODEC_TOP_K_H_
#define PACELINE_COMMON_CODEC_TOP_K_H_

#include <cstdint>
#include <vector>

#include "absl/types/span.h"

namespace paceline {

// How many of `values` values are sent: ceil(ratio * values), at least one if there is one.
uint64_t TopKCount(double ratio, uint64_t values);

// Keeps its buffers between calls. Thread-compatible.
class TopK {
 public:
  // Ascending indices of the k values of greatest magnitude, of equal ones the first.
  // Fewer if fewer are not zero; NaN counts as greater than all. Valid until the next
  // call. At most 2^32 values.
  absl::Span<const uint32_t> Select(absl::Span<const float> values, uint64_t k);

 private:
  // Magnitude bits that somewhat more than k of `values` are likely to reach.
  uint32_t Threshold(absl::Span<const float> values, uint64_t k);
  // Leaves the first k of `count` candidates.
  void Finish(absl::Span<const float> values, uint64_t count, uint64_t k);

  std::vector<uint32_t> sample_;
  std::vector<uint32_t> indices_;
  std::vector<uint64_t> keys_;
};

}  // namespace paceline

#endif  // PACELINE_COMMON_CODEC_TOP_K_H_
