// Random schedules against the definition of the policies: two servers, ranks that
// pull and push in frames, a network that reorders, repeats and delays, pulls that
// expire, tasks that die and whose last words arrive late. One thread, seeded.
//
// The model: every push of rank r adds 1 to column r of each dense row, so a read
// shows how many pushes of every rank it contains.
#include <algorithm>
#include <catch2/catch.hpp>
#include <functional>
#include <random>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "common/refusal/refusal.h"
#include "common/status/status_matchers.h"
#include "server/core/job_testing.h"
#include "server/core/server_job.h"

namespace paceline::server {
namespace {

using testing::Context;
using testing::DenseTable;
using testing::Floats;
using testing::Frame;
using testing::KeyOfShard;
using testing::OpenedJob;
using testing::Policy;
using testing::SparseTable;
using v1::Refusal;

constexpr uint32_t kServers = 2;
constexpr uint32_t kDenseShards = 4;
constexpr int kKeys = 5;

class Cluster {
 public:
  Cluster(uint32_t seed, const Policy& policy)
      : random_(seed), policy_(policy), ranks_(1 + random_() % 4) {
    std::vector<v1::TableSpec> tables;
    for (uint32_t i = 0; i < kDenseShards; ++i) {
      tables.push_back(DenseTable("d" + std::to_string(i), 1 + i % 2, ranks_count()));
    }
    tables.push_back(SparseTable("s", ranks_count()));
    order_ = testing::ServeOrder(policy, ranks_count(), tables, kServers);
    // Room for about two early pushes: refusals are part of the game.
    for (uint32_t server = 0; server < kServers; ++server) {
      servers_.push_back(testing::OpenJob(order_, server, 100 * ranks_count()));
    }
    keys_ = testing::KeysOfShards(order_.map(), kDenseShards, kKeys);
    const uint64_t rounds = 1 + random_() % 8;
    for (Rank& rank : ranks_) {
      // Ranks may end early, under BSP too.
      rank.total = random_() % 3 == 0 ? random_() % (rounds + 1) : rounds;
    }
  }

  void Run() {
    for (uint32_t rank = 0; rank < ranks_count(); ++rank) Restart(rank);
    for (int step = 0; step < 200000 && !AllDone(); ++step) Step();
    REQUIRE(AllDone());
    CheckEnd();
  }

 private:
  struct Rank {
    uint64_t total = 0;
    uint64_t incarnation = 0;
    uint64_t t = 0;
    bool pulling = false;
    bool done = false;
    // What is still to be answered of the present pull or push.
    std::set<int> open;
    int lives = 3;
  };
  struct Parked {
    uint32_t server;
    uint64_t ticket;
  };

  uint32_t ranks_count() const { return static_cast<uint32_t>(ranks_.size()); }
  ServerJob& job(uint32_t server) { return *servers_[server].job; }
  bool AllDone() const {
    return std::all_of(ranks_.begin(), ranks_.end(), [](const Rank& rank) { return rank.done; });
  }

  void Send(std::function<void()> message) { network_.push_back(std::move(message)); }

  void Step() {
    if (random_() % 500 == 0) {
      const uint32_t rank = random_() % ranks_count();
      // What the old task sent is still on its way.
      if (!ranks_[rank].done && ranks_[rank].lives-- > 0) Restart(rank);
    }
    if (!parked_.empty() && random_() % 20 == 0) {
      const Parked parked = parked_[random_() % parked_.size()];
      job(parked.server).Expire(parked.ticket);
    }
    if (network_.empty()) return;
    const size_t at = random_() % network_.size();
    const std::function<void()> message = network_[at];
    if (random_() % 8 != 0) {  // else it comes again
      network_[at] = std::move(network_.back());
      network_.pop_back();
    }
    message();
  }

  void Restart(uint32_t rank) {
    Rank& state = ranks_[rank];
    ++state.incarnation;
    state.open.clear();
    state.t = UINT64_MAX;
    bool finished = true;
    for (uint32_t server = 0; server < kServers; ++server) {
      REQUIRE_OK_AND_ASSIGN(const v1::OpenRankResponse response,
                            job(server).OpenRank(Context(rank, state.incarnation, 0)));
      state.t = std::min(state.t, response.progress());
      finished = finished && response.finished();
    }
    REQUIRE(state.t <= state.total);
    if (finished) {
      state.done = true;
    } else {
      Next(rank);
    }
  }

  void Next(uint32_t rank) {
    Rank& state = ranks_[rank];
    if (state.t < state.total) {
      state.pulling = true;
      for (uint32_t server = 0; server < kServers; ++server) {
        state.open.insert(static_cast<int>(server));
        SendPull(rank, server);
      }
    } else {
      state.pulling = false;
      SendPush(rank);
    }
  }

  void SendPull(uint32_t rank, uint32_t server) {
    const uint64_t incarnation = ranks_[rank].incarnation;
    const uint64_t t = ranks_[rank].t;
    Send([=, this] {
      v1::PullRequest request;
      *request.mutable_context() = Context(rank, incarnation, t);
      for (uint32_t shard = server; shard < kDenseShards; shard += kServers) {
        v1::PullBlock* const block = request.add_blocks();
        block->set_shard(shard);
        block->set_codec(v1::CODEC_FLOAT32);
      }
      const std::optional<uint64_t> ticket =
          job(server).Pull(request, Payload(), [=, this](absl::StatusOr<PullReply> reply) {
            // The reply travels too.
            Send([=, this] { OnPulled(rank, server, incarnation, t, reply); });
          });
      if (ticket.has_value()) parked_.push_back(Parked{server, *ticket});
    });
  }

  void OnPulled(uint32_t rank, uint32_t server, uint64_t incarnation, uint64_t t,
                const absl::StatusOr<PullReply>& reply) {
    if (reply.ok()) CheckRead(rank, t, *reply);
    Rank& state = ranks_[rank];
    if (state.incarnation != incarnation || state.t != t || !state.pulling || state.done) return;
    if (!reply.ok()) {
      INFO(reply.status().ToString());
      REQUIRE(RefusalKindOf(reply.status()) == Refusal::NOT_YET);
      if (state.open.contains(static_cast<int>(server))) SendPull(rank, server);
      return;
    }
    state.open.erase(static_cast<int>(server));
    if (!state.open.empty()) return;
    state.pulling = false;
    SendPush(rank);
  }

  // How many pushes of rank r a reader for t may see: the table of DESIGN 5.
  void CheckRead(uint32_t reader, uint64_t t, const PullReply& reply) {
    const std::vector<float> values = Floats(reply.payload);
    INFO("rank " << reader << " reads for " << t);
    for (size_t i = 0; i < values.size(); ++i) {
      const uint32_t rank = static_cast<uint32_t>(i % ranks_count());
      const uint64_t total = ranks_[rank].total;
      const auto seen = static_cast<uint64_t>(values[i]);
      INFO("pushes of rank " << rank << " seen: " << seen << " of " << total);
      REQUIRE(static_cast<float>(seen) == values[i]);
      REQUIRE(seen <= total);
      if (policy_.policy == v1::POLICY_BSP) {
        // Exactly the state after rounds 0 to t-1.
        REQUIRE(seen == std::min(t, total));
        continue;
      }
      // Its own writes. A repeated pull may be answered after its rank's push t.
      if (rank == reader) REQUIRE(seen >= t);
      if (policy_.policy == v1::POLICY_SSP && t > policy_.staleness) {
        // No admitted pull breaks the bound.
        REQUIRE(seen >= std::min(t - policy_.staleness, total));
      }
    }
    for (const v1::PulledBlock& block : reply.header.blocks()) {
      if (policy_.policy == v1::POLICY_BSP) REQUIRE(block.version() == t);
      if (policy_.policy == v1::POLICY_SSP) REQUIRE(block.version() + policy_.staleness >= t);
    }
  }

  // The same for every task that plays the rank: a function of (rank, t).
  std::vector<uint32_t> Touched(uint32_t rank, uint64_t t) const {
    std::vector<uint32_t> touched;
    for (uint32_t shard = 0; shard < kDenseShards; ++shard) touched.push_back(shard);
    for (int i = 0; i < kKeys; ++i) {
      if ((rank + t + i) % 3 == 0) touched.push_back(keys_[i].shard);
    }
    return touched;
  }

  void AddBlock(Frame* frame, uint32_t shard, uint32_t rank) const {
    std::vector<float> row(ranks_count(), 0.0f);
    row[rank] = 1;
    if (shard < kDenseShards) {
      const uint64_t rows = order_.map().shards(static_cast<int>(shard)).rows();
      std::vector<float> values;
      for (uint64_t i = 0; i < rows; ++i) values.insert(values.end(), row.begin(), row.end());
      frame->Dense(shard, rows, values);
      return;
    }
    for (const KeyOfShard& key : keys_) {
      if (key.shard == shard) frame->Sparse(shard, {key.key}, row);
    }
  }

  void SendPush(uint32_t rank) {
    Rank& state = ranks_[rank];
    const bool finish = state.t == state.total;
    int number = 0;
    for (uint32_t server = 0; server < kServers; ++server) {
      Frame first(rank, state.incarnation, state.t);
      Frame last(rank, state.incarnation, state.t);
      std::vector<uint32_t> here;
      if (!finish) {
        for (const uint32_t shard : Touched(rank, state.t)) {
          if (shard % kServers != server) continue;
          here.push_back(shard);
          AddBlock(random_() % 2 == 0 ? &first : &last, shard, rank);
        }
        last.Last(here);
      } else {
        last.Finish();
      }
      if (first.header().blocks_size() > 0) SendFrame(rank, server, number++, first);
      SendFrame(rank, server, number++, last);
    }
  }

  void SendFrame(uint32_t rank, uint32_t server, int number, const Frame& frame) {
    ranks_[rank].open.insert(number);
    Send([=, this] {
      const absl::Status status = testing::PushNow(job(server), frame).status();
      Send([=, this] { OnPushed(rank, server, number, frame, status); });
    });
  }

  void OnPushed(uint32_t rank, uint32_t server, int number, const Frame& frame,
                const absl::Status& status) {
    Rank& state = ranks_[rank];
    const v1::RequestContext& context = frame.header().context();
    if (state.incarnation != context.incarnation() || state.t != context.iteration() ||
        state.pulling || state.done || !state.open.contains(number)) {
      return;
    }
    if (!status.ok()) {
      INFO(status.ToString());
      REQUIRE(RefusalKindOf(status) == Refusal::NOT_YET);
      SendFrame(rank, server, number, frame);
      return;
    }
    state.open.erase(number);
    if (!state.open.empty()) return;
    if (frame.header().finish()) {
      state.done = true;
      return;
    }
    ++state.t;
    Next(rank);
  }

  // Whatever happened on the way: every push counts exactly once.
  void CheckEnd() {
    for (const std::function<void()>& message : std::exchange(network_, {})) message();
    for (uint32_t server = 0; server < kServers; ++server) {
      CHECK(job(server).parked_pulls() == 0);
      CHECK(servers_[server].fold->used() == 0);
      REQUIRE_OK(job(server).CheckAtRest());
      for (const std::unique_ptr<Shard>& shard : job(server).shards()) CheckShard(*shard);
    }
  }

  void CheckShard(Shard& shard) {
    REQUIRE_OK_AND_ASSIGN(const ShardSnapshot snapshot, shard.Snapshot());
    for (uint32_t rank = 0; rank < ranks_count(); ++rank) {
      REQUIRE(snapshot.progress[rank] == ranks_[rank].total);
      REQUIRE(snapshot.finished[rank]);
    }
    const uint32_t id = shard.spec().shard();
    if (const auto* const dense = std::get_if<DenseSnapshot>(&snapshot.rows)) {
      for (size_t i = 0; i < dense->rows->size(); ++i) {
        REQUIRE(dense->rows->data()[i] == static_cast<float>(ranks_[i % ranks_count()].total));
      }
      return;
    }
    const auto& sparse = std::get<SparseSnapshot>(snapshot.rows);
    for (size_t row = 0; row < sparse.keys.size(); ++row) {
      for (uint32_t rank = 0; rank < ranks_count(); ++rank) {
        uint64_t expected = 0;
        for (uint64_t t = 0; t < ranks_[rank].total; ++t) {
          const std::vector<uint32_t> touched = Touched(rank, t);
          expected += std::count(touched.begin(), touched.end(), id);
        }
        REQUIRE(sparse.rows[row * ranks_count() + rank] == static_cast<float>(expected));
      }
    }
  }

  std::mt19937 random_;
  const Policy policy_;
  std::vector<Rank> ranks_;
  v1::ServerJobOrder order_;
  std::vector<OpenedJob> servers_;
  std::vector<KeyOfShard> keys_;
  std::vector<std::function<void()>> network_;
  std::vector<Parked> parked_;
};

void RunSeeds(const Policy& policy) {
  for (uint32_t seed = 0; seed < 60; ++seed) {
    INFO("seed " << seed << " staleness " << policy.staleness);
    Cluster(seed, policy).Run();
  }
}

TEST_CASE("bsp reads the state after exactly rounds 0 to t-1") {
  RunSeeds({.policy = v1::POLICY_BSP});
}

TEST_CASE("ssp never breaks its bound and shows a rank its own writes") {
  for (const uint32_t staleness : {0u, 1u, 3u}) {
    RunSeeds({.policy = v1::POLICY_SSP, .staleness = staleness});
  }
}

TEST_CASE("asp shows a rank its own writes") { RunSeeds({.policy = v1::POLICY_ASP}); }

}  // namespace
}  // namespace paceline::server
