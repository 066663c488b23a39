#include "tests/sim/sim_server.h"

#include <algorithm>
#include <optional>
#include <utility>
#include <variant>

#include "absl/strings/str_cat.h"
#include "common/refusal/refusal.h"

namespace paceline::sim {
namespace {

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
      if (close->job != nullptr) close->job->Close();
    } else if (const auto* cut = std::get_if<server::CutCommand>(&command)) {
      Later([this, cut = *cut] { WriteCut(cut); });
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
  state_->Opened(command.order.job_id(), command.attempt, server::ServerJob::Open(options));
}

void SimServer::WriteCut(const server::CutCommand& command) {
  v1::CutReport report;
  report.set_cut_id(command.cut.cut_id());
  report.set_done(true);
  if (const absl::Status ready = command.job->ReadyForCut(); !ready.ok()) {
    report.set_error(ready.ToString());
  } else {
    for (const auto& shard : command.job->shards()) {
      auto snapshot = shard->Snapshot();
      if (!snapshot.ok()) {
        report.set_error(snapshot.status().ToString());
        break;
      }
      const uint32_t id = shard->spec().shard();
      disk_->insert_or_assign({command.job->job_id(), command.cut.cut_id(), id},
                              *std::move(snapshot));
      v1::CutFile* file = report.add_files();
      file->set_shard(id);
      file->set_name(absl::StrCat("shard-", id));
    }
  }
  state_->CutDone(*command.job, report);
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
