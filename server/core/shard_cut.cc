// Copies of a shard for cuts.
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/status/status_macros.h"
#include "server/core/shard.h"

namespace paceline::server {

absl::StatusOr<ShardSnapshot> Shard::Snapshot() {
  MutexLock lock(&mu_);
  return SnapshotLocked();
}

absl::StatusOr<ShardSnapshot> Shard::SnapshotLocked() {
  PL_ASSIGN_OR_RETURN(RowsSnapshot rows, rows_.Snapshot());
  ShardSnapshot snapshot = {.rows = std::move(rows),
                            .progress = controller_.progress(),
                            .finished = controller_.finished(),
                            .steps = steps_};
  // Updates that wait for their round are not in the rows.
  if (round_.has_value()) {
    for (uint32_t rank = 0; rank < options_.ranks; ++rank) {
      if (snapshot.progress[rank] <= controller_.slowest()) continue;
      snapshot.progress[rank] = controller_.slowest();
      snapshot.finished[rank] = false;
    }
  }
  return snapshot;
}

bool Shard::ReachCut() {
  if (!armed_.has_value() || armed_->copy.has_value() || steps_ != armed_->round) return false;
  armed_->copy = SnapshotLocked();
  return true;
}

absl::StatusOr<bool> Shard::ArmCut(uint64_t cut, uint64_t round) {
  MutexLock lock(&mu_);
  armed_.reset();
  if (steps_ > round) {
    return absl::OutOfRangeError(absl::StrCat("shard ", options_.shard.shard(), ": round ", round,
                                              " has passed, ", steps_, " are applied"));
  }
  armed_ = ArmedCut{.cut = cut, .round = round, .copy = std::nullopt};
  return ReachCut();
}

absl::StatusOr<std::optional<ShardSnapshot>> Shard::TakeCut(uint64_t cut) {
  MutexLock lock(&mu_);
  if (!armed_.has_value() || armed_->cut != cut) {
    return absl::CancelledError(
        absl::StrCat("shard ", options_.shard.shard(), ": cut ", cut, " is not armed"));
  }
  if (!armed_->copy.has_value()) return std::nullopt;
  absl::StatusOr<ShardSnapshot> copy = *std::move(armed_->copy);
  armed_.reset();
  PL_RETURN_IF_ERROR(copy.status());
  return *std::move(copy);
}

void Shard::DisarmCut(uint64_t cut) {
  MutexLock lock(&mu_);
  if (armed_.has_value() && armed_->cut == cut) armed_.reset();
}

}  // namespace paceline::server
