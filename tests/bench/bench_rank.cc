#include "tests/bench/bench_rank.h"

#include <algorithm>
#include <future>
#include <memory>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/check.h"
#include "common/clock.h"
#include "worker/core/model.h"
#include "worker/core/task/pull_plan.h"
#include "worker/core/task/push_plan.h"
#include "worker/core/task/shard_layout.h"
#include "worker/io/net/event_loop.h"
#include "worker/io/net/grpc_data_client.h"
#include "worker/io/net/key_list_client.h"
#include "worker/io/net/send_together.h"
#include "worker/io/net/shared_memory/shared_memory_client.h"
#include "worker/io/task/frame_calls.h"
#include "worker/io/task/pull_calls.h"
#include "worker/io/task/pulls_ahead.h"

namespace paceline::bench {
namespace {

using worker::FrameCalls;

constexpr absl::Duration kTimeout = absl::Seconds(30);
// Key sets that a rank goes round.
constexpr int kKeySets = 8;

std::vector<std::string> Addresses(const DataPlaneLoad& load, const Role& role) {
  std::vector<std::string> addresses;
  for (int server = 0; server < load.servers; ++server) {
    addresses.push_back(absl::StrCat("127.0.0.1:", role.PortOf(server)));
  }
  return addresses;
}

// Without an offer of the servers there is no shared memory.
std::unique_ptr<worker::DataClient> Client(const DataPlaneLoad& load, const Role& role) {
  const std::vector<std::string> addresses = Addresses(load, role);
  std::unique_ptr<worker::DataClient> client =
      worker::WithSharedMemory(worker::MakeGrpcDataClient(addresses), addresses.size());
  if (load.key_lists) client = worker::WithKeyLists(std::move(client), addresses.size());
  return client;
}

worker::InFlightOptions Options(const DataPlaneLoad& load) {
  worker::InFlightOptions options;
  options.calls_per_server = load.outstanding;
  return options;
}

// The steps run on the loop.
class BenchRank {
 public:
  BenchRank(const DataPlaneLoad& load, const v1::ShardMap& map, uint32_t rank, Role* role)
      : load_(load),
        role_(role),
        layout_(std::make_shared<const worker::ShardLayout>(*worker::ShardLayout::Create(
            map, std::vector<v1::TableSpec>(map.tables().begin(), map.tables().end())))),
        client_(Client(load, *role)),
        loop_(&clock_, "bench-rank"),
        calls_(&loop_, Options(load),
               {.drained = [this] { Drained(); },
                .refused = [](const absl::Status& status) { PL_CHECK_OK(status); },
                .unreachable = [](const absl::Status& status) { PL_CHECK_OK(status); },
                .waiting = [](const absl::Status&) {}}),
        ahead_(&loop_, Options(load),
               {.drained = nullptr,
                .refused = [](const absl::Status& status) { PL_CHECK_OK(status); },
                .unreachable = [](const absl::Status& status) { PL_CHECK_OK(status); },
                .waiting = [](const absl::Status&) {}},
               {.came = [](uint32_t, worker::TableRows*) {},
                .left = [](const std::shared_ptr<worker::Parameters>&) {}},
               Limits()) {
    context_.set_job_id(map.job_id());
    context_.set_timeline(map.timeline());
    context_.set_epoch(map.epoch());
    context_.set_rank(rank);
    context_.set_incarnation(1);
  }

  void Open() {
    for (uint32_t server = 0; server < layout_->servers(); ++server) {
      std::promise<absl::Status> opened;
      client_->OpenRank(server, context_, kTimeout,
                        [&](absl::StatusOr<v1::OpenRankResponse> response) {
                          opened.set_value(response.status());
                        });
      PL_CHECK_OK(opened.get_future().get());
    }
    // As a rank does: only now it is known where they are to lie.
    MakeGradients();
  }

  // Returns when the run is over.
  void Run() {
    loop_.Post([this] { NextStep(); });
    role_->AwaitStop();
    // A step that has begun may wait for ranks that have stopped: it is not counted.
    loop_.Stop();
  }

 private:
  void MakeGradients() {
    const uint64_t rows = load_.table_bytes / 4 / load_.dim;
    for (int i = 0; i < (load_.keys > 0 ? kKeySets : 1); ++i) {
      auto gradient = std::make_shared<worker::TableRows>();
      if (load_.keys > 0) {
        gradient->keys = DrawKeys(context_.rank() * kKeySets + static_cast<uint32_t>(i), rows);
      }
      gradient->rows.assign(rows * load_.dim, 0.5f);
      gradients_.push_back(std::move(gradient));
    }
  }

  // Ascending and distinct.
  std::vector<uint64_t> DrawKeys(uint32_t seed, uint64_t count) const {
    std::mt19937_64 random(seed);
    std::vector<uint64_t> keys;
    while (keys.size() < count) {
      while (keys.size() < count) keys.push_back(random() % load_.keys * 0x9e3779b97f4a7c15u);
      std::sort(keys.begin(), keys.end());
      keys.erase(std::unique(keys.begin(), keys.end()), keys.end());
    }
    return keys;
  }

  worker::FrameLimits Limits() const { return {.target = load_.frame_bytes}; }

  void NextStep() {
    started_ = loop_.Now();
    bytes_ = 0;
    pulling_ = load_.step == DataPlaneLoad::Step::kPull;
    if (pulling_) return Pull();
    if (PullsAhead()) {
      v1::RequestContext next = context_;
      next.set_iteration(context_.iteration() + 1);
      ahead_.Begin(layout_, client_, Header(next));
    }
    worker::PushPlan plan(layout_.get(), context_, Limits());
    std::vector<worker::PushFrame> frames;
    for (uint32_t table = 0; table < layout_->tables(); ++table) {
      PL_CHECK_OK(plan.Add(table, gradients_[next_keys_], &frames));
    }
    plan.Finish(&frames);
    {
      const worker::SendTogether together;
      for (worker::PushFrame& frame : frames) AddPush(std::move(frame));
    }
    calls_.Close();
  }

  void Pull() {
    pulling_ = true;
    worker::ShapeParameters(
        *layout_,
        std::vector<std::vector<uint64_t>>(layout_->tables(), gradients_[next_keys_]->keys),
        parameters_.get());
    const std::vector<worker::TableNeeds> needs = ahead_.Take(parameters_);
    absl::StatusOr<std::vector<worker::PullFrame>> frames =
        worker::PlanPull(*layout_, Header(context_), *parameters_, needs, Limits());
    PL_CHECK_OK(frames.status());
    for (worker::PullFrame& frame : *frames) {
      bytes_ += frame.payload_bytes + frame.reply_bytes;
      worker::AddPull(&calls_, client_, layout_, std::move(frame),
                      {.parameters = [this] { return parameters_.get(); }});
    }
    calls_.Close();
  }

  // As a rank does: what is pulled after a push is asked for with it. SSP has its cache.
  bool PullsAhead() const {
    return load_.step == DataPlaneLoad::Step::kPushPull && load_.keys == 0 &&
           load_.policy != v1::POLICY_SSP;
  }

  static worker::PullHeader Header(const v1::RequestContext& context) {
    worker::PullHeader header;
    header.context = context;
    header.max_wait_ms = 10000;
    return header;
  }

  void AddPush(worker::PushFrame planned) {
    auto frame = std::make_shared<const worker::PushFrame>(std::move(planned));
    bytes_ += frame->payload_bytes;
    calls_.Add(frame->server, frame->payload_bytes,
               [this, frame](absl::Duration timeout, FrameCalls::Done done) {
                 client_->Push(*frame, timeout, [done](absl::StatusOr<v1::PushResponse> response) {
                   if (!response.ok()) return done(response.status());
                   done(FrameCalls::Accept());
                 });
               });
    if (PullsAhead()) {
      for (const v1::PushBlock& block : frame->header.blocks()) {
        bytes_ += block.rows() * load_.dim * sizeof(float);
      }
      PL_CHECK_OK(ahead_.Ask(frame->header));
    }
  }

  void Drained() {
    if (!pulling_) {
      context_.set_iteration(context_.iteration() + 1);
      if (load_.step == DataPlaneLoad::Step::kPushPull) return Pull();
    }
    if (!PullsAhead()) return StepDone();
    ahead_.Await([this] { StepDone(); });
  }

  void StepDone() {
    if (role_->stopped()) return;
    role_->Count(bytes_, loop_.Now() - started_);
    next_keys_ = (next_keys_ + 1) % gradients_.size();
    NextStep();
  }

  const DataPlaneLoad load_;
  Role* const role_;
  const std::shared_ptr<const worker::ShardLayout> layout_;
  v1::RequestContext context_;
  std::vector<std::shared_ptr<const worker::TableRows>> gradients_;
  const std::shared_ptr<worker::Parameters> parameters_ = std::make_shared<worker::Parameters>();
  const std::shared_ptr<worker::DataClient> client_;
  RealClock clock_;
  worker::EventLoop loop_;
  FrameCalls calls_;
  worker::PullsAhead ahead_;
  absl::Duration started_;
  uint64_t bytes_ = 0;
  size_t next_keys_ = 0;
  bool pulling_ = false;
};

}  // namespace

void PlayRank(const DataPlaneLoad& load, const v1::ShardMap& map, uint32_t rank, Role* role) {
  // Leaked: a call of another rank's round may be outstanding at the end.
  auto* const player = new BenchRank(load, map, rank, role);
  player->Open();
  role->AwaitGo();
  player->Run();
  role->Finish();
}

}  // namespace paceline::bench
