#include "server/core/rows/dense_rows.h"

#include <algorithm>
#include <cstring>

#include "absl/strings/str_cat.h"
#include "common/status/status_macros.h"
#include "server/core/rows/initializer.h"
#include "server/core/rows/update.h"

namespace paceline::server {
namespace {

// Blocks kept for reuse; more readers than this hold old rows only under load.
constexpr size_t kMaxRetired = 2;

}  // namespace

DenseRows::DenseRows(const v1::TableSpec& table, const v1::ShardSpec& shard, Optimizer optimizer,
                     MemoryBudget* budget)
    : table_(table.name()),
      first_row_(shard.first_row()),
      rows_(shard.rows()),
      dim_(table.dim()),
      optimizer_(std::move(optimizer)),
      budget_(budget) {}

DenseRows::~DenseRows() { budget_->Release(reserved_); }

absl::StatusOr<std::unique_ptr<DenseRows>> DenseRows::New(const v1::TableSpec& table,
                                                          const v1::ShardSpec& shard,
                                                          MemoryBudget* budget) {
  if (shard.rows() == 0 || shard.first_row() > table.rows() ||
      shard.rows() > table.rows() - shard.first_row()) {
    return absl::InvalidArgumentError(absl::StrCat(
        "shard ", shard.shard(), ": rows [", shard.first_row(), ", +", shard.rows(),
        ") do not lie within the ", table.rows(), " rows of table \"", table.name(), "\""));
  }
  PL_ASSIGN_OR_RETURN(Optimizer optimizer, Optimizer::Create(table));
  return std::unique_ptr<DenseRows>(new DenseRows(table, shard, std::move(optimizer), budget));
}

absl::StatusOr<std::unique_ptr<DenseRows>> DenseRows::Create(const v1::TableSpec& table,
                                                             const v1::ShardSpec& shard,
                                                             uint64_t seed, MemoryBudget* budget) {
  PL_ASSIGN_OR_RETURN(const Initializer initializer, Initializer::Create(table, seed));
  PL_ASSIGN_OR_RETURN(std::unique_ptr<DenseRows> rows, New(table, shard, budget));
  PL_ASSIGN_OR_RETURN(rows->current_, rows->NewBlock());
  float* weights = rows->current_.mutable_data();
  for (uint64_t i = 0; i < rows->rows_; ++i) {
    initializer.Fill(rows->first_row_ + i, weights + i * rows->dim_);
  }
  PL_RETURN_IF_ERROR(rows->AddInitialSlots());
  return rows;
}

absl::Status DenseRows::AddInitialSlots() {
  const float* weights = current_->data();
  for (int slot = 0; slot < optimizer_.slots(); ++slot) {
    PL_ASSIGN_OR_RETURN(BlockRef block, NewBlock());
    float* values = block.mutable_data();
    for (uint64_t i = 0; i < size(); ++i) values[i] = optimizer_.InitialSlot(slot, weights[i]);
    slots_.push_back(std::move(block));
  }
  return absl::OkStatus();
}

absl::StatusOr<std::unique_ptr<DenseRows>> DenseRows::Restore(const v1::TableSpec& table,
                                                              const v1::ShardSpec& shard,
                                                              DenseSnapshot state,
                                                              MemoryBudget* budget) {
  PL_ASSIGN_OR_RETURN(std::unique_ptr<DenseRows> rows, New(table, shard, budget));
  const bool weights_only = state.slots.empty();
  if (!weights_only && state.slots.size() != static_cast<size_t>(rows->optimizer_.slots())) {
    return absl::DataLossError(absl::StrCat("table \"", table.name(),
                                            "\": ", rows->optimizer_.slots(),
                                            " slots expected, got ", state.slots.size()));
  }
  std::vector<BlockRef> blocks = std::move(state.slots);
  blocks.push_back(std::move(state.rows));
  for (const BlockRef& block : blocks) {
    if (block->size() != rows->size()) {
      return absl::DataLossError(absl::StrCat("table \"", table.name(), "\", rows from ",
                                              shard.first_row(), ": ", rows->size(),
                                              " values expected, got ", block->size()));
    }
  }
  PL_RETURN_IF_ERROR(rows->ReserveTo(rows->BlockBytes() * blocks.size()));
  rows->current_ = std::move(blocks.back());
  blocks.pop_back();
  rows->slots_ = std::move(blocks);
  if (weights_only) PL_RETURN_IF_ERROR(rows->AddInitialSlots());
  return rows;
}

BlockRef DenseRows::Read(Version version) const {
  return version == Version::kPrevious && previous_ ? previous_ : current_;
}

absl::StatusOr<std::optional<NonFinite>> DenseRows::Apply(const ByteView& gradient,
                                                          const Step& step, Keep keep) {
  if (gradient.size() != BlockBytes()) {
    return absl::InvalidArgumentError(absl::StrCat("table \"", table_, "\", rows from ", first_row_,
                                                   ": a gradient of ", BlockBytes(),
                                                   " bytes expected, got ", gradient.size()));
  }
  return Apply([&](FloatRun run) { gradient.ForEachFloats(run); }, step, keep);
}

absl::StatusOr<std::optional<NonFinite>> DenseRows::Apply(FloatRuns gradient, const Step& step,
                                                          Keep keep) {
  const bool in_place = keep == Keep::kNothing && current_.unique();
  BlockRef target;
  if (!in_place) {
    PL_ASSIGN_OR_RETURN(target, TakeSpare());
  }
  // A snapshot holds slots as they are.
  for (BlockRef& slot : slots_) {
    if (slot.unique()) continue;
    PL_ASSIGN_OR_RETURN(slot, CopyOf(slot));
  }
  RunOfRows run;
  run.src = current_->data();
  run.dst = in_place ? current_.mutable_data() : target.mutable_data();
  for (size_t i = 0; i < slots_.size(); ++i) run.slots[i] = slots_[i].mutable_data();
  const std::optional<uint64_t> bad =
      UpdateRun(optimizer_.rule(), optimizer_.Scalars(step), run, gradient);
  if (previous_) Retire(std::exchange(previous_, {}));
  if (!in_place) {
    std::swap(current_, target);
    if (keep == Keep::kPrevious) {
      previous_ = std::move(target);
    } else {
      Retire(std::move(target));
    }
  }
  Settle();
  if (!bad) return std::nullopt;
  return NonFinite{.row = first_row_ + *bad / dim_, .column = static_cast<uint32_t>(*bad % dim_)};
}

void DenseRows::Advance() {
  if (previous_) Retire(std::exchange(previous_, {}));
  Settle();
}

absl::Status DenseRows::Pin(uint64_t pin, Version version) {
  if (ReadPinned(pin).ok()) {
    return absl::AlreadyExistsError(absl::StrCat("pin ", pin, " is in use"));
  }
  if (pins_.size() >= kMaxPins) {
    return absl::ResourceExhaustedError(
        absl::StrCat("pin ", pin, ": a shard has at most ", kMaxPins, " pins"));
  }
  pins_.emplace_back(pin, Read(version));
  return absl::OkStatus();
}

absl::Status DenseRows::Unpin(uint64_t pin) {
  const auto found = std::find_if(pins_.begin(), pins_.end(),
                                  [&](const auto& entry) { return entry.first == pin; });
  if (found == pins_.end()) return absl::NotFoundError(absl::StrCat("pin ", pin, " is not held"));
  pins_.erase(found);
  Settle();
  return absl::OkStatus();
}

absl::StatusOr<BlockRef> DenseRows::ReadPinned(uint64_t pin) const {
  for (const auto& [id, block] : pins_) {
    if (id == pin) return block;
  }
  return absl::NotFoundError(absl::StrCat("pin ", pin, " is not held"));
}

absl::StatusOr<DenseSnapshot> DenseRows::Snapshot() {
  if (!snapshot_.expired()) {
    return absl::FailedPreconditionError(absl::StrCat("table \"", table_, "\", rows from ",
                                                      first_row_,
                                                      ": the cut before is still being written"));
  }
  PL_RETURN_IF_ERROR(ReserveTo(MemoryBytes() + CopyBytes()));
  DenseSnapshot snapshot{.rows = current_, .slots = slots_, .hold = std::make_shared<char>()};
  snapshot_ = snapshot.hold;
  return snapshot;
}

uint64_t DenseRows::MemoryBytes() const {
  std::vector<const Block*> blocks;
  if (current_) blocks.push_back(current_.get());
  if (previous_) blocks.push_back(previous_.get());
  for (const BlockRef& block : retired_) blocks.push_back(block.get());
  for (const auto& [id, block] : pins_) blocks.push_back(block.get());
  std::sort(blocks.begin(), blocks.end());
  const auto distinct = std::unique(blocks.begin(), blocks.end()) - blocks.begin();
  return BlockBytes() * (static_cast<uint64_t>(distinct) + slots_.size());
}

absl::Status DenseRows::ReserveTo(uint64_t bytes) {
  if (bytes <= reserved_) return absl::OkStatus();
  PL_RETURN_IF_ERROR(budget_->Reserve(bytes - reserved_, absl::StrCat("table \"", table_, "\"")));
  reserved_ = bytes;
  return absl::OkStatus();
}

absl::StatusOr<BlockRef> DenseRows::NewBlock() {
  PL_RETURN_IF_ERROR(ReserveTo(MemoryBytes() + BlockBytes()));
  return BlockRef::Create(size());
}

absl::StatusOr<BlockRef> DenseRows::CopyOf(const BlockRef& block) {
  PL_ASSIGN_OR_RETURN(BlockRef copy, NewBlock());
  std::memcpy(copy.mutable_data(), block->data(), BlockBytes());
  return copy;
}

absl::StatusOr<BlockRef> DenseRows::TakeSpare() {
  // The rows of two updates ago are needed no more.
  if (previous_ && previous_.unique()) return std::exchange(previous_, {});
  for (BlockRef& block : retired_) {
    if (!block.unique()) continue;
    std::swap(block, retired_.back());
    BlockRef spare = std::move(retired_.back());
    retired_.pop_back();
    return spare;
  }
  return NewBlock();
}

void DenseRows::Retire(BlockRef block) {
  if (retired_.size() >= kMaxRetired) {
    // Let go of one that is still read (its last reader frees it), if there is one.
    const auto held = std::find_if(retired_.begin(), retired_.end(),
                                   [](const BlockRef& b) { return !b.unique(); });
    retired_.erase(held != retired_.end() ? held : retired_.begin());
  }
  retired_.push_back(std::move(block));
}

void DenseRows::Settle() {
  const uint64_t held = MemoryBytes() + (snapshot_.expired() ? 0 : CopyBytes());
  if (reserved_ <= held) return;
  budget_->Release(reserved_ - held);
  reserved_ = held;
}

}  // namespace paceline::server
