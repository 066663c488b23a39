// Orders, frames and payloads for tests of jobs and shards.
#ifndef PACELINE_SERVER_CORE_JOB_TESTING_H_
#define PACELINE_SERVER_CORE_JOB_TESTING_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "proto/data.pb.h"
#include "proto/node.pb.h"
#include "server/core/payload.h"
#include "server/core/rows/memory_budget.h"
#include "server/core/server_job.h"

namespace paceline::server::testing {

inline constexpr uint64_t kJob = 7;
inline constexpr uint64_t kTimeline = 1;
inline constexpr uint64_t kEpoch = 1;
// Node 1 + i is server i of the map; all have this incarnation.
inline constexpr uint64_t kNodeIncarnation = 11;

v1::TableSpec DenseTable(const std::string& name, uint64_t rows, uint32_t dim,
                         v1::OptimizerKind optimizer = v1::OPTIMIZER_KIND_ADD);
v1::TableSpec SparseTable(const std::string& name, uint32_t dim,
                          v1::OptimizerKind optimizer = v1::OPTIMIZER_KIND_ADD);

struct Policy {
  v1::Policy policy = v1::POLICY_BSP;
  uint32_t staleness = 0;
};

// SERVE for tables in name order; shard i lies on server i % servers.
v1::ServerJobOrder ServeOrder(const Policy& policy, uint32_t ranks,
                              const std::vector<v1::TableSpec>& tables, uint32_t servers = 1);

// A job on server `server`, with budgets of its own, which it keeps alive.
struct OpenedJob {
  std::shared_ptr<MemoryBudget> memory;
  std::shared_ptr<MemoryBudget> fold;
  std::shared_ptr<ServerJob> job;
};
using LoadShard = std::function<absl::StatusOr<std::optional<ShardSnapshot>>(const v1::TableSpec&,
                                                                             const v1::ShardSpec&)>;
OpenedJob OpenJob(const v1::ServerJobOrder& order, uint32_t server = 0,
                  uint64_t fold_bytes = uint64_t{1} << 20, LoadShard load = nullptr);

v1::RequestContext Context(uint32_t rank, uint64_t incarnation, uint64_t iteration);
v1::PinRequest PinOf(uint32_t rank, uint64_t incarnation, uint64_t iteration, uint64_t number = 0);

// A push built block by block.
class Frame {
 public:
  Frame(uint32_t rank, uint64_t incarnation, uint64_t iteration);

  Frame& Dense(uint32_t shard, uint64_t rows, const std::vector<float>& values);
  Frame& Sparse(uint32_t shard, const std::vector<uint64_t>& keys,
                const std::vector<float>& values);
  // The last frame; `touched` are the shards of all frames of the push.
  Frame& Last(const std::vector<uint32_t>& touched);
  Frame& Finish();

  const v1::PushRequest& header() const { return header_; }
  v1::PushRequest& header() { return header_; }
  Payload payload() const { return Payload::Of(bytes_); }
  std::string& bytes() { return bytes_; }

 private:
  v1::PushRequest header_;
  std::string bytes_;
};

// The answer of a push, which comes before Push returns.
absl::StatusOr<v1::PushResponse> PushNow(ServerJob& job, const Frame& frame);

// A pull of whole dense shards.
v1::PullRequest DensePull(uint32_t rank, uint64_t incarnation, uint64_t iteration,
                          const std::vector<uint32_t>& shards);

// A pull's answer, if it has come.
struct Answer {
  std::optional<absl::StatusOr<PullReply>> reply;
  std::optional<uint64_t> ticket;
};
std::unique_ptr<Answer> PullNow(ServerJob& job, const v1::PullRequest& request,
                                const std::string& keys = "");

// Keys as a pull carries them.
std::string KeyBytes(const std::vector<uint64_t>& keys);

// Opens ranks 0 to ranks-1 with incarnation 1.
void OpenRanks(ServerJob& job, uint32_t ranks);

// float32 values of a reply.
std::vector<float> Floats(const Payload& payload);

// A key of each of `count` different buckets of sparse table `table`, with its shard.
struct KeyOfShard {
  uint64_t key = 0;
  uint32_t shard = 0;
};
std::vector<KeyOfShard> KeysOfShards(const v1::ShardMap& map, int table, int count);

}  // namespace paceline::server::testing

#endif  // PACELINE_SERVER_CORE_JOB_TESTING_H_
