// Opening, pushes, reports. Pulls and pins: server_job_pull.cc.
#include "server/core/server_job.h"

#include <algorithm>
#include <utility>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/str_cat.h"
#include "common/refusal/kind_name.h"
#include "common/refusal/refusal.h"
#include "common/status/status_macros.h"
#include "common/tables/sharding.h"
#include "server/core/gradient.h"
#include "server/core/server_job_ticket.h"

namespace paceline::server {
namespace {

using v1::Refusal;

absl::Status CheckOrder(const v1::ServerJobOrder& order) {
  if (order.ranks() == 0) return absl::InvalidArgumentError("ranks: at least 1 expected, got 0");
  const auto shares = static_cast<uint32_t>(order.rank_share_size());
  if (shares != 0 && shares != order.ranks()) {
    return absl::InvalidArgumentError(
        absl::StrCat("rank_share: ", order.ranks(), " values expected, got ", shares));
  }
  // Also checks that every shard's table exists.
  PL_RETURN_IF_ERROR(ShardIndex::Create(order.map()).status());
  for (const v1::ShardSpec& shard : order.map().shards()) {
    if (shard.server() >= static_cast<uint32_t>(order.map().servers_size())) {
      return absl::InvalidArgumentError(absl::StrCat("shard ", shard.shard(), ": server below ",
                                                     order.map().servers_size(), " expected, got ",
                                                     shard.server()));
    }
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::shared_ptr<ServerJob>> ServerJob::Open(const Options& options) {
  const v1::ServerJobOrder& order = options.order;
  PL_RETURN_IF_ERROR(CheckOrder(order));
  PL_ASSIGN_OR_RETURN(const ConsistencyPolicy policy, ConsistencyPolicy::Of(order.consistency()));
  std::vector<std::unique_ptr<Shard>> shards;
  for (const v1::ShardSpec& spec : order.map().shards()) {
    const v1::ShardServer& server = order.map().servers(static_cast<int>(spec.server()));
    if (server.node_id() != options.node_id || server.incarnation() != options.node_incarnation) {
      continue;
    }
    if (options.cancelled && options.cancelled()) {
      return absl::CancelledError(absl::StrCat("job ", order.job_id(), ": closed while opening"));
    }
    Shard::Options shard = {.table = order.map().tables(static_cast<int>(spec.table())),
                            .shard = spec,
                            .ranks = order.ranks(),
                            .policy = policy,
                            .seed = order.seed(),
                            .rank_share = {},
                            .memory = options.memory,
                            .fold = options.fold};
    if (!policy.rounds) {
      shard.rank_share.assign(order.rank_share().begin(), order.rank_share().end());
    }
    std::optional<ShardSnapshot> state;
    if (order.has_restore()) {
      PL_ASSIGN_OR_RETURN(state, options.load(shard.table, spec));
    }
    if (state.has_value()) {
      PL_ASSIGN_OR_RETURN(shards.emplace_back(),
                          Shard::Restore(std::move(shard), *std::move(state)));
    } else {
      PL_ASSIGN_OR_RETURN(shards.emplace_back(), Shard::Create(std::move(shard)));
    }
  }
  if (shards.empty()) {
    return absl::InvalidArgumentError(
        absl::StrCat("job ", order.job_id(), ": the map names no shard of node ", options.node_id,
                     " incarnation ", options.node_incarnation));
  }
  return std::shared_ptr<ServerJob>(new ServerJob(options, policy, std::move(shards)));
}

ServerJob::ServerJob(const Options& options, ConsistencyPolicy policy,
                     std::vector<std::unique_ptr<Shard>> shards)
    : job_id_(options.order.job_id()),
      ranks_(options.order.ranks()),
      map_(options.order.map()),
      policy_(policy),
      max_parked_pulls_(options.max_parked_pulls),
      cut_reached_(options.cut_reached),
      shards_(std::move(shards)),
      key_lists_(ranks_, options.memory),
      fence_(job_id_, map_.timeline(), map_.epoch(), ranks_),
      pins_(ranks_) {
  for (const std::unique_ptr<Shard>& shard : shards_) {
    by_id_[shard->spec().shard()] = shard.get();
  }
}

ServerJob::~ServerJob() = default;

absl::Status ServerJob::Check(const v1::RequestContext& context) const {
  MutexLock lock(&mu_);
  PL_RETURN_IF_ERROR(CheckOpen(context));
  return fence_.Check(context);
}

absl::Status ServerJob::CheckOpen(const v1::RequestContext& context) const {
  if (!closed_ && context.job_id() == job_id_) return absl::OkStatus();
  Refusal refusal;
  refusal.set_kind(Refusal::UNKNOWN_JOB);
  return RefusalStatus(refusal, absl::StrCat("job ", context.job_id(), " is not served here"));
}

absl::StatusOr<Shard*> ServerJob::FindShard(uint32_t id) const {
  const auto found = by_id_.find(id);
  if (found != by_id_.end()) return found->second;
  return InvalidStatus(absl::StrCat("job ", job_id_, ": shard ", id, " is not on this server"));
}

absl::StatusOr<v1::OpenRankResponse> ServerJob::OpenRank(const v1::RequestContext& context) {
  const uint32_t rank = context.rank();
  std::vector<TicketRef> fenced;
  uint64_t fenced_pin = 0;
  uint64_t before = 0;
  {
    MutexLock lock(&mu_);
    PL_RETURN_IF_ERROR(CheckOpen(context));
    if (rank < ranks_) before = fence_.incarnation(rank);
    PL_RETURN_IF_ERROR(fence_.Open(context));
    for (const auto& [id, ticket] : tickets_) {
      if (ticket->context.rank() == rank && ticket->context.incarnation() < context.incarnation()) {
        fenced.push_back(ticket);
      }
    }
    if (before < context.incarnation()) fenced_pin = std::exchange(pins_[rank], {}).pin;
  }
  EndTickets(fenced, MismatchStatus(Refusal::STALE_INCARNATION,
                                    absl::StrCat("job ", job_id_, ": incarnation of rank ", rank),
                                    context.incarnation(), before));
  if (fenced_pin != 0) DropPin(fenced_pin);
  key_lists_.Forget(rank);
  v1::OpenRankResponse response;
  response.set_progress(UINT64_MAX);
  response.set_finished(true);
  for (const std::unique_ptr<Shard>& shard : shards_) {
    const Shard::RankState state = shard->OpenRank(rank, context.incarnation());
    response.set_progress(std::min(response.progress(), state.progress));
    response.set_finished(response.finished() && state.finished);
  }
  return response;
}

void ServerJob::Push(const v1::PushRequest& header, const Payload& payload, const PushDone& done) {
  std::vector<uint64_t> released;
  bool cut_reached = false;
  absl::StatusOr<v1::PushResponse> response = PushFrame(header, payload, &released, &cut_reached);
  if (response.ok()) {
    counters_.bytes_pushed += payload.size();
    counters_.duplicates += response->duplicates();
  } else {
    ++counters_.pushes_refused[RefusalKindOf(response.status())];
  }
  done(std::move(response));
  Resume(released);
  if (cut_reached && cut_reached_) cut_reached_();
}

absl::StatusOr<std::vector<ServerJob::Part>> ServerJob::ParsePush(const v1::PushRequest& header,
                                                                  const Payload& payload) {
  if (!header.last_frame() && (header.finish() || header.touched_size() > 0)) {
    return InvalidStatus("touched and finish belong to the last frame of a push");
  }
  if (header.finish() && (header.blocks_size() > 0 || header.touched_size() > 0)) {
    return InvalidStatus("finish: no blocks and nothing touched expected");
  }
  absl::flat_hash_set<uint32_t> touched;
  for (const uint32_t id : header.touched()) {
    PL_RETURN_IF_ERROR(FindShard(id).status());
    touched.insert(id);
  }
  absl::flat_hash_set<uint32_t> seen;
  std::vector<Part> parts;
  uint64_t offset = 0;
  for (const v1::PushBlock& block : header.blocks()) {
    PL_ASSIGN_OR_RETURN(Shard * shard, FindShard(block.shard()));
    if (!seen.insert(block.shard()).second) {
      return InvalidStatus(absl::StrCat("shard ", block.shard(), ": twice in one frame"));
    }
    if (header.last_frame() && !touched.contains(block.shard())) {
      return InvalidStatus(absl::StrCat("shard ", block.shard(), ": in the frame, not in touched"));
    }
    const v1::TableSpec& table = shard->table();
    PL_ASSIGN_OR_RETURN(const uint64_t value_bytes,
                        ValueBytes(table, shard->spec(), block, payload.size() - offset));
    const BlockKeys named = BlockKeys::Of(block, table.kind() == v1::TABLE_KIND_DENSE);
    Gradient gradient;
    PL_ASSIGN_OR_RETURN(gradient.keys,
                        key_lists_.Take(header.context().rank(), table, shard->spec(), named,
                                        payload.Slice(offset, named.bytes())));
    offset += named.bytes();
    PL_ASSIGN_OR_RETURN(gradient.values, ParseValues(table, shard->spec(), block,
                                                     payload.Slice(offset, value_bytes)));
    offset += value_bytes;
    parts.push_back(Part{.shard = shard, .gradient = std::move(gradient)});
  }
  if (offset != payload.size()) {
    return InvalidStatus(absl::StrCat("payload: ", offset, " bytes expected after the blocks, got ",
                                      payload.size()));
  }
  if (!header.last_frame()) return parts;
  // All others advance with an empty update.
  for (const std::unique_ptr<Shard>& shard : shards_) {
    if (!touched.contains(shard->spec().shard())) {
      parts.push_back(Part{.shard = shard.get(), .gradient = {}});
    }
  }
  return parts;
}

absl::StatusOr<v1::PushResponse> ServerJob::PushFrame(const v1::PushRequest& header,
                                                      const Payload& payload,
                                                      std::vector<uint64_t>* released,
                                                      bool* cut_reached) {
  const v1::RequestContext& context = header.context();
  PL_RETURN_IF_ERROR(Check(context));
  PL_ASSIGN_OR_RETURN(std::vector<Part> parts, ParsePush(header, payload));
  v1::PushResponse response;
  absl::Status non_finite;
  for (Part& part : parts) {
    PL_ASSIGN_OR_RETURN(
        const Shard::Pushed pushed,
        header.finish()
            ? part.shard->Finish(context.rank(), context.incarnation(), context.iteration())
            : part.shard->Push(context.rank(), context.incarnation(), context.iteration(),
                               std::move(part.gradient)));
    released->insert(released->end(), pushed.released.begin(), pushed.released.end());
    *cut_reached = *cut_reached || pushed.cut_reached;
    response.set_duplicates(response.duplicates() + (pushed.duplicate ? 1 : 0));
    if (!pushed.non_finite.has_value()) continue;
    const absl::Status failure = NonFiniteFailure(*part.shard, *pushed.non_finite);
    // A round may end with the push of another rank than the one to blame.
    if (pushed.non_finite->rank.value_or(context.rank()) == context.rank()) non_finite = failure;
  }
  if (!non_finite.ok()) return non_finite;
  if (header.finish()) key_lists_.Forget(context.rank());
  return response;
}

absl::Status ServerJob::NonFiniteFailure(const Shard& shard,
                                         const Shard::Pushed::NonFiniteValue& value) {
  Refusal refusal;
  refusal.set_kind(Refusal::NON_FINITE);
  refusal.set_shard(shard.spec().shard());
  const std::string source = value.rank.has_value()
                                 ? absl::StrCat("the gradient of rank ", *value.rank)
                                 : std::string("the sum of all gradients");
  const absl::Status failure =
      RefusalStatus(refusal, absl::StrCat("table ", shard.table().name(), ", row ", value.at.row,
                                          ", column ", value.at.column, ": not finite in ", source,
                                          " at iteration ", value.iteration));
  MutexLock lock(&mu_);
  if (failure_.empty()) failure_ = std::string(failure.message());
  return failure;
}

void ServerJob::SetEpoch(uint64_t epoch) {
  MutexLock lock(&mu_);
  fence_.SetEpoch(epoch);
}

void ServerJob::Close() {
  std::vector<TicketRef> parked;
  {
    MutexLock lock(&mu_);
    closed_ = true;
    for (const auto& [id, ticket] : tickets_) parked.push_back(ticket);
  }
  Refusal refusal;
  refusal.set_kind(Refusal::UNKNOWN_JOB);
  EndTickets(parked, RefusalStatus(refusal, absl::StrCat("job ", job_id_, " was closed")));
}

absl::Status ServerJob::CheckAtRest() const {
  if (!policy_.rounds) return absl::OkStatus();
  for (const std::unique_ptr<Shard>& shard : shards_) {
    const std::vector<bool> finished = shard->GetStats().finished;
    const auto open = std::find(finished.begin(), finished.end(), false);
    if (open == finished.end()) continue;
    return absl::FailedPreconditionError(
        absl::StrCat("job ", job_id_, ": a cut under bsp needs all ranks finished, shard ",
                     shard->spec().shard(), " waits for rank ", open - finished.begin()));
  }
  return absl::OkStatus();
}

void ServerJob::FillReport(v1::ServerJobReport* report) const {
  report->set_job_id(job_id_);
  report->set_duplicates_dropped(counters_.duplicates);
  report->set_bytes_pushed(counters_.bytes_pushed);
  report->set_bytes_pulled(counters_.bytes_pulled);
  uint64_t refused = 0;
  for (int kind = 0; kind < Refusal::Kind_ARRAYSIZE; ++kind) {
    const uint64_t count = counters_.pushes_refused[kind];
    if (count == 0) continue;
    refused += count;
    (*report->mutable_refused_by_kind())[RefusalKindName(kind)] = count;
  }
  report->set_pushes_refused(refused);
  std::vector<uint64_t> progress(ranks_, UINT64_MAX);
  std::vector<bool> finished(ranks_, true);
  uint64_t bytes = 0;
  uint64_t rows = 0;
  SparseCounts sparse;
  Staleness staleness;
  for (const std::unique_ptr<Shard>& shard : shards_) {
    const Shard::Stats stats = shard->GetStats();
    for (uint32_t rank = 0; rank < ranks_; ++rank) {
      progress[rank] = std::min(progress[rank], stats.progress[rank]);
      finished[rank] = finished[rank] && stats.finished[rank];
    }
    bytes += stats.bytes;
    staleness.Merge(stats.staleness);
    if (!stats.sparse.has_value()) continue;
    rows += stats.rows;
    sparse.created += stats.sparse->created;
    sparse.evicted += stats.sparse->evicted;
    sparse.waiting += stats.sparse->waiting;
  }
  report->mutable_progress()->Assign(progress.begin(), progress.end());
  report->mutable_finished()->Assign(finished.begin(), finished.end());
  report->set_table_bytes(bytes);
  report->set_sparse_rows(rows);
  report->set_rows_created(sparse.created);
  report->set_rows_evicted(sparse.evicted);
  report->set_keys_waiting(sparse.waiting);
  staleness.Fill(report);
  MutexLock lock(&mu_);
  report->set_timeline(fence_.timeline());
  report->set_epoch(fence_.epoch());
  report->set_error(failure_);
}

uint64_t ServerJob::parked_pulls() const {
  MutexLock lock(&mu_);
  return tickets_.size();
}

}  // namespace paceline::server
