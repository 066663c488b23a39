// Many threads on one job, as a daemon has them: ranks that pull and push, one that
// expires what waits, one that asks for reports. For the thread sanitizer.
#include <atomic>
#include <catch2/catch.hpp>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "common/refusal/refusal.h"
#include "common/sync.h"
#include "server/core/job_testing.h"
#include "server/core/server_job.h"

namespace paceline::server {
namespace {

using testing::Context;
using testing::DensePull;
using testing::DenseTable;
using testing::Floats;
using testing::Frame;

constexpr uint32_t kRanks = 4;
constexpr uint64_t kIterations = 60;

// Tickets that wait, for the thread that expires them.
class Waiting {
 public:
  void Add(uint64_t ticket) {
    MutexLock lock(&mu_);
    tickets_.push_back(ticket);
  }
  std::vector<uint64_t> Take() {
    MutexLock lock(&mu_);
    return std::exchange(tickets_, {});
  }

 private:
  Mutex mu_;
  std::vector<uint64_t> tickets_ ABSL_GUARDED_BY(mu_);
};

absl::StatusOr<PullReply> PullAndWait(ServerJob& job, const v1::PullRequest& request,
                                      Waiting* waiting) {
  struct Answer {
    Mutex mu;
    CondVar cv;
    std::optional<absl::StatusOr<PullReply>> reply ABSL_GUARDED_BY(mu);
  };
  const auto answer = std::make_shared<Answer>();
  const std::optional<uint64_t> ticket =
      job.Pull(request, Payload(), [answer](absl::StatusOr<PullReply> reply) {
        MutexLock lock(&answer->mu);
        answer->reply = std::move(reply);
        answer->cv.NotifyAll();
      });
  if (ticket.has_value()) waiting->Add(*ticket);
  MutexLock lock(&answer->mu);
  while (!answer->reply.has_value()) answer->cv.Wait(&answer->mu);
  return *std::move(answer->reply);
}

// Every push adds 1 to both shards. Returns the first thing that is wrong.
std::string Train(ServerJob& job, uint32_t rank, bool rounds, Waiting* waiting) {
  for (uint64_t t = 0; t < kIterations; ++t) {
    absl::StatusOr<PullReply> reply;
    do {
      reply = PullAndWait(job, DensePull(rank, 1, t, {0, 1}), waiting);
    } while (RefusalKindOf(reply.status()) == v1::Refusal::NOT_YET);
    if (!reply.ok()) return reply.status().ToString();
    for (const float value : Floats(reply->payload)) {
      if (rounds && value != static_cast<float>(kRanks * t)) return "not the state of the round";
      if (value < static_cast<float>(t)) return "its own writes are missing";
    }
    absl::Status pushed;
    do {
      pushed = testing::PushNow(
                   job, Frame(rank, 1, t).Dense(0, 2, {1, 1}).Dense(1, 2, {1, 1}).Last({0, 1}))
                   .status();
    } while (RefusalKindOf(pushed) == v1::Refusal::NOT_YET);
    if (!pushed.ok()) return pushed.ToString();
  }
  return testing::PushNow(job, Frame(rank, 1, kIterations).Finish()).status().ok()
             ? ""
             : "the finish was refused";
}

TEST_CASE("threads that pull, push, expire and report leave an exact sum") {
  const auto policy = GENERATE(testing::Policy{.policy = v1::POLICY_BSP},
                               testing::Policy{.policy = v1::POLICY_SSP, .staleness = 1},
                               testing::Policy{.policy = v1::POLICY_ASP});
  const testing::OpenedJob opened = testing::OpenJob(
      testing::ServeOrder(policy, kRanks, {DenseTable("a", 2, 1), DenseTable("b", 2, 1)}), 0,
      /*fold_bytes=*/24);
  ServerJob& job = *opened.job;
  for (uint32_t rank = 0; rank < kRanks; ++rank) {
    REQUIRE(job.OpenRank(Context(rank, 1, 0)).ok());
  }
  Waiting waiting;
  std::atomic<bool> stop{false};
  std::thread expirer([&] {
    while (!stop) {
      for (const uint64_t ticket : waiting.Take()) job.Expire(ticket);
      v1::ServerJobReport report;
      job.FillReport(&report);
      std::this_thread::yield();
    }
  });
  std::vector<std::string> wrong(kRanks);
  std::vector<std::thread> ranks;
  for (uint32_t rank = 0; rank < kRanks; ++rank) {
    ranks.emplace_back(
        [&, rank] { wrong[rank] = Train(job, rank, policy.policy == v1::POLICY_BSP, &waiting); });
  }
  for (std::thread& rank : ranks) rank.join();
  stop = true;
  expirer.join();
  for (uint32_t rank = 0; rank < kRanks; ++rank) {
    INFO("rank " << rank);
    CHECK(wrong[rank] == "");
  }
  CHECK(job.parked_pulls() == 0);
  CHECK(opened.fold->used() == 0);
  for (const std::unique_ptr<Shard>& shard : job.shards()) {
    const absl::StatusOr<ShardSnapshot> snapshot = shard->Snapshot();
    REQUIRE(snapshot.ok());
    const auto& dense = std::get<DenseSnapshot>(snapshot->rows);
    for (const float value : dense.rows->floats()) CHECK(value == kRanks * kIterations);
  }
}

}  // namespace
}  // namespace paceline::server
