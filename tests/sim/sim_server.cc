#include "tests/sim/sim_server.h"

#include <algorithm>
#include <optional>
#include <utility>
#include <variant>

#include "absl/strings/str_cat.h"
#include "common/refusal/refusal.h"

namespace paceline::sim {
namespace {

// Chance that writing a shard of a cut fails.
constexpr double kDiskFails = 0.02;

absl::Status NotHeld(uint64_t job_id) {
  v1::Refusal refusal;
  refusal.set_kind(v1::Refusal::UNKNOWN_JOB);
  return RefusalStatus(refusal, absl::StrCat("job ", job_id, " is not held here"));
}

}  // namespace

SimServer::SimServer(EventLoop* loop, Random* random, SimDisk* disk, uint64_t fold_budget,
                     absl::Duration most_work)
    : loop_(loop),
      random_(random),
      disk_(disk),
      most_work_(most_work),
      fold_(fold_budget, "fold budget") {}

void SimServer::Kill() {
  up_ = false;
  ++life_;
  cuts_.clear();
  state_ = std::make_unique<server::ServerState>();
}

void SimServer::Later(std::function<void()> work) {
  loop_->After(Work(), [this, life = life_, work = std::move(work)] {
    if (life == life_) work();
  });
}

void SimServer::Heed(const v1::ServerJobOrder& order, uint64_t node_id, uint64_t incarnation) {
  for (const server::ServerCommand& command : state_->Heed(order, node_id, incarnation)) {
    if (const auto* open = std::get_if<server::OpenCommand>(&command)) {
      Later([this, open = *open, node_id, incarnation] { Open(open, node_id, incarnation); });
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
  options.cut_reached = [this, job_id] { Later([this, job_id] { WriteCut(job_id); }); };
  options.load = [&](const v1::TableSpec&,
                     const v1::ShardSpec& shard) -> absl::StatusOr<server::ShardSnapshot> {
    const auto file = disk_->find({job_id, command.order.restore().cut_id(), shard.shard()});
    if (file == disk_->end()) return absl::DataLossError("a shard is missing");
    return file->second;
  };
  state_->Opened(command.order.job_id(), command.attempt, server::ServerJob::Open(options));
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
  Later([this, job_id] { WriteCut(job_id); });
}

void SimServer::WriteCut(uint64_t job_id) {
  const auto found = cuts_.find(job_id);
  if (found == cuts_.end()) return;
  CutWork& work = found->second;
  const v1::CutOrder& order = work.cut->order();
  absl::StatusOr<std::optional<server::JobCut::Copy>> copy = work.cut->Next();
  if (copy.ok() && random_->Chance(kDiskFails)) copy = absl::ResourceExhaustedError("disk full");
  if (copy.ok() && copy->has_value()) {
    const uint32_t shard = (*copy)->shard->spec().shard();
    server::ShardSnapshot& stored = (*disk_)[{job_id, order.cut_id(), shard}];
    stored = std::move((*copy)->state);
    // On the disk it is nobody's memory.
    std::visit([](auto& rows) { rows.hold.reset(); }, stored.rows);
    v1::CutFile* file = work.report.add_files();
    file->set_shard(shard);
    file->set_name(absl::StrCat("shard-", shard));
    if (!work.cut->complete()) Later([this, job_id] { WriteCut(job_id); });
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
      const size_t size = std::min<size_t>(piece.size - offset, 1 + random_->Below(40));
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
  job->Push(frame.header, Receive(frame.payload), done);
}

void SimServer::Pull(const worker::PullFrame& frame, const Network::Done<server::PullReply>& done) {
  if (!up_) return;
  const auto job = state_->Find(frame.header.context().job_id());
  if (job == nullptr) return done(NotHeld(frame.header.context().job_id()));
  const std::optional<uint64_t> ticket = job->Pull(frame.header, Receive(frame.payload), done);
  if (!ticket.has_value()) return;
  loop_->After(absl::Milliseconds(frame.header.max_wait_ms()),
               [job, ticket] { job->Expire(*ticket); });
}

}  // namespace paceline::sim
