// The optimizer kernel: one pass over a run of weights, their slots and gradient.
//
// Every element gets the same bits whatever the vector width, the alignment and
// the way the gradient was cut: no fused multiply-add, no approximations, tails
// in padded lanes.
//
// An element whose gradient is not finite, or whose new weight or slot would not
// be, keeps its weight and slots, and its position is reported.
//
// Thread-safe: pure functions.
#ifndef PACELINE_SERVER_CORE_ROWS_UPDATE_H_
#define PACELINE_SERVER_CORE_ROWS_UPDATE_H_

#include <cstddef>
#include <cstdint>
#include <optional>

#include "absl/types/span.h"
#include "common/tables/slots.h"
#include "server/core/rows/byte_view.h"
#include "server/core/rows/float_runs.h"
#include "server/core/rows/optimizer.h"

namespace paceline::server {

// Where a run of weights lies. `dst` may equal `src` (in place) or not overlap it.
// Slots are updated in place; those that the rule lacks are null.
struct RunOfRows {
  const float* src = nullptr;
  float* dst = nullptr;
  float* slots[kMaxSlots] = {nullptr, nullptr};
  // Adam's corrections of each element, in place of the step's; or null.
  const float* correction1 = nullptr;
  const float* correction2 = nullptr;
};

// Updates `count` elements; `gradient` is 4 * count bytes at any address.
// Returns the position of the first element that was not finite, or nothing.
std::optional<uint64_t> UpdateRun(const UpdateRule& rule, const StepScalars& scalars,
                                  const RunOfRows& run, const uint8_t* gradient, size_t count);

// The same for a gradient in runs, which together have as many elements as `run`.
std::optional<uint64_t> UpdateRun(const UpdateRule& rule, const StepScalars& scalars,
                                  const RunOfRows& run, FloatRuns gradient);
// In slices (gradient.size() / 4 elements).
std::optional<uint64_t> UpdateRun(const UpdateRule& rule, const StepScalars& scalars,
                                  const RunOfRows& run, const ByteView& gradient);

// Rows that lie apart: each record has the row's `dim` weights, then as many values of
// each slot of the rule.
struct RecordsOfRows {
  absl::Span<float* const> records;
  uint32_t dim = 0;
  // Adam's corrections of each record, in place of the step's; or null.
  const float* correction1 = nullptr;
  const float* correction2 = nullptr;
};

// Updates them with `gradient`, [records.size(), dim] at any address. Returns the
// position in it of the first element that was not finite, or nothing.
std::optional<uint64_t> UpdateRecords(const UpdateRule& rule, const StepScalars& scalars,
                                      const RecordsOfRows& rows, const uint8_t* gradient);

}  // namespace paceline::server

#endif  // PACELINE_SERVER_CORE_ROWS_UPDATE_H_
