#include "tests/sim/sim_server.h"

#include <algorithm>
#include <optional>
#include <utility>
#include <variant>

#include "absl/strings/str_cat.h"
#include "common/refusal/refusal.h"

namespace paceline::sim {
namespace {

// Chance that writing a shard of a cut fails; a cut has dozens.
constexpr double kDiskFails = 0.001;

absl::Status NotHeld(uint64_t job_id) {
  v1::Refusal refusal;
  refusal.set_kind(v1::Refusal::UNKNOWN_JOB);
  return RefusalStatus(refusal, absl::StrCat("job ", job_id, " is not held here"));
}

}  // namespace

SimServer::SimServer(const Options& options)
    : options_(options), fold_(options.fold_budget, "fold budget") {}

void SimServer::Kill() {
  up_ = false;
  ++life_;
  cuts_.clear();
  openings_.clear();
  state_ = std::make_unique<server::ServerState>();
}

void SimServer::Later(absl::Duration most, std::function<void()> work) {
  options_.loop->After(options_.random->Between(absl::ZeroDuration(), most),
                       [this, life = life_, work = std::move(work)] {
                         if (life == life_) work();
                       });
}

void SimServer::Heed(const v1::ServerJobOrder& order, uint64_t node_id, uint64_t incarnation) {
  for (const server::ServerCommand& command : state_->Heed(order, node_id, incarnation)) {
    if (const auto* open = std::get_if<server::OpenCommand>(&command)) {
      Later(options_.most_open,
            [this, open = *open, node_id, incarnation] { Open(open, node_id, incarnation); });
    } else if (const auto* close = std::get_if<server::CloseCommand>(&command)) {
      cuts_.erase(close->job->job_id());
      close->job->Close();
    } else if (const auto* cut = std::get_if<server::CutCommand>(&command)) {
      BeginCut(*cut);
    }
  }
}

void SimServer::Open(const server::OpenCommand& command, uint64_t node_id, uint64_t incarnation) {
  server::ServerJob::Options options;
  options.order = command.order;
  options.node_id = node_id;
  options.node_incarnation = incarnation;
  options.memory = &memory_;
  options.fold = &fold_;
  const uint64_t job_id = command.order.job_id();
  options.cut_reached = [this, job_id] {
    Later(options_.most_write, [this, job_id] { WriteCut(job_id); });
  };
  options.load = [&](const v1::TableSpec&,
                     const v1::ShardSpec& shard) -> absl::StatusOr<server::ShardSnapshot> {
    const v1::RestoreOrder& cut = command.order.restore();
    const auto file = options_.disk->find({cut.dir(), shard.shard()});
    if (file == options_.disk->end()) return absl::DataLossError("a shard is missing");
    server::ShardSnapshot state = file->second;
    if (cut.part() == v1::RestoreOrder::UNFINISHED) {
      state.finished.assign(state.finished.size(), false);
    }
    return state;
  };
  auto job = server::ServerJob::Open(options);
  auto opening = std::make_shared<Opening>();
  opening->owner = {node_id, incarnation};
  opening->number = ++opened_;
  if (job.ok()) {
    for (const auto& shard : (*job)->shards()) opening->shards.push_back(shard->spec().shard());
  }
  const bool opened = job.ok();
  if (state_->Opened(job_id, command.attempt, std::move(job)) && opened) {
    openings_[job_id] = std::move(opening);
  }
}

std::vector<v1::ServerJobReport> SimServer::Reports() {
  std::vector<v1::ServerJobReport> reports = state_->Reports();
  for (const v1::ServerJobReport& report : reports) {
    if (report.state() != v1::ServerJobReport::SERVING) continue;
    Serves(openings_.at(report.job_id()), {report.job_id(), report.timeline(), report.epoch()});
  }
  return reports;
}

void SimServer::Serves(const std::shared_ptr<Opening>& opening, const ShardOwners::World& world) {
  // Its timeline never changes.
  if (opening->epoch == world.epoch) return;
  opening->epoch = world.epoch;
  for (const uint32_t shard : opening->shards) {
    options_.owners->Serves(world, shard, opening->owner, opening->number);
  }
}

template <typename Reply>
Network::Done<Reply> SimServer::Served(const v1::RequestContext& context,
                                       const Network::Done<Reply>& done) {
  return [this, opening = openings_.at(context.job_id()),
          world = ShardOwners::World{context.job_id(), context.timeline(), context.epoch()},
          done](absl::StatusOr<Reply> reply) {
    if (reply.ok()) Serves(opening, world);
    done(std::move(reply));
  };
}

void SimServer::BeginCut(const server::CutCommand& command) {
  const uint64_t job_id = command.job->job_id();
  CutWork work;
  work.cut = std::make_unique<server::JobCut>(command.job, command.cut);
  work.report.set_cut_id(command.cut.cut_id());
  if (const absl::Status begun = work.cut->Begin(); !begun.ok()) {
    cuts_.erase(job_id);
    state_->CutDone(*command.job, server::FailedCut(command.cut, begun));
    return;
  }
  cuts_[job_id] = std::move(work);
  Later(options_.most_write, [this, job_id] { WriteCut(job_id); });
}

void SimServer::WriteCut(uint64_t job_id) {
  const auto found = cuts_.find(job_id);
  if (found == cuts_.end()) return;
  CutWork& work = found->second;
  const v1::CutOrder& order = work.cut->order();
  absl::StatusOr<std::optional<server::JobCut::Copy>> copy = work.cut->Next();
  if (copy.ok() && options_.random->Chance(kDiskFails))
    copy = absl::ResourceExhaustedError("disk full");
  if (copy.ok() && copy->has_value()) {
    const uint32_t shard = (*copy)->shard->spec().shard();
    server::LowerProgress((*copy)->state.progress, &work.report);
    server::ShardSnapshot& stored = (*options_.disk)[{order.dir(), shard}];
    stored = std::move((*copy)->state);
    // On the disk it is nobody's memory.
    std::visit([](auto& rows) { rows.hold.reset(); }, stored.rows);
    v1::CutFile* file = work.report.add_files();
    file->set_shard(shard);
    file->set_name(absl::StrCat("shard-", shard));
    if (!work.cut->complete()) Later(options_.most_write, [this, job_id] { WriteCut(job_id); });
  }
  if (copy.ok() && !work.cut->complete()) return;
  if (!copy.ok()) work.report = server::FailedCut(order, copy.status());
  work.report.set_done(copy.ok());
  state_->CutDone(work.cut->job(), work.report);
  cuts_.erase(found);
}

server::Payload SimServer::Receive(const worker::FramePayload& payload) {
  server::Payload received;
  for (const worker::PayloadPiece& piece : payload) {
    size_t offset = 0;
    while (offset < piece.size) {
      // A network slice may end anywhere, also inside a float.
      const size_t size = std::min<size_t>(piece.size - offset, 1 + options_.random->Below(40));
      received.Append({piece.owner, {reinterpret_cast<const uint8_t*>(piece.data) + offset, size}});
      offset += size;
    }
  }
  return received;
}

void SimServer::OpenRank(const v1::RequestContext& context,
                         const Network::Done<v1::OpenRankResponse>& done) {
  if (!up_) return;
  const auto job = state_->Find(context.job_id());
  if (job == nullptr) return done(NotHeld(context.job_id()));
  done(job->OpenRank(context));
}

void SimServer::Push(const worker::PushFrame& frame, const Network::Done<v1::PushResponse>& done) {
  if (!up_) return;
  const auto job = state_->Find(frame.header.context().job_id());
  if (job == nullptr) return done(NotHeld(frame.header.context().job_id()));
  job->Push(frame.header, Receive(frame.payload),
            Served<v1::PushResponse>(frame.header.context(), done));
}

void SimServer::Pull(const worker::PullFrame& frame, const Network::Done<server::PullReply>& done) {
  if (!up_) return;
  const auto job = state_->Find(frame.header.context().job_id());
  if (job == nullptr) return done(NotHeld(frame.header.context().job_id()));
  const std::optional<uint64_t> ticket =
      job->Pull(frame.header, Receive(frame.payload),
                Served<server::PullReply>(frame.header.context(), done));
  if (!ticket.has_value()) return;
  options_.loop->After(absl::Milliseconds(frame.header.max_wait_ms()),
                       [job, ticket] { job->Expire(*ticket); });
}

}  // namespace paceline::sim
