// Sums of gradients: what a BSP round folds, rank by rank.
//
// Same bits whatever the vector width, alignment and slicing. An element that is
// not finite, or whose sum would not be, leaves the sum as it is and is reported.
//
// Thread-safe: pure functions.
#ifndef PACELINE_SERVER_CORE_ROWS_FOLD_H_
#define PACELINE_SERVER_CORE_ROWS_FOLD_H_

#include <cstdint>
#include <optional>

#include "absl/types/span.h"
#include "server/core/rows/byte_view.h"

namespace paceline::server {

// sum[i] += view[i]. view.size() is 4 * sum.size().
// Returns the position of the first element that was not finite, or nothing.
std::optional<uint64_t> Fold(const ByteView& view, absl::Span<float> sum);

// sum[i] = 0 + view[i]: the first fold, without clearing the sum before.
std::optional<uint64_t> FoldFirst(const ByteView& view, absl::Span<float> sum);

// sum[i] = base[i] + view[i], or 0 + view[i] if `base` is null; `base` may be sum.data().
std::optional<uint64_t> FoldOnto(const float* base, const ByteView& view, absl::Span<float> sum);

// Row positions[i] of sums ([rows, dim]) += row i of `rows` ([positions.size(), dim] at any
// address); positions ascend. Returns the position in `rows` of the first element that was
// not finite, or nothing.
std::optional<uint64_t> FoldRows(const uint8_t* rows, absl::Span<const uint32_t> positions,
                                 uint32_t dim, float* sums);

}  // namespace paceline::server

#endif  // PACELINE_SERVER_CORE_ROWS_FOLD_H_
