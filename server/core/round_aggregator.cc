#include "server/core/round_aggregator.h"

#include <utility>

#include "common/check.h"
#include "common/status/status_macros.h"
#include "server/core/rows/byte_view.h"

namespace paceline::server {

RoundAggregator::RoundAggregator(const v1::TableSpec& table, const v1::ShardSpec& shard,
                                 uint32_t ranks, MemoryBudget* budget)
    : dense_(table.kind() == v1::TABLE_KIND_DENSE),
      first_row_(shard.first_row()),
      dim_(table.dim()),
      budget_(budget),
      ranks_(ranks),
      expected_(ranks),
      dense_sum_(shard.rows() * table.dim()),
      sparse_sum_(table.dim()) {}

RoundAggregator::~RoundAggregator() {
  for (const Slot& slot : ranks_) {
    if (!slot.waiting.empty()) budget_->Release(slot.waiting.bytes());
  }
  ReleaseDeferred();
}

absl::Status RoundAggregator::Add(uint32_t rank, Gradient gradient) {
  Slot& slot = ranks_[rank];
  PL_CHECK(slot.state == State::kExpected) << "rank " << rank;
  if (rank != folded_) {
    PL_RETURN_IF_ERROR(Wait(std::move(gradient), &slot));
    slot.state = State::kTaken;
    ++taken_;
    --expected_;
    return absl::OkStatus();
  }
  slot.state = State::kTaken;
  ++taken_;
  --expected_;
  Take(rank, std::move(gradient));
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
  if (slot.state == State::kExpected) --expected_;
  slot.state = State::kFinished;
  FoldInTurn();
}

void RoundAggregator::FoldInTurn() {
  for (; folded_ < ranks_.size() && ranks_[folded_].state != State::kExpected; ++folded_) {
    Gradient gradient = std::exchange(ranks_[folded_].waiting, Gradient());
    if (gradient.empty()) continue;
    const uint64_t bytes = gradient.bytes();
    Take(folded_, std::move(gradient));
    if (defers()) {
      deferred_bytes_ += bytes;
    } else {
      budget_->Release(bytes);
    }
  }
}

void RoundAggregator::Take(uint32_t rank, Gradient gradient) {
  if (gradient.empty()) return;
  if (defers()) return dense_sum_.Defer(rank, std::move(gradient.values));
  if (dense_) return dense_sum_.Fold(rank, gradient.values.View());
  const std::optional<NonFinite> at = sparse_sum_.Add(gradient.keys.span(), gradient.values.View());
  any_sparse_ = true;
  if (at.has_value() && !sparse_masked_.has_value()) {
    sparse_masked_ = Masked{.rank = rank, .at = *at};
  }
}

absl::StatusOr<std::optional<NonFinite>> RoundAggregator::ApplyTo(ShardRows* rows,
                                                                  const Step& step) {
  PL_CHECK(complete());
  if (!dense_) {
    return rows->Apply(keys(), ByteView::OfFloats(sparse_sum_.gradient()), step, Keep::kPrevious);
  }
  absl::StatusOr<std::optional<NonFinite>> applied = rows->ApplyDense(
      [this](FloatRun run) { dense_sum_.ForEachFloats(run); }, step, Keep::kPrevious);
  // The last update is its sender's again.
  if (!applied.ok()) dense_sum_.Settle();
  ReleaseDeferred();
  return applied;
}

absl::Span<const float> RoundAggregator::sum() {
  if (empty()) return {};
  if (!dense_) return sparse_sum_.gradient();
  dense_sum_.Settle();
  ReleaseDeferred();
  return dense_sum_.values();
}

std::optional<RoundAggregator::Masked> RoundAggregator::masked() const {
  if (!dense_) return sparse_masked_;
  if (!dense_sum_.masked().has_value()) return std::nullopt;
  const DenseSum::Masked& masked = *dense_sum_.masked();
  return Masked{.rank = masked.rank,
                .at = {.row = first_row_ + masked.position / dim_,
                       .column = static_cast<uint32_t>(masked.position % dim_)}};
}

void RoundAggregator::ReleaseDeferred() { budget_->Release(std::exchange(deferred_bytes_, 0)); }

void RoundAggregator::NextRound() {
  PL_CHECK(complete());
  for (Slot& slot : ranks_) {
    if (slot.state != State::kTaken) continue;
    slot.state = slot.finishing ? State::kFinished : State::kExpected;
    if (slot.state == State::kExpected) ++expected_;
  }
  taken_ = 0;
  folded_ = 0;
  dense_sum_.Clear();
  any_sparse_ = false;
  sparse_sum_.Clear();
  sparse_masked_.reset();
  FoldInTurn();  // past those that have finished
}

uint64_t RoundAggregator::MemoryBytes() const {
  return dense_sum_.MemoryBytes() + sparse_sum_.MemoryBytes();
}

}  // namespace paceline::server
