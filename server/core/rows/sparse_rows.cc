#include "server/core/rows/sparse_rows.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/check.h"
#include "common/status/status_macros.h"
#include "server/core/rows/update.h"

namespace paceline::server {
namespace {

// Rows of fewer floats are gathered, so that the kernel runs over whole vectors.
constexpr uint32_t kSmallestInPlace = 64;
// Floats of each gathered array: they stay in the first-level cache.
constexpr uint64_t kStageFloats = 512;

}  // namespace

SparseRows::SparseRows(const v1::TableSpec& table, const Initializer& initializer,
                       Optimizer optimizer, MemoryBudget* budget)
    : table_(table.name()),
      dim_(table.dim()),
      initializer_(initializer),
      optimizer_(std::move(optimizer)),
      budget_(budget),
      chunks_(uint64_t{dim_} * (1 + optimizer_.slots()), optimizer_.counts_steps()),
      previous_(dim_) {}

SparseRows::~SparseRows() { budget_->Release(reserved_); }

absl::StatusOr<std::unique_ptr<SparseRows>> SparseRows::Create(const v1::TableSpec& table,
                                                               uint64_t seed,
                                                               MemoryBudget* budget) {
  PL_ASSIGN_OR_RETURN(Optimizer optimizer, Optimizer::Create(table));
  PL_ASSIGN_OR_RETURN(const Initializer initializer, Initializer::Create(table, seed));
  return std::unique_ptr<SparseRows>(
      new SparseRows(table, initializer, std::move(optimizer), budget));
}

absl::StatusOr<std::unique_ptr<SparseRows>> SparseRows::Restore(const v1::TableSpec& table,
                                                                uint64_t seed,
                                                                const SparseSnapshot& state,
                                                                MemoryBudget* budget) {
  PL_ASSIGN_OR_RETURN(std::unique_ptr<SparseRows> rows, Create(table, seed, budget));
  PL_RETURN_IF_ERROR(rows->CheckShape(state));
  PL_RETURN_IF_ERROR(rows->ReserveTo(rows->BytesFor(state.keys.size(), 0, 0)));
  const uint64_t dim = rows->dim_;
  rows->index_.reserve(state.keys.size());
  for (size_t i = 0; i < state.keys.size(); ++i) {
    const uint32_t row = rows->chunks_.Add();
    rows->index_.emplace(state.keys[i], row);
    float* record = rows->chunks_.Record(row);
    std::copy_n(state.rows.data() + i * dim, dim, record);
    if (state.slots.empty()) rows->FillSlots(record);
    for (const std::vector<float>& slot : state.slots) {
      std::copy_n(slot.data() + i * dim, dim, record += dim);
    }
    if (!state.row_steps.empty()) {
      rows->chunks_.Steps(row) = static_cast<uint32_t>(state.row_steps[i]);
    }
  }
  return rows;
}

absl::Status SparseRows::CheckShape(const SparseSnapshot& state) const {
  const size_t keys = state.keys.size();
  const bool weights_only = state.slots.empty() && state.row_steps.empty();
  bool fits = keys <= kMaxRecords && state.rows.size() == keys * dim_ &&
              (weights_only || (state.slots.size() == static_cast<size_t>(optimizer_.slots()) &&
                                state.row_steps.size() == (optimizer_.counts_steps() ? keys : 0)));
  for (const std::vector<float>& slot : state.slots) fits = fits && slot.size() == keys * dim_;
  for (size_t i = 1; i < keys; ++i) fits = fits && state.keys[i - 1] < state.keys[i];
  for (const uint64_t steps : state.row_steps) fits = fits && steps <= ~uint32_t{0};
  if (fits) return absl::OkStatus();
  return absl::DataLossError(
      absl::StrCat("table \"", table_, "\": a bucket of ", keys, " ascending keys with rows of ",
                   dim_, " values and ", optimizer_.slots(), " slots expected, got another shape"));
}

const float* SparseRows::Find(uint64_t key) const {
  const auto found = index_.find(key);
  return found == index_.end() ? nullptr : chunks_.Record(found->second);
}

void SparseRows::ReadRow(uint64_t key, const RowImage& image, float* out) const {
  const float* row = image.row;
  if (image.kind == RowImage::kNone) row = Find(key);
  if (row == nullptr) {
    initializer_.Fill(key, out);
  } else {
    std::copy_n(row, dim_, out);
  }
}

void SparseRows::Read(absl::Span<const uint64_t> keys, Version version, float* out) const {
  for (const uint64_t key : keys) {
    ReadRow(key, version == Version::kPrevious ? previous_.Find(key) : RowImage{}, out);
    out += dim_;
  }
}

absl::StatusOr<std::optional<NonFinite>> SparseRows::Apply(absl::Span<const uint64_t> keys,
                                                           const ByteView& gradient,
                                                           const Step& step, Keep keep) {
  const uint64_t bytes = sizeof(float) * dim_ * keys.size();
  if (gradient.size() != bytes) {
    return absl::InvalidArgumentError(absl::StrCat("table \"", table_, "\": a gradient of ", bytes,
                                                   " bytes expected for ", keys.size(),
                                                   " keys, got ", gradient.size()));
  }
  uint64_t absent = 0;
  uint64_t images = 0;
  rows_of_keys_.clear();
  for (size_t i = 0; i < keys.size(); ++i) {
    PL_CHECK(i == 0 || keys[i - 1] < keys[i]) << "key " << keys[i];
    const auto found = index_.find(keys[i]);
    rows_of_keys_.push_back(found == index_.end() ? kAbsentRow : found->second);
    absent += found == index_.end();
    for (const Pinned& pin : pins_) images += !pin.images.Contains(keys[i]);
  }
  const uint64_t rows = index_.size() + absent;
  if (rows > kMaxRecords) {
    return absl::ResourceExhaustedError(absl::StrCat(
        "table \"", table_, "\": a bucket holds at most ", kMaxRecords, " rows, ", rows, " asked"));
  }
  const uint64_t previous = keep == Keep::kPrevious ? keys.size() : 0;
  PL_RETURN_IF_ERROR(ReserveTo(BytesFor(rows, previous, PinImages() + images)));

  Remember(keys, keep);
  for (size_t i = 0; absent > 0 && i < keys.size(); ++i) {
    if (rows_of_keys_[i] != kAbsentRow) continue;
    rows_of_keys_[i] = NewRow(keys[i]);
    index_.emplace(keys[i], rows_of_keys_[i]);
    --absent;
  }
  const StepScalars scalars = optimizer_.Scalars(step);
  return dim_ < kSmallestInPlace ? UpdateStaged(keys, gradient, scalars)
                                 : UpdateInPlace(keys, gradient, scalars);
}

void SparseRows::Remember(absl::Span<const uint64_t> keys, Keep keep) {
  previous_.Start(keep == Keep::kPrevious ? keys.size() : 0);
  if (keep == Keep::kNothing && pins_.empty()) return;
  for (size_t i = 0; i < keys.size(); ++i) {
    const uint32_t index = rows_of_keys_[i];
    const float* row = index == kAbsentRow ? nullptr : chunks_.Record(index);
    if (keep == Keep::kPrevious) previous_.Append(keys[i], row);
    for (Pinned& pin : pins_) pin.images.Remember(keys[i], row);
  }
}

uint32_t SparseRows::NewRow(uint64_t key) {
  const uint32_t row = chunks_.Add();
  float* record = chunks_.Record(row);
  initializer_.Fill(key, record);
  FillSlots(record);
  return row;
}

void SparseRows::FillSlots(float* record) const {
  for (int slot = 0; slot < optimizer_.slots(); ++slot) {
    for (uint32_t i = 0; i < dim_; ++i) {
      record[(1 + slot) * uint64_t{dim_} + i] = optimizer_.InitialSlot(slot, record[i]);
    }
  }
}

void SparseRows::NextCorrections(uint32_t row, float* correction1, float* correction2) {
  uint32_t& steps = chunks_.Steps(row);
  if (steps < ~uint32_t{0}) ++steps;  // by then the corrections are 1
  optimizer_.Corrections(steps, correction1, correction2);
}

std::optional<NonFinite> SparseRows::UpdateInPlace(absl::Span<const uint64_t> keys,
                                                   const ByteView& gradient, StepScalars scalars) {
  stage_.resize(dim_);
  ByteReader reader(gradient);
  std::optional<NonFinite> found;
  for (size_t i = 0; i < keys.size(); ++i) {
    reader.Read(sizeof(float) * dim_, stage_.data());
    float* record = chunks_.Record(rows_of_keys_[i]);
    if (optimizer_.counts_steps()) {
      NextCorrections(rows_of_keys_[i], &scalars.correction1, &scalars.correction2);
    }
    RunOfRows run;
    run.src = run.dst = record;
    for (int slot = 0; slot < optimizer_.slots(); ++slot) {
      run.slots[slot] = record + (1 + slot) * uint64_t{dim_};
    }
    const auto bad = UpdateRun(optimizer_.rule(), scalars, run,
                               reinterpret_cast<const uint8_t*>(stage_.data()), dim_);
    if (bad && !found) found = NonFinite{.row = keys[i], .column = static_cast<uint32_t>(*bad)};
  }
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
      const uint32_t row = rows_of_keys_[first + i];
      const float* record = chunks_.Record(row);
      for (uint64_t a = 0; a < arrays; ++a) {
        std::copy_n(record + a * dim_, dim_, stage_.data() + a * kStageFloats + i * dim_);
      }
      if (optimizer_.counts_steps()) {
        float correction1 = 0;
        float correction2 = 0;
        NextCorrections(row, &correction1, &correction2);
        std::fill_n(corrections1 + i * dim_, dim_, correction1);
        std::fill_n(corrections2 + i * dim_, dim_, correction2);
      }
    }
    const auto bad = UpdateRun(optimizer_.rule(), scalars, run,
                               reinterpret_cast<const uint8_t*>(grads), count * dim_);
    for (uint64_t i = 0; i < count; ++i) {
      float* record = chunks_.Record(rows_of_keys_[first + i]);
      for (uint64_t a = 0; a < arrays; ++a) {
        std::copy_n(stage_.data() + a * kStageFloats + i * dim_, dim_, record + a * dim_);
      }
    }
    if (bad && !found) {
      found =
          NonFinite{.row = keys[first + *bad / dim_], .column = static_cast<uint32_t>(*bad % dim_)};
    }
  }
  return found;
}

void SparseRows::Advance() { previous_.Start(0); }

absl::StatusOr<SparseSnapshot> SparseRows::Snapshot() const {
  SparseSnapshot snapshot;
  const uint64_t row_bytes = sizeof(uint64_t) * (1 + (optimizer_.counts_steps() ? 1 : 0)) +
                             sizeof(float) * dim_ * (1 + optimizer_.slots());
  PL_ASSIGN_OR_RETURN(
      snapshot.hold,
      budget_->Hold(row_bytes * index_.size(), absl::StrCat("a cut of table \"", table_, "\"")));
  snapshot.keys.reserve(index_.size());
  for (const auto& [key, row] : index_) snapshot.keys.push_back(key);
  std::sort(snapshot.keys.begin(), snapshot.keys.end());
  const uint64_t floats = snapshot.keys.size() * dim_;
  snapshot.rows.reserve(floats);
  snapshot.slots.resize(optimizer_.slots());
  for (std::vector<float>& slot : snapshot.slots) slot.reserve(floats);
  for (const uint64_t key : snapshot.keys) {
    const uint32_t row = index_.find(key)->second;
    const float* record = chunks_.Record(row);
    snapshot.rows.insert(snapshot.rows.end(), record, record + dim_);
    for (std::vector<float>& slot : snapshot.slots) {
      record += dim_;
      slot.insert(slot.end(), record, record + dim_);
    }
    if (optimizer_.counts_steps()) snapshot.row_steps.push_back(chunks_.Steps(row));
  }
  return snapshot;
}

}  // namespace paceline::server
