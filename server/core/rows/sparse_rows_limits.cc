// A sparse bucket with limits: who waits, who goes.
#include <algorithm>
#include <cstring>
#include <tuple>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/status/status_macros.h"
#include "server/core/rows/sparse_rows.h"

namespace paceline::server {

uint32_t SparseRows::Used(const float* record) const {
  uint32_t used;
  std::memcpy(&used, record + used_at_, sizeof(used));
  return used;
}

void SparseRows::SetUsed(float* record, uint64_t iteration) const {
  const auto used = static_cast<uint32_t>(iteration);
  std::memcpy(record + used_at_, &used, sizeof(used));
}

uint64_t SparseRows::RowsThatFit() const {
  if (limits_.share_bytes() == 0) return 0;
  // The most that fit: bytes never fall with more rows.
  uint64_t fit = 0;
  uint64_t over = std::min(kMaxRecords, limits_.share_bytes() / (sizeof(float) * width_)) + 1;
  while (over - fit > 1) {
    const uint64_t middle = fit + (over - fit) / 2;
    (TableBytes(middle) <= limits_.share_bytes() ? fit : over) = middle;
  }
  return fit;
}

absl::Status SparseRows::Full(uint64_t rows) const {
  const std::string help = limits_.evicts_when_full()
                               ? "raise it, or push fewer keys at a time"
                               : "raise it, or set on_full: evict, evict_after_iterations or "
                                 "admit_after";
  return absl::ResourceExhaustedError(
      absl::StrCat("table \"", table_, "\": a bucket's share of model.sparse.memory, ",
                   limits_.share_bytes(), " bytes, holds ", rows_that_fit_, " rows, and there are ",
                   index_.size(), "; a push needs ", rows, ": ", help));
}

template <typename Fn>
void SparseRows::ForEachAge(absl::Span<const uint64_t> keys, uint64_t clock, Fn fn) const {
  // So many records are asked for before they are looked at.
  constexpr size_t kAtOnce = 64;
  Victim rows[kAtOnce];
  size_t count = 0;
  const auto look = [&] {
    for (const Victim& row : absl::MakeConstSpan(rows, count)) {
      if (std::binary_search(keys.begin(), keys.end(), row.key)) continue;
      fn(row.key, row.record, uint64_t{static_cast<uint32_t>(clock) - Used(row.record)});
    }
    count = 0;
  };
  index_.ForEach([&](uint64_t key, float* record) {
    __builtin_prefetch(record + used_at_);
    rows[count++] = {.key = key, .record = record};
    if (count == kAtOnce) look();
  });
  look();
}

absl::StatusOr<std::vector<SparseRows::Victim>> SparseRows::Victims(absl::Span<const uint64_t> keys,
                                                                    uint64_t created,
                                                                    uint64_t clock) const {
  std::vector<Victim> victims;
  if (limits_.SweepDue(clock_, clock)) {
    ForEachAge(keys, clock, [&](uint64_t key, float* record, uint64_t age) {
      if (limits_.Expired(age)) victims.push_back({.key = key, .record = record});
    });
  }
  const uint64_t rows = index_.size() - victims.size() + created;
  if (created > 0 && rows_that_fit_ > 0 && rows > rows_that_fit_) {
    if (!limits_.evicts_when_full()) return Full(rows);
    // Oldest first, then smaller keys.
    std::vector<std::tuple<uint64_t, uint64_t, float*>> others;
    const bool swept = !victims.empty();
    ForEachAge(keys, clock, [&](uint64_t key, float* record, uint64_t age) {
      if (swept && limits_.Expired(age)) return;
      others.push_back({~age, key, record});
    });
    const uint64_t over = rows - rows_that_fit_;
    if (over > others.size()) return Full(rows);
    const uint64_t go =
        std::min<uint64_t>(std::max(over, RowLimits::FewestEvicted(rows_that_fit_)), others.size());
    std::nth_element(others.begin(), others.begin() + static_cast<std::ptrdiff_t>(go - 1),
                     others.end());
    for (uint64_t i = 0; i < go; ++i) {
      victims.push_back({.key = std::get<1>(others[i]), .record = std::get<2>(others[i])});
    }
  }
  std::sort(victims.begin(), victims.end(),
            [](const Victim& a, const Victim& b) { return a.key < b.key; });
  return victims;
}

uint64_t SparseRows::LeaveOutWaiting(absl::Span<const uint64_t> keys, const ByteView& gradient) {
  kept_keys_.clear();
  kept_gradient_.resize((keys.size() + 1) * dim_);
  ByteReader reader(gradient);
  uint64_t absent = 0;
  for (size_t i = 0; i < keys.size(); ++i) {
    const size_t to = kept_keys_.size();
    // What waits is written over.
    reader.Read(sizeof(float) * dim_, kept_gradient_.data() + to * dim_);
    if (records_[i] == nullptr) {
      if (waiting_.Count(keys[i]) + 1 < limits_.admit_after()) continue;
      ++absent;
    }
    records_[to] = records_[i];
    kept_keys_.push_back(keys[i]);
  }
  records_.resize(kept_keys_.size());
  kept_gradient_.resize(kept_keys_.size() * dim_);
  return absent;
}

absl::StatusOr<std::optional<NonFinite>> SparseRows::ApplyLimited(absl::Span<const uint64_t> keys,
                                                                  const ByteView& gradient,
                                                                  const Step& step, Keep keep) {
  // Under SSP and ASP iterations of ranks come in any order: the furthest counts.
  const uint64_t clock = std::max(clock_, step.iteration);
  absl::Span<const uint64_t> taken = keys;
  ByteView values = gradient;
  uint64_t absent = 0;
  if (limits_.admits()) {
    absent = LeaveOutWaiting(keys, gradient);
    taken = kept_keys_;
    values = ByteView::OfFloats(kept_gradient_);
  } else {
    absent = static_cast<uint64_t>(std::count(records_.begin(), records_.end(), nullptr));
  }
  // Absent ones are known before they get their records.
  std::vector<uint64_t> admitted;
  for (size_t i = 0; limits_.admits() && i < taken.size(); ++i) {
    if (records_[i] == nullptr) admitted.push_back(taken[i]);
  }
  // Named rows stay, and keys that wait have none.
  PL_ASSIGN_OR_RETURN(const std::vector<Victim> victims, Victims(taken, absent, clock));
  const uint64_t waited = most_waiting_;
  most_waiting_ = std::max(most_waiting_, waiting_.size() + keys.size() - taken.size());
  absl::StatusOr<std::optional<NonFinite>> applied =
      Take(taken, values, step, keep, absent, victims);
  if (!applied.ok()) {
    most_waiting_ = waited;
    return applied;
  }
  if (limits_.evicts()) {
    for (float* const record : records_) SetUsed(record, clock);
  }
  if (limits_.admits()) {
    for (const uint64_t key : admitted) waiting_.Erase(key);
    // Both ascend: those of `keys` that were not taken.
    auto next = taken.begin();
    for (const uint64_t key : keys) {
      if (next != taken.end() && *next == key) {
        ++next;
      } else {
        waiting_.Name(key, clock);
      }
    }
    if (limits_.SweepDue(clock_, clock)) {
      waiting_.ForgetIf([&](uint64_t used) { return limits_.Expired(clock - used); });
    }
    waiting_.Trim();
  }
  clock_ = clock;
  return applied;
}

absl::Status SparseRows::Advance(uint64_t iteration, Keep keep) {
  if (limits_.any()) return Apply({}, ByteView(), Step{.iteration = iteration}, keep).status();
  previous_.Start(0);
  return absl::OkStatus();
}

}  // namespace paceline::server
