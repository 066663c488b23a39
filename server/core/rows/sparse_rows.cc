#include "server/core/rows/sparse_rows.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/check.h"
#include "common/copy_floats.h"
#include "common/status/status_macros.h"
#include "server/core/rows/row_memory.h"

namespace paceline::server {
namespace {

// Rows of fewer floats that are not whole vectors are gathered, so that the kernel
// runs over whole ones.
constexpr uint32_t kSmallestInPlace = 64;
constexpr uint32_t kWholeVectors = 16;

}  // namespace

SparseRows::SparseRows(const v1::TableSpec& table, const Initializer& initializer,
                       Optimizer optimizer, MemoryBudget* budget, const BucketOfTable& bucket)
    : table_(table.name()),
      dim_(table.dim()),
      initializer_(initializer),
      optimizer_(std::move(optimizer)),
      budget_(budget),
      limits_(table.has_sparse() ? RowLimits(table.sparse(), bucket) : RowLimits()),
      steps_at_(uint64_t{dim_} * (1 + optimizer_.slots())),
      used_at_(steps_at_ + (optimizer_.counts_steps() ? 1 : 0)),
      width_(used_at_ + (limits_.evicts() ? 1 : 0)),
      chunks_(width_),
      rows_that_fit_(RowsThatFit()),
      previous_(dim_) {}

SparseRows::~SparseRows() { budget_->Release(reserved_); }

absl::StatusOr<std::unique_ptr<SparseRows>> SparseRows::Create(const v1::TableSpec& table,
                                                               uint64_t seed, MemoryBudget* budget,
                                                               const BucketOfTable& bucket) {
  PL_ASSIGN_OR_RETURN(Optimizer optimizer, Optimizer::Create(table));
  PL_ASSIGN_OR_RETURN(const Initializer initializer, Initializer::Create(table, seed));
  auto rows = std::unique_ptr<SparseRows>(
      new SparseRows(table, initializer, std::move(optimizer), budget, bucket));
  if (rows->limits_.share_bytes() > 0 && rows->rows_that_fit_ == 0) {
    return absl::InvalidArgumentError(
        absl::StrCat("table \"", table.name(), "\": of model.sparse.memory each of ", bucket.count,
                     " buckets has ", rows->limits_.share_bytes(), " bytes; a first row takes ",
                     rows->TableBytes(1)));
  }
  return rows;
}

absl::StatusOr<std::unique_ptr<SparseRows>> SparseRows::Restore(const v1::TableSpec& table,
                                                                uint64_t seed,
                                                                const SparseSnapshot& state,
                                                                MemoryBudget* budget,
                                                                const BucketOfTable& bucket) {
  PL_ASSIGN_OR_RETURN(std::unique_ptr<SparseRows> rows, Create(table, seed, budget, bucket));
  PL_RETURN_IF_ERROR(rows->CheckShape(state));
  rows->clock_ = state.clock.value_or(0);
  if (rows->limits_.admits()) rows->most_waiting_ = state.waiting.keys.size();
  rows->most_rows_ = state.keys.size();
  PL_RETURN_IF_ERROR(rows->ReserveTo(rows->BytesFor(state.keys.size(), 0, 0)));
  if (rows->limits_.admits()) rows->waiting_.Restore(state.waiting);
  const uint64_t dim = rows->dim_;
  rows->index_.Reserve(state.keys.size());
  for (size_t i = 0; i < state.keys.size(); ++i) {
    if (i + kKeysAhead < state.keys.size()) rows->index_.Prefetch(state.keys[i + kKeysAhead]);
    float* const record = rows->chunks_.Add();
    rows->index_.Insert(state.keys[i], record);
    std::copy_n(state.rows.data() + i * dim, dim, record);
    if (state.slots.empty()) rows->FillSlots(record);
    float* slot_to = record;
    for (const std::vector<float>& slot : state.slots) {
      std::copy_n(slot.data() + i * dim, dim, slot_to += dim);
    }
    if (!state.row_steps.empty()) {
      rows->SetSteps(record, static_cast<uint32_t>(state.row_steps[i]));
    }
    if (rows->limits_.evicts()) {
      rows->SetUsed(record, state.row_used.empty() ? rows->clock_ : state.row_used[i]);
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
  fits = fits && (state.row_used.empty() || state.row_used.size() == keys);
  for (const uint64_t used : state.row_used) fits = fits && used <= state.clock.value_or(0);
  const WaitingKeys::Snapshot& waiting = state.waiting;
  fits = fits && waiting.counts.size() == waiting.keys.size() &&
         waiting.used.size() == waiting.keys.size();
  if (fits) return absl::OkStatus();
  return absl::DataLossError(
      absl::StrCat("table \"", table_, "\": a bucket of ", keys, " ascending keys with rows of ",
                   dim_, " values and ", optimizer_.slots(), " slots expected, got another shape"));
}

void SparseRows::ReadRow(uint64_t key, const float* record, const RowImage& image,
                         float* out) const {
  const float* const row = image.kind == RowImage::kNone ? record : image.row;
  if (row == nullptr) {
    initializer_.Fill(key, out);
  } else {
    CopyFloats(row, dim_, out);
  }
}

void SparseRows::Read(absl::Span<const uint64_t> keys, Version version, float* out) const {
  if (version == Version::kCurrent || previous_.size() == 0) {
    ForEachRecord(keys, dim_, [&](size_t i, const float* record) {
      ReadRow(keys[i], record, RowImage{}, out + i * dim_);
    });
    return;
  }
  RoundImages::Cursor images(previous_);
  ForEachRecord(keys, dim_, [&](size_t i, const float* record) {
    ReadRow(keys[i], record, images.Find(keys[i]), out + i * dim_);
  });
}

uint64_t SparseRows::Resolve(absl::Span<const uint64_t> keys) {
  records_.resize(keys.size());
  uint64_t absent = 0;
  for (const uint64_t key : keys.first(std::min(kKeysAhead, keys.size()))) index_.Prefetch(key);
  for (size_t i = 0; i < keys.size(); ++i) {
    PL_CHECK(i == 0 || keys[i - 1] < keys[i]) << "key " << keys[i];
    if (i + kKeysAhead < keys.size()) index_.Prefetch(keys[i + kKeysAhead]);
    records_[i] = index_.Find(keys[i]);
    absent += records_[i] == nullptr;
  }
  return absent;
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
  const uint64_t absent = Resolve(keys);
  if (limits_.any()) return ApplyLimited(keys, gradient, step, keep);
  return Take(keys, gradient, step, keep, absent, {});
}

absl::StatusOr<std::optional<NonFinite>> SparseRows::Take(absl::Span<const uint64_t> keys,
                                                          const ByteView& gradient,
                                                          const Step& step, Keep keep,
                                                          uint64_t absent,
                                                          absl::Span<const Victim> victims) {
  uint64_t images = 0;
  for (const Pinned& pin : pins_) {
    for (const uint64_t key : keys) images += !pin.images.Contains(key);
    for (const Victim& victim : victims) images += !pin.images.Contains(victim.key);
  }
  const uint64_t rows = index_.size() + absent - victims.size();
  if (rows > kMaxRecords) {
    return absl::ResourceExhaustedError(absl::StrCat(
        "table \"", table_, "\": a bucket holds at most ", kMaxRecords, " rows, ", rows, " asked"));
  }
  const uint64_t previous = keep == Keep::kPrevious ? keys.size() + victims.size() : 0;
  const uint64_t bytes = BytesFor(rows, previous, PinImages() + images);
  PL_RETURN_IF_ERROR(ReserveTo(bytes + RecordIndex::MovingBytes(most_rows_, rows)));
  most_rows_ = std::max(most_rows_, rows);
  created_ += absent;
  evicted_ += victims.size();

  Remember(keys, victims, keep);
  for (const Victim& victim : victims) chunks_.Remove(index_.Erase(victim.key));
  index_.Reserve(rows);
  PL_CHECK_OK(ReserveTo(bytes));  // no more than there is
  for (size_t i = 0; absent > 0 && i < keys.size(); ++i) {
    if (records_[i] != nullptr) continue;
    records_[i] = NewRow(keys[i]);
    index_.Insert(keys[i], records_[i]);
    --absent;
  }
  const StepScalars scalars = optimizer_.Scalars(step);
  return dim_ < kSmallestInPlace && dim_ % kWholeVectors != 0
             ? UpdateStaged(keys, gradient, scalars)
             : UpdateInPlace(keys, gradient, scalars);
}

void SparseRows::Remember(absl::Span<const uint64_t> keys, absl::Span<const Victim> victims,
                          Keep keep) {
  previous_.Start(keep == Keep::kPrevious ? keys.size() + victims.size() : 0);
  if (keep == Keep::kNothing && pins_.empty()) return;
  const auto remember = [&](uint64_t key, const float* record) {
    if (keep == Keep::kPrevious) previous_.Append(key, record);
    for (Pinned& pin : pins_) pin.images.Remember(key, record);
  };
  // Both ascend, and have no key in common.
  size_t gone = 0;
  for (size_t i = 0; i < keys.size(); ++i) {
    for (; gone < victims.size() && victims[gone].key < keys[i]; ++gone) {
      remember(victims[gone].key, victims[gone].record);
    }
    if (i + kRowsAhead < keys.size()) PrefetchFloats(records_[i + kRowsAhead], dim_);
    remember(keys[i], records_[i]);
  }
  for (; gone < victims.size(); ++gone) remember(victims[gone].key, victims[gone].record);
}

float* SparseRows::NewRow(uint64_t key) {
  float* const record = chunks_.Add();
  initializer_.Fill(key, record);
  FillSlots(record);
  return record;
}

void SparseRows::FillSlots(float* record) const {
  for (int slot = 0; slot < optimizer_.slots(); ++slot) {
    for (uint32_t i = 0; i < dim_; ++i) {
      record[(1 + slot) * uint64_t{dim_} + i] = optimizer_.InitialSlot(slot, record[i]);
    }
  }
}

}  // namespace paceline::server
