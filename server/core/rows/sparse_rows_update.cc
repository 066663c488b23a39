// The optimizer step of a sparse bucket on the records that were found.
#include <algorithm>
#include <cstring>

#include "common/copy_floats.h"
#include "server/core/rows/row_memory.h"
#include "server/core/rows/sparse_rows.h"
#include "server/core/rows/update.h"

namespace paceline::server {
namespace {

// Floats of each gathered array: they stay in the first-level cache.
constexpr uint64_t kStageFloats = 512;
// Corrections that are kept.
constexpr size_t kCorrected = 256;

}  // namespace

uint32_t SparseRows::Steps(const float* record) const {
  uint32_t steps;
  std::memcpy(&steps, record + steps_at_, sizeof(steps));
  return steps;
}

void SparseRows::SetSteps(float* record, uint32_t steps) const {
  std::memcpy(record + steps_at_, &steps, sizeof(steps));
}

void SparseRows::NextCorrections(float* record, float* correction1, float* correction2) {
  uint32_t steps = Steps(record);
  if (steps < ~uint32_t{0}) ++steps;  // by then the corrections are 1
  SetSteps(record, steps);
  corrected_.resize(kCorrected);
  Corrected& known = corrected_[steps % kCorrected];
  if (known.steps != steps) {
    known.steps = steps;
    optimizer_.Corrections(steps, &known.correction1, &known.correction2);
  }
  *correction1 = known.correction1;
  *correction2 = known.correction2;
}

NonFinite SparseRows::Element(absl::Span<const uint64_t> keys, uint64_t position) const {
  return {.row = keys[position / dim_], .column = static_cast<uint32_t>(position % dim_)};
}

std::optional<NonFinite> SparseRows::UpdateInPlace(absl::Span<const uint64_t> keys,
                                                   const ByteView& gradient,
                                                   const StepScalars& scalars) {
  const absl::Span<float* const> records = records_;
  if (optimizer_.counts_steps()) {
    corrections1_.resize(keys.size());
    corrections2_.resize(keys.size());
    for (size_t i = 0; i < keys.size(); ++i) {
      if (i + kRowsAhead < keys.size()) __builtin_prefetch(records[i + kRowsAhead] + steps_at_, 1);
      NextCorrections(records[i], &corrections1_[i], &corrections2_[i]);
    }
  }
  stage_.resize(dim_);
  std::optional<NonFinite> found;
  gradient.ForEachRows(sizeof(float) * dim_, reinterpret_cast<uint8_t*>(stage_.data()),
                       [&](const uint8_t* bytes, size_t count, uint64_t first) {
                         RecordsOfRows rows;
                         rows.records = records.subspan(first, count);
                         rows.dim = dim_;
                         if (optimizer_.counts_steps()) {
                           rows.correction1 = corrections1_.data() + first;
                           rows.correction2 = corrections2_.data() + first;
                         }
                         const auto bad = UpdateRecords(optimizer_.rule(), scalars, rows, bytes);
                         if (bad && !found) found = Element(keys, first * dim_ + *bad);
                       });
  return found;
}

std::optional<NonFinite> SparseRows::UpdateStaged(absl::Span<const uint64_t> keys,
                                                  const ByteView& gradient,
                                                  const StepScalars& scalars) {
  const uint64_t at_once = kStageFloats / dim_;
  const uint64_t arrays = 1 + optimizer_.slots();
  // Weights and slots, gradient, corrections.
  stage_.resize((arrays + 3) * kStageFloats);
  float* const grads = stage_.data() + arrays * kStageFloats;
  RunOfRows run;
  run.src = run.dst = stage_.data();
  for (int slot = 0; slot < optimizer_.slots(); ++slot) {
    run.slots[slot] = stage_.data() + (1 + slot) * kStageFloats;
  }
  float* const corrections1 = grads + kStageFloats;
  float* const corrections2 = corrections1 + kStageFloats;
  if (optimizer_.counts_steps()) {
    run.correction1 = corrections1;
    run.correction2 = corrections2;
  }
  ByteReader reader(gradient);
  std::optional<NonFinite> found;
  for (size_t first = 0; first < keys.size(); first += at_once) {
    const uint64_t count = std::min<uint64_t>(at_once, keys.size() - first);
    reader.Read(sizeof(float) * count * dim_, grads);
    for (uint64_t i = 0; i < count; ++i) {
      if (first + i + kRowsAhead < keys.size()) {
        PrefetchFloats(records_[first + i + kRowsAhead], width_);
      }
      float* const record = records_[first + i];
      for (uint64_t a = 0; a < arrays; ++a) {
        CopyFloats(record + a * dim_, dim_, stage_.data() + a * kStageFloats + i * dim_);
      }
      if (optimizer_.counts_steps()) {
        float correction1 = 0;
        float correction2 = 0;
        NextCorrections(record, &correction1, &correction2);
        std::fill_n(corrections1 + i * dim_, dim_, correction1);
        std::fill_n(corrections2 + i * dim_, dim_, correction2);
      }
    }
    const auto bad = UpdateRun(optimizer_.rule(), scalars, run,
                               reinterpret_cast<const uint8_t*>(grads), count * dim_);
    for (uint64_t i = 0; i < count; ++i) {
      for (uint64_t a = 0; a < arrays; ++a) {
        CopyFloats(stage_.data() + a * kStageFloats + i * dim_, dim_,
                   records_[first + i] + a * dim_);
      }
    }
    if (bad && !found) found = Element(keys, first * dim_ + *bad);
  }
  return found;
}

}  // namespace paceline::server
