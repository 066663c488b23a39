#include "common/codec/top_k.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>

#include "common/check.h"
#include "common/codec/indices_kernels.h"

namespace paceline {
namespace {

constexpr uint64_t kSample = 4096;

// Ordered by magnitude, of equal ones the first index above.
uint64_t KeyOf(absl::Span<const float> values, uint32_t index) {
  return uint64_t{MagnitudeBits(values[index])} << 32 | static_cast<uint32_t>(~index);
}

}  // namespace

uint64_t TopKCount(double ratio, uint64_t values) {
  const double wanted = std::ceil(ratio * static_cast<double>(values));
  return std::clamp<uint64_t>(static_cast<uint64_t>(wanted), std::min<uint64_t>(values, 1), values);
}

uint32_t TopK::Threshold(absl::Span<const float> values, uint64_t k) {
  // Zeros are never candidates.
  constexpr uint32_t kLeast = 1;
  const uint64_t n = values.size();
  const uint64_t samples = std::min(kSample, n);
  // Three deviations more than the share of the sample that is among the first k.
  const double share =
      static_cast<double>(k) / static_cast<double>(n) * static_cast<double>(samples);
  const auto rank = static_cast<uint64_t>(share + 3 * std::sqrt(share) + 2);
  if (rank >= samples) return kLeast;
  sample_.resize(samples);
  for (uint64_t i = 0; i < samples; ++i) {
    // A step that has little in common with the length of a row.
    const uint64_t first = i * n / samples;
    const uint64_t room = (i + 1) * n / samples - first;
    sample_[i] = MagnitudeBits(values[first + i * 2654435761u % room]);
  }
  const auto at = sample_.begin() + static_cast<std::ptrdiff_t>(rank - 1);
  std::nth_element(sample_.begin(), at, sample_.end(), std::greater<>());
  return std::max(*at, kLeast);
}

absl::Span<const uint32_t> TopK::Select(absl::Span<const float> values, uint64_t k) {
  PL_CHECK_LE(values.size(), uint64_t{std::numeric_limits<uint32_t>::max()});
  k = std::min<uint64_t>(k, values.size());
  if (k == 0) return {};
  const uint64_t room = values.size() + kIndexPadding;
  if (indices_.size() < room) indices_.resize(room);
  uint64_t count =
      IndicesAtLeast(values.data(), values.size(), Threshold(values, k), indices_.data());
  if (count < k) count = IndicesAtLeast(values.data(), values.size(), 1, indices_.data());
  if (count > k) Finish(values, count, k);
  return absl::MakeConstSpan(indices_.data(), std::min(count, k));
}

void TopK::Finish(absl::Span<const float> values, uint64_t count, uint64_t k) {
  keys_.resize(count);
  for (uint64_t i = 0; i < count; ++i) keys_[i] = KeyOf(values, indices_[i]);
  const auto last = keys_.begin() + static_cast<std::ptrdiff_t>(k - 1);
  std::nth_element(keys_.begin(), last, keys_.end(), std::greater<>());
  const uint64_t least = *last;
  uint64_t kept = 0;
  for (uint64_t i = 0; i < count; ++i) {
    if (KeyOf(values, indices_[i]) >= least) indices_[kept++] = indices_[i];
  }
  PL_CHECK_EQ(kept, k);
}

}  // namespace paceline
