// Frames that name their keys: the same in every way as frames that bring them.
#include <algorithm>
#include <catch2/catch.hpp>
#include <map>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "common/key_lists/key_list.h"
#include "common/refusal/refusal.h"
#include "common/status/status_matchers.h"
#include "common/tables/sharding.h"
#include "server/core/job_testing.h"
#include "server/core/server_job.h"

namespace paceline::server {
namespace {

using testing::Answer;
using testing::Context;
using testing::Floats;
using testing::Frame;
using testing::KeyBytes;
using testing::OpenedJob;
using testing::Policy;
using testing::PullNow;
using testing::PushNow;
using v1::Refusal;

constexpr uint32_t kDim = 2;

// Keys of the first shards that have `count` of them.
std::map<uint32_t, std::vector<uint64_t>> KeysByShard(const v1::ShardMap& map, size_t shards,
                                                      size_t count) {
  REQUIRE_OK_AND_ASSIGN(const ShardIndex index, ShardIndex::Create(map));
  std::map<uint32_t, std::vector<uint64_t>> found;
  size_t full = 0;
  for (uint64_t key = 0; full < shards; ++key) {
    std::vector<uint64_t>& keys = found[index.ShardOfKey(0, key)];
    if (keys.size() == count) continue;
    keys.push_back(key);
    if (keys.size() == count) ++full;
  }
  std::erase_if(found, [&](const auto& shard) { return shard.second.size() < count; });
  return found;
}

// Names the keys of a frame's last block, and takes them out if they are held.
void Name(Frame* frame, const std::vector<uint64_t>& keys, bool held) {
  v1::PushBlock* const block = frame->header().mutable_blocks(frame->header().blocks_size() - 1);
  block->set_key_list(KeyListHash(KeyBytes(keys)));
  if (!held) return;
  block->set_keys_held(true);
  const size_t behind = keys.size() * (sizeof(uint64_t) + kDim * sizeof(float));
  frame->bytes().erase(frame->bytes().size() - behind, keys.size() * sizeof(uint64_t));
}

void AddPull(v1::PullRequest* request, std::string* payload, uint32_t shard,
             const std::vector<uint64_t>& keys, bool named, bool held) {
  v1::PullBlock* const block = request->add_blocks();
  block->set_shard(shard);
  block->set_codec(v1::CODEC_FLOAT32);
  block->set_keys(keys.size());
  if (named) block->set_key_list(KeyListHash(KeyBytes(keys)));
  block->set_keys_held(held);
  if (!held) payload->append(KeyBytes(keys));
}

struct Fixture {
  explicit Fixture(const Policy& policy = {}, uint32_t ranks = 2)
      : order(testing::ServeOrder(policy, ranks, {testing::SparseTable("s", kDim)})),
        opened(testing::OpenJob(order)),
        keys(KeysByShard(order.map(), 2, 3)),
        shard(keys.begin()->first) {
    testing::OpenRanks(job(), ranks);
  }
  ServerJob& job() { return *opened.job; }
  const std::vector<uint64_t>& its_keys() { return keys.at(shard); }

  Frame Push(uint32_t rank, uint64_t t, bool held, uint64_t incarnation = 1) {
    Frame frame(rank, incarnation, t);
    frame.Sparse(shard, its_keys(), std::vector<float>(its_keys().size() * kDim, 1.0f));
    Name(&frame, its_keys(), held);
    frame.Last({shard});
    return frame;
  }
  std::unique_ptr<Answer> Pull(uint32_t rank, uint64_t t, bool held, uint64_t incarnation = 1) {
    v1::PullRequest request;
    *request.mutable_context() = Context(rank, incarnation, t);
    std::string payload;
    AddPull(&request, &payload, shard, its_keys(), /*named=*/true, held);
    return PullNow(job(), request, payload);
  }

  v1::ServerJobOrder order;
  OpenedJob opened;
  std::map<uint32_t, std::vector<uint64_t>> keys;
  uint32_t shard;
};

Refusal::Kind KindOf(const absl::Status& status) { return RefusalKindOf(status); }

TEST_CASE("a push names the keys that a pull brought, and a pull those of a push") {
  Fixture f({.policy = v1::POLICY_ASP}, 1);
  REQUIRE_OK(f.Pull(0, 0, /*held=*/false)->reply.value().status());
  REQUIRE_OK(PushNow(f.job(), f.Push(0, 0, /*held=*/true)).status());
  const auto answer = f.Pull(0, 1, /*held=*/true);
  REQUIRE_OK(answer->reply.value().status());
  CHECK(Floats((*answer->reply)->payload) == std::vector<float>(3 * kDim, 1.0f));
  // The same again, as after a lost answer, with the keys and without.
  for (const bool held : {false, true}) {
    REQUIRE_OK_AND_ASSIGN(const v1::PushResponse again, PushNow(f.job(), f.Push(0, 0, held)));
    CHECK(again.duplicates() > 0);
  }
  CHECK(f.job().key_list_hits() == 3);
}

TEST_CASE("a frame that names an unknown list is refused before any of it is applied") {
  Fixture f({.policy = v1::POLICY_ASP}, 1);
  const auto& [other, other_keys] = *f.keys.rbegin();
  REQUIRE(other != f.shard);
  Frame frame(0, 1, 0);
  frame.Sparse(f.shard, f.its_keys(), std::vector<float>(3 * kDim, 1.0f));
  frame.Sparse(other, other_keys, std::vector<float>(other_keys.size() * kDim, 1.0f));
  const Frame whole = frame.Last({f.shard, other});
  Name(&frame, other_keys, /*held=*/true);
  const absl::Status refused = PushNow(f.job(), frame).status();
  CHECK(KindOf(refused) == Refusal::UNKNOWN_KEY_LIST);
  CHECK(RefusalOf(refused)->shard() == other);
  v1::ServerJobReport report;
  f.job().FillReport(&report);
  CHECK(report.progress(0) == 0);
  CHECK(report.pushes_refused() == 1);
  REQUIRE_OK_AND_ASSIGN(const v1::PushResponse response, PushNow(f.job(), whole));
  CHECK(response.duplicates() == 0);
  CHECK(KindOf(f.Pull(0, 1, /*held=*/true)->reply.value().status()) == Refusal::UNKNOWN_KEY_LIST);
}

TEST_CASE("a rank that opens anew or has finished has no lists") {
  Fixture f({.policy = v1::POLICY_ASP}, 1);
  REQUIRE_OK(f.Pull(0, 0, /*held=*/false)->reply.value().status());
  REQUIRE_OK(f.job().OpenRank(Context(0, 2, 0)).status());
  CHECK(KindOf(PushNow(f.job(), f.Push(0, 0, /*held=*/true, 2)).status()) ==
        Refusal::UNKNOWN_KEY_LIST);
  const uint64_t before = f.opened.memory->used();
  REQUIRE_OK(f.Pull(0, 0, /*held=*/false, 2)->reply.value().status());
  CHECK(f.opened.memory->used() == before + KeyListBytes(3));
  Frame finish(0, 2, 0);
  REQUIRE_OK(PushNow(f.job(), finish.Finish()).status());
  CHECK(f.opened.memory->used() == before);
}

TEST_CASE("what waits keeps its keys when its list is forgotten") {
  Fixture f;  // BSP
  REQUIRE_OK(f.Pull(1, 0, /*held=*/false)->reply.value().status());
  // Out of turn: folded once rank 0 has pushed.
  REQUIRE_OK(PushNow(f.job(), f.Push(1, 0, /*held=*/true)).status());
  const auto parked = f.Pull(1, 1, /*held=*/true);
  REQUIRE_FALSE(parked->reply.has_value());
  // The same incarnation: what waits goes on waiting.
  REQUIRE_OK(f.job().OpenRank(Context(1, 1, 0)).status());
  CHECK(KindOf(f.Pull(1, 1, /*held=*/true)->reply.value().status()) == Refusal::UNKNOWN_KEY_LIST);
  REQUIRE_OK(PushNow(f.job(), f.Push(0, 0, /*held=*/false)).status());
  REQUIRE(parked->reply.has_value());
  REQUIRE_OK(parked->reply->status());
  CHECK(Floats((**parked->reply).payload) == std::vector<float>(3 * kDim, 2.0f));
}

// Two jobs get the same pushes and pulls, one of them with all keys, the other with names,
// which it is made to forget at random.
class Twins {
 public:
  Twins(uint32_t seed, const Policy& policy)
      : random_(seed),
        ranks_(1 + random_() % 3),
        order_(testing::ServeOrder(policy, ranks_,
                                   {testing::SparseTable("s", kDim, v1::OPTIMIZER_KIND_ADAGRAD)})),
        plain_(testing::OpenJob(order_)),
        named_(testing::OpenJob(order_)),
        keys_(KeysByShard(order_.map(), 3, 8)) {
    testing::OpenRanks(*plain_.job, ranks_);
    testing::OpenRanks(*named_.job, ranks_);
  }

  void Run(uint64_t iterations) {
    std::vector<uint32_t> ranks(ranks_);
    for (uint32_t rank = 0; rank < ranks_; ++rank) ranks[rank] = rank;
    for (uint64_t t = 0; t < iterations; ++t) {
      for (const bool push : {false, true}) {
        std::shuffle(ranks.begin(), ranks.end(), random_);
        for (const uint32_t rank : ranks) {
          if (random_() % 8 == 0) REQUIRE_OK(named_.job->OpenRank(Context(rank, 1, 0)).status());
          push ? Push(rank, t) : Pull(rank, t);
        }
      }
    }
    CHECK(named_.job->key_list_hits() > 0);
    CHECK(plain_.job->key_list_hits() == 0);
    v1::ServerJobReport plain, named;
    plain_.job->FillReport(&plain);
    named_.job->FillReport(&named);
    CHECK(plain.progress(0) == iterations);
    CHECK(named.progress(0) == iterations);
    CHECK(named.bytes_pushed() < plain.bytes_pushed());
  }

 private:
  static v1::TableSpec Table() {
    v1::TableSpec table = testing::SparseTable("s", kDim, v1::OPTIMIZER_KIND_ADAGRAD);
    table.mutable_optimizer()->set_learning_rate(0.1);
    table.mutable_optimizer()->set_epsilon(1e-8);
    return table;
  }

  using Blocks = std::vector<std::pair<uint32_t, std::vector<uint64_t>>>;

  // One of few sets of keys, so that they come again.
  Blocks Draw() {
    Blocks blocks;
    for (const auto& [shard, all] : keys_) {
      std::vector<uint64_t> keys;
      const uint32_t set = random_() % 3;
      for (size_t i = 0; i < all.size(); ++i) {
        if (set == 0 || i % 2 == set - 1) keys.push_back(all[i]);
      }
      if (random_() % 4 != 0) blocks.emplace_back(shard, std::move(keys));
    }
    if (blocks.empty()) blocks.emplace_back(*keys_.begin());
    return blocks;
  }

  // Calls with names that are held with some luck; with all keys if they are not.
  template <typename Call>
  auto Try(const Call& call) {
    auto answer = call(/*hopeful=*/true);
    if (KindOf(answer.status()) == Refusal::UNKNOWN_KEY_LIST) answer = call(/*hopeful=*/false);
    REQUIRE_OK(answer.status());
    return answer;
  }

  void Push(uint32_t rank, uint64_t t) {
    const Blocks blocks = Draw();
    std::vector<float> values(8 * kDim);
    for (float& value : values) value = static_cast<float>(random_() % 1000) / 1000;
    const auto frame = [&](bool named, bool hopeful) {
      Frame made(rank, 1, t);
      std::vector<uint32_t> touched;
      for (const auto& [shard, keys] : blocks) {
        made.Sparse(shard, keys, {values.begin(), values.begin() + keys.size() * kDim});
        if (named) Name(&made, keys, hopeful && random_() % 4 != 0);
        touched.push_back(shard);
      }
      return made.Last(touched);
    };
    REQUIRE_OK(PushNow(*plain_.job, frame(false, false)).status());
    (void)Try([&](bool hopeful) { return PushNow(*named_.job, frame(true, hopeful)); });
  }

  void Pull(uint32_t rank, uint64_t t) {
    const Blocks blocks = Draw();
    const auto pull = [&](ServerJob& job, bool named, bool hopeful) {
      v1::PullRequest request;
      *request.mutable_context() = Context(rank, 1, t);
      std::string payload;
      for (const auto& [shard, keys] : blocks) {
        AddPull(&request, &payload, shard, keys, named, hopeful && random_() % 4 != 0);
      }
      return std::move(PullNow(job, request, payload)->reply.value());
    };
    const auto plain = pull(*plain_.job, false, false);
    REQUIRE_OK(plain.status());
    const auto named = Try([&](bool hopeful) { return pull(*named_.job, true, hopeful); });
    REQUIRE(named->payload.ToString() == plain->payload.ToString());
    REQUIRE(named->header.SerializeAsString() == plain->header.SerializeAsString());
  }

  std::mt19937 random_;
  const uint32_t ranks_;
  const v1::ServerJobOrder order_;
  OpenedJob plain_;
  OpenedJob named_;
  const std::map<uint32_t, std::vector<uint64_t>> keys_;
};

TEST_CASE("names and keys lead to the same rows") {
  const auto policy =
      GENERATE(Policy{.policy = v1::POLICY_BSP}, Policy{.policy = v1::POLICY_SSP, .staleness = 1},
               Policy{.policy = v1::POLICY_ASP});
  for (uint32_t seed = 1; seed <= 20; ++seed) {
    INFO("policy " << policy.policy << ", seed " << seed);
    Twins(seed, policy).Run(30);
  }
}

}  // namespace
}  // namespace paceline::server
