#include "tests/sim/sim_rank.h"

#include <cstring>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/check.h"
#include "common/refusal/refusal.h"

namespace paceline::sim {
namespace {

using Kind = worker::RankCommand::Kind;

constexpr uint32_t kMaxWaitMs = 200;

worker::InFlightOptions FlightOptions(const SimRank::Options& options) {
  worker::InFlightOptions flight;
  flight.seed = options.rank;
  flight.calls_per_server = 2;
  flight.attempts = 1000;
  flight.deadline.least = absl::Seconds(1);
  return flight;
}

}  // namespace

SimRank::SimRank(Options options)
    : options_(std::move(options)), in_flight_(FlightOptions(options_)) {}

void SimRank::SetMap(const v1::ShardMap& map, std::vector<SimServer*> servers) {
  auto layout = worker::ShardLayout::Create(map, options_.model->tables());
  PL_CHECK(layout.ok()) << layout.status();
  ++maps_;
  if (map.timeline() != map_.timeline() && options_.prepared.ends_early) evals_.clear();
  map_ = map;
  servers_ = std::move(servers);
  layout_ = std::make_shared<const worker::ShardLayout>(*std::move(layout));
  cache_.reset();
  reach_ = std::make_shared<worker::Reachability>(static_cast<uint32_t>(servers_.size()));
  Handle(worker::MapChanged{map.timeline(), map.epoch(), static_cast<uint32_t>(servers_.size())});
}

std::string SimRank::Describe() const {
  return absl::StrCat("rank ", options_.rank, " at iteration ", machine_.iteration(), ": ",
                      machine_.WaitReason(), exited_ ? " exited: " : "", cause_);
}

std::vector<v1::UnreachableServer> SimRank::Unreachable() const {
  std::vector<v1::UnreachableServer> servers;
  if (reach_ == nullptr) return servers;
  for (const auto& unreachable : reach_->Find(options_.loop->now())) {
    const v1::ShardServer& server = map_.servers(static_cast<int>(unreachable.server));
    v1::UnreachableServer& entry = servers.emplace_back();
    entry.set_node_id(server.node_id());
    entry.set_incarnation(server.incarnation());
    entry.set_for_ms(absl::ToInt64Milliseconds(unreachable.time));
    entry.set_cause(unreachable.cause);
  }
  return servers;
}

Network::Link SimRank::LinkTo(uint32_t server) const {
  return {options_.node, map_.servers(static_cast<int>(server)).address()};
}

template <typename Reply>
Network::Done<Reply> SimRank::Watch(uint32_t server, Network::Done<Reply> done) {
  return [reach = reach_, server, loop = options_.loop, sent = options_.loop->now(),
          done = std::move(done)](absl::StatusOr<Reply> reply) {
    if (reply.ok() || RefusalKindOf(reply.status()) != v1::Refusal::KIND_UNSPECIFIED) {
      reach->Answered(server, loop->now());
    } else {
      reach->Failed(server, sent, reply.status().message());
    }
    done(std::move(reply));
  };
}

void SimRank::Handle(const worker::RankEvent& event) {
  if (!alive_) return;
  for (const worker::RankCommand& command : machine_.Handle(event)) Run(command);
}

void SimRank::Run(const worker::RankCommand& command) {
  switch (command.kind) {
    case Kind::kPrepare:
      options_.loop->After(absl::ZeroDuration(),
                           [self = shared_from_this()] { self->Handle(self->options_.prepared); });
      return;
    case Kind::kAbandon:
      in_flight_.Clear();
      frames_.clear();
      push_.reset();
      cache_.reset();
      when_drained_.reset();
      return;
    case Kind::kOpen:
      return Open(command);
    case Kind::kPull:
      return StartPull(command);
    case Kind::kCompute:
      return Compute(command);
    case Kind::kPush:
      return FinishPush(command);
    case Kind::kFinish:
      return SendFinish(command);
    case Kind::kRetryLater:
      options_.loop->After(absl::Milliseconds(50),
                           [self = shared_from_this(), attempt = command.attempt] {
                             self->Handle(worker::RetryDue{attempt});
                           });
      return;
    case Kind::kSync:
      return;
    case Kind::kEvaluate:
      return Evaluate(command);
    case Kind::kExit:
      exited_ = true;
      alive_ = false;
      cause_ = command.cause;
      return;
  }
}

// At once, beside training or at rest, and done a while later.
void SimRank::Evaluate(const worker::RankCommand& command) {
  PL_CHECK(options_.prepared.evaluates) << "nothing to evaluate";
  options_.loop->After(options_.random->Between(absl::ZeroDuration(), 10 * options_.most_compute),
                       [self = shared_from_this(), command, map = maps_] {
                         if (!self->alive_ || map != self->maps_) return;
                         if (command.final && self->machine_.attempt() != command.attempt) return;
                         v1::EvalPoint& point = self->evals_.emplace_back();
                         point.set_iteration(command.iteration);
                         point.mutable_result()->set_loss(self->options_.loss(command.iteration));
                         if (command.final) {
                           self->Handle(worker::Evaluated{command.attempt});
                         } else {
                           self->Handle(worker::EvaluationEnded{self->evals_.size()});
                         }
                       });
  if (command.final) return;
  options_.loop->After(absl::ZeroDuration(), [self = shared_from_this(), command] {
    self->Handle(worker::EvaluationBegun{command.attempt, /*beside=*/true});
  });
}

v1::RequestContext SimRank::Context(uint64_t iteration) const {
  v1::RequestContext context;
  context.set_job_id(map_.job_id());
  context.set_timeline(map_.timeline());
  context.set_epoch(map_.epoch());
  context.set_rank(options_.rank);
  context.set_incarnation(options_.incarnation);
  context.set_iteration(iteration);
  return context;
}

void SimRank::Open(const worker::RankCommand& command) {
  if (options_.consistency.policy() == v1::POLICY_SSP && cache_ == nullptr) {
    cache_ = std::make_unique<worker::SspCache>(
        layout_.get(), worker::SspCacheOptions{.staleness = options_.consistency.staleness()});
  }
  for (uint32_t server = 0; server < servers_.size(); ++server) {
    options_.network->Call<v1::OpenRankResponse>(
        LinkTo(server), absl::Seconds(1),
        [to = servers_[server], context = Context(0)](
            const Network::Done<v1::OpenRankResponse>& done) { to->OpenRank(context, done); },
        Watch<v1::OpenRankResponse>(
            server, [self = shared_from_this(), attempt = command.attempt,
                     server](const absl::StatusOr<v1::OpenRankResponse>& reply) {
              if (reply.ok()) {
                self->Handle(worker::Opened{attempt, server, reply->progress(), reply->finished()});
              } else if (const auto kind = RefusalKindOf(reply.status());
                         kind != v1::Refusal::KIND_UNSPECIFIED) {
                self->Handle(worker::Refused{attempt, kind, reply.status().ToString()});
              } else {
                self->Handle(worker::Unreachable{attempt, reply.status().ToString()});
              }
            }));
  }
}

void SimRank::StartPull(const worker::RankCommand& command) {
  const uint64_t t = command.iteration;
  worker::ShapeParameters(*layout_, options_.model->Keys(options_.rank, t), &parameters_);
  std::vector<worker::TableNeeds> needs;
  complete_ = true;
  if (cache_ != nullptr) {
    needs = cache_->Fill(t, &parameters_);
    for (const worker::TableNeeds& need : needs) complete_ = complete_ && need.all;
  }
  worker::PullHeader header;
  header.context = Context(t);
  header.max_wait_ms = kMaxWaitMs;
  // Small frames, so that a pull takes several calls.
  auto frames = worker::PlanPull(*layout_, header, parameters_, needs, {.target = 64});
  PL_CHECK(frames.ok()) << frames.status();
  when_drained_ = worker::Pulled{command.attempt};
  for (worker::PullFrame& frame : *frames) {
    const uint64_t bytes = frame.payload_bytes + frame.reply_bytes;
    AddFrame({.pull = std::move(frame), .push = std::nullopt}, bytes);
  }
  Pump();
  CheckDrained();
}

void SimRank::Compute(const worker::RankCommand& command) {
  const uint64_t t = command.iteration;
  options_.observer(options_.rank, t, parameters_, complete_);
  push_ = std::make_unique<worker::PushPlan>(layout_.get(), Context(t),
                                             worker::FrameLimits{.target = 64});
  options_.loop->After(
      options_.random->Between(absl::ZeroDuration(), options_.most_compute),
      [self = shared_from_this(), attempt = command.attempt, t] {
        if (!self->alive_ || self->machine_.attempt() != attempt || self->push_ == nullptr) return;
        const ToyModel& model = *self->options_.model;
        const uint32_t rank = self->options_.rank;
        // Backward order; frames leave as they fill.
        for (uint32_t table = model.tables().size(); table-- > 0;) {
          if (!model.Touches(rank, t, table)) continue;
          std::vector<worker::PushFrame> frames;
          const absl::Status added = self->push_->Add(
              table, model.Gradient(rank, t, table, self->parameters_[table]), &frames);
          PL_CHECK(added.ok()) << added;
          for (worker::PushFrame& frame : frames) {
            const uint64_t bytes = frame.payload_bytes;
            self->AddFrame({.pull = std::nullopt, .push = std::move(frame)}, bytes);
          }
          self->Pump();
        }
        self->Handle(worker::Computed{attempt});
      });
}

void SimRank::FinishPush(const worker::RankCommand& command) {
  std::vector<worker::PushFrame> frames;
  push_->Finish(&frames);
  when_drained_ = worker::PushAcked{command.attempt};
  for (worker::PushFrame& frame : frames) {
    const uint64_t bytes = frame.payload_bytes;
    AddFrame({.pull = std::nullopt, .push = std::move(frame)}, bytes);
  }
  Pump();
  CheckDrained();
}

void SimRank::SendFinish(const worker::RankCommand& command) {
  when_drained_ = worker::FinishAcked{command.attempt};
  for (worker::PushFrame& frame :
       worker::PushPlan::FinishRank(servers_.size(), Context(command.iteration))) {
    AddFrame({.pull = std::nullopt, .push = std::move(frame)}, 0);
  }
  Pump();
}

void SimRank::AddFrame(Frame frame, uint64_t bytes) {
  const uint32_t server = frame.pull ? frame.pull->server : frame.push->server;
  frames_[in_flight_.Add(server, bytes)] = std::move(frame);
}

void SimRank::Pump() {
  if (!alive_) return;
  for (const worker::InFlight::Call& call : in_flight_.Take(options_.loop->now())) {
    const Frame& frame = frames_.at(call.frame);
    if (frame.pull) {
      SendPull(call, *frame.pull);
    } else {
      SendPush(call, *frame.push);
    }
  }
  const absl::Duration next = in_flight_.NextSend();
  if (next == absl::InfiniteDuration()) return;
  const absl::Duration delay = std::max(next - options_.loop->now(), absl::Microseconds(1));
  options_.loop->After(delay, [self = shared_from_this()] { self->Pump(); });
}

void SimRank::SendPull(const worker::InFlight::Call& call, const worker::PullFrame& frame) {
  options_.network->Call<server::PullReply>(
      LinkTo(frame.server), call.timeout,
      [to = servers_[frame.server], frame](const Network::Done<server::PullReply>& done) {
        to->Pull(frame, done);
      },
      Watch<server::PullReply>(
          frame.server, [self = shared_from_this(), attempt = machine_.attempt(),
                         id = call.frame](const absl::StatusOr<server::PullReply>& reply) {
            if (self->machine_.attempt() != attempt || !self->frames_.contains(id)) return;
            if (reply.ok()) {
              const std::string bytes = reply->payload.ToString();
              size_t read = 0;
              const worker::PullFrame& frame = *self->frames_.at(id).pull;
              const absl::Status scattered = worker::Scatter(
                  *self->layout_, frame, reply->header, bytes.size(),
                  [&](void* to, size_t size) {
                    if (read + size > bytes.size()) return false;
                    std::memcpy(to, bytes.data() + read, size);
                    read += size;
                    return true;
                  },
                  &self->parameters_);
              PL_CHECK(scattered.ok()) << scattered;
              if (self->cache_ != nullptr) {
                self->cache_->Store(frame, reply->header, self->parameters_);
              }
            }
            if (self->Settle(attempt, id, reply.status())) self->CheckDrained();
          }));
}

void SimRank::SendPush(const worker::InFlight::Call& call, const worker::PushFrame& frame) {
  options_.network->Call<v1::PushResponse>(
      LinkTo(frame.server), call.timeout,
      [to = servers_[frame.server], frame](const Network::Done<v1::PushResponse>& done) {
        to->Push(frame, done);
      },
      Watch<v1::PushResponse>(frame.server,
                              [self = shared_from_this(), attempt = machine_.attempt(),
                               id = call.frame](const absl::StatusOr<v1::PushResponse>& reply) {
                                if (self->Settle(attempt, id, reply.status())) self->CheckDrained();
                              }));
}

bool SimRank::Settle(uint64_t attempt, worker::InFlight::FrameId frame,
                     const absl::Status& status) {
  if (!alive_ || machine_.attempt() != attempt || !frames_.contains(frame)) return false;
  if (status.ok()) {
    in_flight_.Acked(frame);
    frames_.erase(frame);
    Pump();
    return true;
  }
  const v1::Refusal::Kind kind = RefusalKindOf(status);
  if (kind == v1::Refusal::NOT_YET) {
    in_flight_.NotYet(frame, options_.loop->now());
  } else if (kind != v1::Refusal::KIND_UNSPECIFIED) {
    Handle(worker::Refused{attempt, kind, status.ToString()});
    return false;
  } else if (in_flight_.Failed(frame, options_.loop->now()) == worker::InFlight::Verdict::kGiveUp) {
    Handle(worker::Unreachable{attempt, status.ToString()});
    return false;
  }
  Pump();
  return false;
}

void SimRank::CheckDrained() {
  if (!in_flight_.empty() || !when_drained_.has_value()) return;
  const worker::RankEvent event = *std::exchange(when_drained_, std::nullopt);
  Handle(event);
}

}  // namespace paceline::sim
