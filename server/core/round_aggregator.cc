#include "server/core/round_aggregator.h"

#include <utility>

#include "common/check.h"
#include "common/status/status_macros.h"
#include "server/core/rows/byte_view.h"
#include "server/core/rows/fold.h"

namespace paceline::server {

RoundAggregator::RoundAggregator(const v1::TableSpec& table, const v1::ShardSpec& shard,
                                 uint32_t ranks, MemoryBudget* budget)
    : dense_(table.kind() == v1::TABLE_KIND_DENSE),
      first_row_(shard.first_row()),
      size_(shard.rows() * table.dim()),
      dim_(table.dim()),
      budget_(budget),
      ranks_(ranks),
      sparse_sum_(table.dim()) {}

RoundAggregator::~RoundAggregator() {
  for (const Slot& slot : ranks_) {
    if (!slot.waiting.empty()) budget_->Release(slot.waiting.bytes());
  }
}

absl::Status RoundAggregator::Add(uint32_t rank, Gradient gradient) {
  Slot& slot = ranks_[rank];
  PL_CHECK(slot.state == State::kExpected) << "rank " << rank;
  if (rank != folded_) {
    PL_RETURN_IF_ERROR(Wait(std::move(gradient), &slot));
    slot.state = State::kTaken;
    ++taken_;
    return absl::OkStatus();
  }
  slot.state = State::kTaken;
  ++taken_;
  Fold(rank, gradient);
  ++folded_;
  FoldInTurn();
  return absl::OkStatus();
}

absl::Status RoundAggregator::Wait(Gradient gradient, Slot* slot) {
  if (gradient.empty()) return absl::OkStatus();
  const uint64_t bytes = gradient.bytes();
  PL_RETURN_IF_ERROR(budget_->Reserve(bytes, "updates that wait for their round"));
  absl::StatusOr<Payload> kept = gradient.values.Keep();
  if (!kept.ok()) {
    budget_->Release(bytes);
    return kept.status();
  }
  slot->waiting = Gradient{.keys = std::move(gradient.keys), .values = *std::move(kept)};
  return absl::OkStatus();
}

void RoundAggregator::Finish(uint32_t rank) {
  Slot& slot = ranks_[rank];
  if (slot.state == State::kTaken) {
    slot.finishing = true;
    return;
  }
  slot.state = State::kFinished;
  FoldInTurn();
}

void RoundAggregator::FoldInTurn() {
  for (; folded_ < ranks_.size() && ranks_[folded_].state != State::kExpected; ++folded_) {
    Gradient gradient = std::exchange(ranks_[folded_].waiting, Gradient());
    if (gradient.empty()) continue;
    Fold(folded_, gradient);
    budget_->Release(gradient.bytes());
  }
}

void RoundAggregator::Fold(uint32_t rank, const Gradient& gradient) {
  if (gradient.empty()) return;
  std::optional<NonFinite> at;
  if (dense_) {
    dense_sum_.resize(size_);
    const ByteView view = gradient.values.View();
    const std::optional<uint64_t> position = any_values_
                                                 ? server::Fold(view, absl::MakeSpan(dense_sum_))
                                                 : FoldFirst(view, absl::MakeSpan(dense_sum_));
    if (position.has_value()) {
      at = NonFinite{.row = first_row_ + *position / dim_,
                     .column = static_cast<uint32_t>(*position % dim_)};
    }
  } else {
    at = sparse_sum_.Add(gradient.keys.span(), gradient.values.View());
  }
  any_values_ = true;
  if (at.has_value() && !masked_.has_value()) masked_ = Masked{.rank = rank, .at = *at};
}

absl::Span<const float> RoundAggregator::sum() const {
  if (!any_values_) return {};
  return dense_ ? absl::MakeConstSpan(dense_sum_) : sparse_sum_.gradient();
}

void RoundAggregator::NextRound() {
  PL_CHECK(complete());
  for (Slot& slot : ranks_) {
    if (slot.state == State::kTaken) {
      slot.state = slot.finishing ? State::kFinished : State::kExpected;
    }
  }
  taken_ = 0;
  folded_ = 0;
  any_values_ = false;
  sparse_sum_.Clear();
  masked_.reset();
  FoldInTurn();  // past those that have finished
}

uint64_t RoundAggregator::MemoryBytes() const {
  return dense_sum_.capacity() * sizeof(float) + sparse_sum_.MemoryBytes();
}

}  // namespace paceline::server
