#include "server/core/shard_rows.h"

#include <algorithm>
#include <new>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/status/status_macros.h"
#include "server/core/rows/block.h"

namespace paceline::server {
namespace {

Piece PieceOf(const BlockRef& block) {
  const absl::Span<const float> floats = block->floats();
  return Piece{.owner = block.Shared(),
               .bytes = absl::MakeConstSpan(reinterpret_cast<const uint8_t*>(floats.data()),
                                            floats.size() * sizeof(float))};
}

// Room for the rows of `keys` keys, not cleared: they are written at once.
struct Reply {
  Piece piece;
  float* rows = nullptr;
};

absl::StatusOr<Reply> NewReply(uint64_t keys, uint32_t dim) {
  const uint64_t bytes = keys * dim * sizeof(float);
  auto* const memory = static_cast<uint8_t*>(operator new(bytes, std::nothrow));
  if (memory == nullptr) {
    return absl::ResourceExhaustedError(absl::StrCat("no memory for ", bytes, " bytes of rows"));
  }
  const std::shared_ptr<const void> owner(memory, [](uint8_t* rows) { operator delete(rows); });
  return Reply{.piece = {.owner = owner, .bytes = absl::MakeConstSpan(memory, bytes)},
               .rows = reinterpret_cast<float*>(memory)};
}

BucketOfTable BucketOf(const v1::ShardSpec& shard) {
  return {.number = shard.bucket(), .count = std::max<uint32_t>(1, shard.buckets())};
}

}  // namespace

absl::StatusOr<ShardRows> ShardRows::Create(const v1::TableSpec& table, const v1::ShardSpec& shard,
                                            uint64_t seed, MemoryBudget* budget) {
  if (table.kind() == v1::TABLE_KIND_DENSE) {
    PL_ASSIGN_OR_RETURN(std::unique_ptr<DenseRows> dense,
                        DenseRows::Create(table, shard, seed, budget));
    return ShardRows(std::move(dense), nullptr);
  }
  PL_ASSIGN_OR_RETURN(std::unique_ptr<SparseRows> sparse,
                      SparseRows::Create(table, seed, budget, BucketOf(shard)));
  return ShardRows(nullptr, std::move(sparse));
}

absl::StatusOr<ShardRows> ShardRows::Restore(const v1::TableSpec& table, const v1::ShardSpec& shard,
                                             uint64_t seed, RowsSnapshot state,
                                             MemoryBudget* budget) {
  auto* const dense_state = std::get_if<DenseSnapshot>(&state);
  if ((dense_state != nullptr) != (table.kind() == v1::TABLE_KIND_DENSE)) {
    return absl::DataLossError(
        absl::StrCat("table \"", table.name(), "\": the cut has it of another kind"));
  }
  if (dense_state != nullptr) {
    PL_ASSIGN_OR_RETURN(std::unique_ptr<DenseRows> dense,
                        DenseRows::Restore(table, shard, std::move(*dense_state), budget));
    return ShardRows(std::move(dense), nullptr);
  }
  PL_ASSIGN_OR_RETURN(
      std::unique_ptr<SparseRows> sparse,
      SparseRows::Restore(table, seed, std::get<SparseSnapshot>(state), budget, BucketOf(shard)));
  return ShardRows(nullptr, std::move(sparse));
}

absl::StatusOr<std::optional<NonFinite>> ShardRows::Apply(absl::Span<const uint64_t> keys,
                                                          const ByteView& gradient,
                                                          const Step& step, Keep keep) {
  return dense_ != nullptr ? dense_->Apply(gradient, step, keep)
                           : sparse_->Apply(keys, gradient, step, keep);
}

absl::StatusOr<std::optional<NonFinite>> ShardRows::ApplyDense(FloatRuns gradient, const Step& step,
                                                               Keep keep) {
  return dense_->Apply(gradient, step, keep);
}

absl::Status ShardRows::Advance(uint64_t iteration, Keep keep) {
  if (dense_ == nullptr) return sparse_->Advance(iteration, keep);
  if (keep == Keep::kPrevious) dense_->Advance();
  return absl::OkStatus();
}

absl::StatusOr<Piece> ShardRows::Read(absl::Span<const uint64_t> keys, Version version) const {
  if (dense_ != nullptr) return PieceOf(dense_->Read(version));
  PL_ASSIGN_OR_RETURN(Reply reply, NewReply(keys.size(), sparse_->dim()));
  sparse_->Read(keys, version, reply.rows);
  return std::move(reply.piece);
}

absl::Status ShardRows::Pin(uint64_t pin, Version version) {
  return dense_ != nullptr ? dense_->Pin(pin, version) : sparse_->Pin(pin, version);
}

absl::Status ShardRows::Unpin(uint64_t pin) {
  return dense_ != nullptr ? dense_->Unpin(pin) : sparse_->Unpin(pin);
}

absl::StatusOr<Piece> ShardRows::ReadPinned(uint64_t pin, absl::Span<const uint64_t> keys) const {
  if (dense_ != nullptr) {
    PL_ASSIGN_OR_RETURN(const BlockRef pinned, dense_->ReadPinned(pin));
    return PieceOf(pinned);
  }
  PL_ASSIGN_OR_RETURN(Reply reply, NewReply(keys.size(), sparse_->dim()));
  PL_RETURN_IF_ERROR(sparse_->ReadPinned(pin, keys, reply.rows));
  return std::move(reply.piece);
}

absl::StatusOr<RowsSnapshot> ShardRows::Snapshot() {
  if (dense_ == nullptr) {
    PL_ASSIGN_OR_RETURN(SparseSnapshot snapshot, sparse_->Snapshot());
    return RowsSnapshot(std::move(snapshot));
  }
  PL_ASSIGN_OR_RETURN(DenseSnapshot snapshot, dense_->Snapshot());
  return RowsSnapshot(std::move(snapshot));
}

uint64_t ShardRows::MemoryBytes() const {
  return dense_ != nullptr ? dense_->MemoryBytes() : sparse_->MemoryBytes();
}

}  // namespace paceline::server
