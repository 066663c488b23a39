#include "server/core/shard.h"

#include <algorithm>
#include <utility>
#include <variant>

#include "absl/strings/str_cat.h"
#include "common/refusal/refusal.h"
#include "common/status/status_macros.h"

namespace paceline::server {
namespace {

using Verdict = ConsistencyController::Verdict;

absl::Status Refuse(v1::Refusal::Kind kind, uint32_t shard, absl::string_view what) {
  v1::Refusal refusal;
  refusal.set_kind(kind);
  refusal.set_shard(shard);
  return RefusalStatus(refusal, absl::StrCat("shard ", shard, ": ", what));
}

absl::Status OutOfOrder(uint32_t shard, uint32_t rank, uint64_t expected, uint64_t got) {
  v1::Refusal refusal;
  refusal.set_kind(v1::Refusal::OUT_OF_ORDER);
  refusal.set_shard(shard);
  refusal.set_expected(expected);
  refusal.set_got(got);
  return RefusalStatus(refusal, absl::StrCat("shard ", shard, ": iteration ", expected, " of rank ",
                                             rank, " expected, got ", got));
}

// What the rows say of memory becomes LIMIT; anything else is a bug of the caller.
absl::Status RowsRefusal(uint32_t shard, const absl::Status& status) {
  return Refuse(absl::IsResourceExhausted(status) ? v1::Refusal::LIMIT : v1::Refusal::INVALID,
                shard, status.message());
}

// Whether a cut's progress can be gone on from.
absl::Status CheckProgress(const Shard::Options& options, const ShardSnapshot& state) {
  const auto problem = [&](absl::string_view what) {
    return absl::DataLossError(absl::StrCat("shard ", options.shard.shard(), ": ", what));
  };
  if (state.progress.size() != options.ranks || state.finished.size() != options.ranks) {
    return problem(absl::StrCat("progress of ", options.ranks, " ranks expected, got ",
                                state.progress.size()));
  }
  if (!options.policy.rounds) return absl::OkStatus();
  for (uint32_t rank = 0; rank < options.ranks; ++rank) {
    if (state.finished[rank] ? state.progress[rank] <= state.steps
                             : state.progress[rank] == state.steps) {
      continue;
    }
    return problem(absl::StrCat("rank ", rank, " has ", state.progress[rank], " of ", state.steps,
                                " rounds: not the state between two"));
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::unique_ptr<Shard>> Shard::Create(Options options) {
  PL_ASSIGN_OR_RETURN(ShardRows rows, ShardRows::Create(options.table, options.shard, options.seed,
                                                        options.memory));
  return New(std::move(options), std::move(rows), nullptr);
}

absl::StatusOr<std::unique_ptr<Shard>> Shard::Restore(Options options, ShardSnapshot state) {
  PL_RETURN_IF_ERROR(CheckProgress(options, state));
  if (auto* const sparse = std::get_if<SparseSnapshot>(&state.rows); sparse != nullptr) {
    // Cuts of tables that had no limits do not say it: all rows are as old as the cut.
    if (!sparse->clock.has_value()) {
      sparse->clock = *std::max_element(state.progress.begin(), state.progress.end());
    }
  }
  PL_ASSIGN_OR_RETURN(ShardRows rows, ShardRows::Restore(options.table, options.shard, options.seed,
                                                         std::move(state.rows), options.memory));
  return New(std::move(options), std::move(rows), &state);
}

absl::StatusOr<std::unique_ptr<Shard>> Shard::New(Options options, ShardRows rows,
                                                  const ShardSnapshot* state) {
  // The sum of a round is as large as the weights.
  uint64_t sum_bytes = 0;
  if (options.policy.rounds && options.table.kind() == v1::TABLE_KIND_DENSE) {
    sum_bytes = options.shard.rows() * options.table.dim() * sizeof(float);
    PL_RETURN_IF_ERROR(options.memory->Reserve(
        sum_bytes, absl::StrCat("the sum of table ", options.table.name())));
  }
  return std::unique_ptr<Shard>(new Shard(std::move(options), std::move(rows), sum_bytes, state));
}

Shard::Shard(Options options, ShardRows rows, uint64_t sum_bytes, const ShardSnapshot* state)
    : options_(std::move(options)),
      sum_bytes_(sum_bytes),
      rows_(std::move(rows)),
      controller_(state == nullptr
                      ? ConsistencyController(options_.ranks, options_.policy)
                      : ConsistencyController(state->progress, state->finished, options_.policy)),
      steps_(state == nullptr ? 0 : state->steps),
      incarnations_(options_.ranks, 0),
      read_versions_(options_.ranks, 0),
      delta_bases_(options_.ranks, options_.memory) {
  if (options_.policy.rounds) {
    round_.emplace(options_.table, options_.shard, options_.ranks, options_.fold);
    for (uint32_t rank = 0; rank < options_.ranks; ++rank) {
      if (controller_.finished(rank)) round_->Finish(rank);
    }
  }
}

Shard::~Shard() { options_.memory->Release(sum_bytes_); }

Shard::RankState Shard::OpenRank(uint32_t rank, uint64_t incarnation) {
  MutexLock lock(&mu_);
  incarnations_[rank] = std::max(incarnations_[rank], incarnation);
  delta_bases_.Drop(rank);
  return {.progress = controller_.progress()[rank], .finished = controller_.finished(rank)};
}

absl::Status Shard::CheckIncarnation(uint32_t rank, uint64_t incarnation) const {
  if (incarnations_[rank] == incarnation) return absl::OkStatus();
  return MismatchStatus(
      v1::Refusal::STALE_INCARNATION,
      absl::StrCat("shard ", options_.shard.shard(), ": incarnation of rank ", rank),
      incarnations_[rank], incarnation);
}

absl::StatusOr<Shard::Pushed> Shard::Push(uint32_t rank, uint64_t incarnation, uint64_t t,
                                          Gradient gradient) {
  const uint32_t shard = options_.shard.shard();
  MutexLock lock(&mu_);
  PL_RETURN_IF_ERROR(CheckIncarnation(rank, incarnation));
  const uint64_t progress = controller_.progress()[rank];
  Pushed pushed;
  if (t < progress) {
    pushed.duplicate = true;
    return pushed;
  }
  if (t > progress) return OutOfOrder(shard, rank, progress, t);
  if (controller_.finished(rank)) {
    return Refuse(v1::Refusal::INVALID, shard,
                  absl::StrCat("rank ", rank, " has finished after ", progress, " iterations"));
  }
  const uint64_t bytes = gradient.bytes();
  const bool counts = !gradient.empty();
  if (!round_.has_value()) {
    PL_RETURN_IF_ERROR(ApplyOnArrival(rank, t, gradient, &pushed));
  } else {
    if (t > controller_.slowest()) return WhyNotLocked(rank, t);
    // In already: the round could not be applied when this push came before.
    if (!round_->Has(rank)) {
      if (absl::Status taken = round_->Add(rank, std::move(gradient)); !taken.ok()) {
        return Refuse(v1::Refusal::NOT_YET, shard, taken.message());
      }
    }
    PL_RETURN_IF_ERROR(ApplyRoundIfComplete(&pushed));
  }
  if (counts) CountPush(rank, t, bytes);
  controller_.Advance(rank);
  pushed.cut_reached = ReachCut();
  pushed.released = Release();
  return pushed;
}

absl::StatusOr<Shard::Pushed> Shard::Finish(uint32_t rank, uint64_t incarnation,
                                            uint64_t iterations) {
  MutexLock lock(&mu_);
  PL_RETURN_IF_ERROR(CheckIncarnation(rank, incarnation));
  const uint64_t progress = controller_.progress()[rank];
  if (iterations != progress) {
    return OutOfOrder(options_.shard.shard(), rank, progress, iterations);
  }
  Pushed pushed;
  if (controller_.finished(rank)) {
    pushed.duplicate = true;
    return pushed;
  }
  if (round_.has_value()) {
    round_->Finish(rank);
    PL_RETURN_IF_ERROR(ApplyRoundIfComplete(&pushed));
  }
  controller_.Finish(rank);
  delta_bases_.Drop(rank);
  pushed.cut_reached = ReachCut();
  pushed.released = Release();
  return pushed;
}

absl::Status Shard::ApplyOnArrival(uint32_t rank, uint64_t t, const Gradient& gradient,
                                   Pushed* pushed) {
  if (gradient.empty()) {
    // Rows grow older in a bucket that gets no keys, too.
    if (absl::Status advanced = rows_.Advance(t, Keep::kNothing); !advanced.ok()) {
      return RowsRefusal(options_.shard.shard(), advanced);
    }
    return absl::OkStatus();
  }
  const Step step = {.iteration = t,
                     .number = steps_ + 1,
                     .share = options_.rank_share.empty() ? 1.0 : options_.rank_share[rank]};
  absl::StatusOr<std::optional<NonFinite>> applied =
      rows_.Apply(gradient.keys.span(), gradient.values.View(), step, Keep::kNothing);
  if (!applied.ok()) return RowsRefusal(options_.shard.shard(), applied.status());
  ++steps_;
  if (applied->has_value()) {
    pushed->non_finite = Pushed::NonFiniteValue{.rank = rank, .iteration = t, .at = **applied};
  }
  return absl::OkStatus();
}

absl::Status Shard::ApplyRoundIfComplete(Pushed* pushed) {
  if (!round_->complete()) return absl::OkStatus();
  const uint64_t t = controller_.slowest();
  if (round_->empty()) {
    if (absl::Status advanced = rows_.Advance(t, Keep::kPrevious); !advanced.ok()) {
      return RowsRefusal(options_.shard.shard(), advanced);
    }
  } else {
    const Step step = {.iteration = t, .number = t + 1, .share = 1};
    absl::StatusOr<std::optional<NonFinite>> applied = round_->ApplyTo(&rows_, step);
    if (!applied.ok()) return RowsRefusal(options_.shard.shard(), applied.status());
    if (round_->masked().has_value()) {
      pushed->non_finite = Pushed::NonFiniteValue{
          .rank = round_->masked()->rank, .iteration = t, .at = round_->masked()->at};
    } else if (applied->has_value()) {
      pushed->non_finite =
          Pushed::NonFiniteValue{.rank = std::nullopt, .iteration = t, .at = **applied};
    }
  }
  steps_ = t + 1;
  round_->NextRound();
  return absl::OkStatus();
}

std::vector<uint64_t> Shard::Release() {
  std::vector<uint64_t> released;
  std::erase_if(waiters_, [&](const Waiter& waiter) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_) {
    if (controller_.MayPull(waiter.rank, waiter.t) == Verdict::kWait) return false;
    released.push_back(waiter.ticket);
    return true;
  });
  return released;
}

void Shard::CountPush(uint32_t rank, uint64_t t, uint64_t bytes) {
  ++traffic_.pushes;
  traffic_.pushed_bytes += bytes;
  const uint64_t read = read_versions_[rank];
  // A rank that reads again what it has pushed may find a later version.
  if (read != 0) staleness_.Add(t > read - 1 ? t - (read - 1) : 0);
}

absl::Status Shard::Gone(uint64_t t) const {
  v1::Refusal refusal;
  refusal.set_kind(v1::Refusal::OUT_OF_ORDER);
  refusal.set_shard(options_.shard.shard());
  refusal.set_expected(controller_.slowest());
  refusal.set_got(t);
  return RefusalStatus(
      refusal, absl::StrCat("shard ", options_.shard.shard(), ": the rows before round ", t,
                            " are no longer held, the next round is ", controller_.slowest()));
}

absl::StatusOr<bool> Shard::AdmitOrPark(uint32_t rank, uint64_t t, uint64_t ticket) {
  MutexLock lock(&mu_);
  switch (controller_.MayPull(rank, t)) {
    case Verdict::kAdmit:
      return true;
    case Verdict::kGone:
      return Gone(t);
    case Verdict::kWait:
      break;
  }
  waiters_.push_back(Waiter{.ticket = ticket, .rank = rank, .t = t});
  return false;
}

void Shard::Unpark(uint64_t ticket) {
  MutexLock lock(&mu_);
  std::erase_if(waiters_, [&](const Waiter& waiter) { return waiter.ticket == ticket; });
}

absl::Status Shard::WhyNot(uint32_t rank, uint64_t t) const {
  MutexLock lock(&mu_);
  return WhyNotLocked(rank, t);
}

absl::Status Shard::WhyNotLocked(uint32_t rank, uint64_t t) const {
  v1::Refusal refusal;
  refusal.set_kind(v1::Refusal::NOT_YET);
  refusal.set_shard(options_.shard.shard());
  refusal.set_slowest_rank(controller_.slowest_rank());
  refusal.set_expected(controller_.slowest());
  refusal.set_got(t);
  return RefusalStatus(refusal, absl::StrCat("shard ", options_.shard.shard(), ": ",
                                             controller_.WaitReason(rank, t)));
}

absl::StatusOr<Shard::Rows> Shard::Read(uint32_t rank, uint64_t t,
                                        absl::Span<const uint64_t> keys) {
  MutexLock lock(&mu_);
  return ReadLocked(rank, t, keys);
}

absl::StatusOr<Shard::Rows> Shard::ReadLocked(uint32_t rank, uint64_t t,
                                              absl::Span<const uint64_t> keys) {
  const Verdict verdict = controller_.MayPull(rank, t);
  if (verdict == Verdict::kGone) return Gone(t);
  if (verdict == Verdict::kWait) return WhyNotLocked(rank, t);
  const uint64_t slowest = controller_.slowest();
  const bool previous = options_.policy.rounds && t < slowest;
  const uint64_t version = options_.policy.rounds ? t : slowest;
  absl::StatusOr<Piece> bytes = rows_.Read(keys, previous ? Version::kPrevious : Version::kCurrent);
  if (!bytes.ok()) return RowsRefusal(options_.shard.shard(), bytes.status());
  read_versions_[rank] = version + 1;
  ++traffic_.pulls;
  traffic_.pulled_bytes += bytes->bytes.size();
  return RowsOf(*std::move(bytes), version);
}

Shard::Rows Shard::RowsOf(Piece bytes, uint64_t version) const {
  const uint64_t row_bytes = uint64_t{options_.table.dim()} * sizeof(float);
  const uint64_t rows = bytes.bytes.size() / row_bytes;
  return Rows{.rows = rows, .version = version, .bytes = std::move(bytes)};
}

absl::Status Shard::Pin(uint64_t pin, uint32_t rank, uint64_t t) {
  MutexLock lock(&mu_);
  Version version = Version::kCurrent;
  if (options_.policy.rounds) {
    const Verdict verdict = controller_.MayPull(rank, t);
    if (verdict == Verdict::kGone) return Gone(t);
    if (verdict == Verdict::kWait) return WhyNotLocked(rank, t);
    if (t < controller_.slowest()) version = Version::kPrevious;
  }
  if (absl::Status pinned = rows_.Pin(pin, version); !pinned.ok()) {
    return RowsRefusal(options_.shard.shard(), pinned);
  }
  return absl::OkStatus();
}

void Shard::Unpin(uint64_t pin) {
  MutexLock lock(&mu_);
  // Not held here: pinning stopped half way.
  (void)rows_.Unpin(pin);
}

absl::StatusOr<Shard::Rows> Shard::ReadPinned(uint64_t pin, absl::Span<const uint64_t> keys) const {
  MutexLock lock(&mu_);
  absl::StatusOr<Piece> bytes = rows_.ReadPinned(pin, keys);
  if (!bytes.ok()) return RowsRefusal(options_.shard.shard(), bytes.status());
  return RowsOf(*std::move(bytes), controller_.slowest());
}

Shard::Stats Shard::GetStats() const {
  MutexLock lock(&mu_);
  Stats stats = {.progress = controller_.progress(),
                 .finished = controller_.finished(),
                 .bytes = rows_.MemoryBytes() + (round_.has_value() ? round_->MemoryBytes() : 0),
                 .rows = options_.shard.rows(),
                 .sparse = std::nullopt,
                 .parked = waiters_.size(),
                 .traffic = traffic_,
                 .staleness = staleness_};
  if (const SparseRows* const sparse = rows_.sparse(); sparse != nullptr) {
    stats.rows = sparse->rows();
    stats.sparse = SparseCounts{
        .created = sparse->created(), .evicted = sparse->evicted(), .waiting = sparse->waiting()};
  }
  return stats;
}

}  // namespace paceline::server
