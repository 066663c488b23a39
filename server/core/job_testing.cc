#include "server/core/job_testing.h"

#include <cstring>
#include <optional>
#include <utility>

#include "common/check.h"
#include "common/tables/sharding.h"

namespace paceline::server::testing {
namespace {

template <typename T>
void AppendBytes(std::string* bytes, const std::vector<T>& values) {
  bytes->append(reinterpret_cast<const char*>(values.data()), values.size() * sizeof(T));
}

}  // namespace

v1::TableSpec DenseTable(const std::string& name, uint64_t rows, uint32_t dim,
                         v1::OptimizerKind optimizer) {
  v1::TableSpec table;
  table.set_name(name);
  table.set_kind(v1::TABLE_KIND_DENSE);
  table.set_rows(rows);
  table.set_dim(dim);
  table.mutable_initializer()->set_kind(v1::INITIALIZER_KIND_ZEROS);
  table.mutable_optimizer()->set_kind(optimizer);
  return table;
}

v1::TableSpec SparseTable(const std::string& name, uint32_t dim, v1::OptimizerKind optimizer) {
  v1::TableSpec table = DenseTable(name, 0, dim, optimizer);
  table.set_kind(v1::TABLE_KIND_SPARSE);
  return table;
}

v1::ServerJobOrder ServeOrder(const Policy& policy, uint32_t ranks,
                              const std::vector<v1::TableSpec>& tables, uint32_t servers) {
  v1::ServerJobOrder order;
  order.set_job_id(kJob);
  order.set_desired(v1::ServerJobOrder::SERVE);
  order.set_ranks(ranks);
  order.set_seed(1);
  order.mutable_consistency()->set_policy(policy.policy);
  order.mutable_consistency()->set_staleness(policy.staleness);
  v1::ShardMap* map = order.mutable_map();
  map->set_job_id(kJob);
  map->set_timeline(kTimeline);
  map->set_epoch(kEpoch);
  for (const v1::TableSpec& table : tables) *map->add_tables() = table;
  absl::StatusOr<std::vector<v1::ShardSpec>> shards = CutTables(tables);
  PL_CHECK_OK(shards.status());
  for (v1::ShardSpec& shard : *shards) {
    shard.set_server(shard.shard() % servers);
    *map->add_shards() = shard;
  }
  for (uint32_t server = 0; server < servers; ++server) {
    v1::ShardServer* const node = map->add_servers();
    node->set_node_id(1 + server);
    node->set_incarnation(kNodeIncarnation);
  }
  return order;
}

OpenedJob OpenJob(const v1::ServerJobOrder& order, uint32_t server, uint64_t fold_bytes,
                  LoadShard load) {
  const auto parts = std::make_shared<OpenedJob>();
  parts->memory = std::make_shared<MemoryBudget>(0, "--memory-limit");
  parts->fold = std::make_shared<MemoryBudget>(fold_bytes, "--fold-limit");
  ServerJob::Options options;
  options.order = order;
  options.node_id = 1 + server;
  options.node_incarnation = kNodeIncarnation;
  options.memory = parts->memory.get();
  options.fold = parts->fold.get();
  options.load = std::move(load);
  absl::StatusOr<std::shared_ptr<ServerJob>> job = ServerJob::Open(options);
  PL_CHECK_OK(job.status());
  parts->job = *std::move(job);
  return OpenedJob{.memory = parts->memory,
                   .fold = parts->fold,
                   .job = std::shared_ptr<ServerJob>(parts, parts->job.get())};
}

v1::RequestContext Context(uint32_t rank, uint64_t incarnation, uint64_t iteration) {
  v1::RequestContext context;
  context.set_job_id(kJob);
  context.set_timeline(kTimeline);
  context.set_epoch(kEpoch);
  context.set_rank(rank);
  context.set_incarnation(incarnation);
  context.set_iteration(iteration);
  return context;
}

v1::PinRequest PinOf(uint32_t rank, uint64_t incarnation, uint64_t iteration, uint64_t number) {
  v1::PinRequest request;
  *request.mutable_context() = Context(rank, incarnation, iteration);
  request.set_number(number);
  return request;
}

Frame::Frame(uint32_t rank, uint64_t incarnation, uint64_t iteration) {
  *header_.mutable_context() = Context(rank, incarnation, iteration);
}

Frame& Frame::Dense(uint32_t shard, uint64_t rows, const std::vector<float>& values) {
  v1::PushBlock* const block = header_.add_blocks();
  block->set_shard(shard);
  block->set_rows(rows);
  block->set_codec(v1::CODEC_FLOAT32);
  AppendBytes(&bytes_, values);
  return *this;
}

Frame& Frame::Sparse(uint32_t shard, const std::vector<uint64_t>& keys,
                     const std::vector<float>& values) {
  v1::PushBlock* const block = header_.add_blocks();
  block->set_shard(shard);
  block->set_rows(keys.size());
  block->set_codec(v1::CODEC_FLOAT32);
  AppendBytes(&bytes_, keys);
  AppendBytes(&bytes_, values);
  return *this;
}

Frame& Frame::Last(const std::vector<uint32_t>& touched) {
  header_.set_last_frame(true);
  for (const uint32_t shard : touched) header_.add_touched(shard);
  return *this;
}

Frame& Frame::Finish() {
  header_.set_last_frame(true);
  header_.set_finish(true);
  return *this;
}

absl::StatusOr<v1::PushResponse> PushNow(ServerJob& job, const Frame& frame) {
  std::optional<absl::StatusOr<v1::PushResponse>> answer;
  job.Push(frame.header(), frame.payload(), [&](absl::StatusOr<v1::PushResponse> response) {
    PL_CHECK(!answer.has_value());
    answer = std::move(response);
  });
  PL_CHECK(answer.has_value());
  return *answer;
}

v1::PullRequest DensePull(uint32_t rank, uint64_t incarnation, uint64_t iteration,
                          const std::vector<uint32_t>& shards) {
  v1::PullRequest request;
  *request.mutable_context() = Context(rank, incarnation, iteration);
  for (const uint32_t shard : shards) {
    v1::PullBlock* const block = request.add_blocks();
    block->set_shard(shard);
    block->set_codec(v1::CODEC_FLOAT32);
  }
  return request;
}

std::unique_ptr<Answer> PullNow(ServerJob& job, const v1::PullRequest& request,
                                const std::string& keys) {
  auto answer = std::make_unique<Answer>();
  Answer* const to = answer.get();
  answer->ticket = job.Pull(request, Payload::Of(keys), [to](absl::StatusOr<PullReply> reply) {
    PL_CHECK(!to->reply.has_value());
    to->reply = std::move(reply);
  });
  return answer;
}

std::string KeyBytes(const std::vector<uint64_t>& keys) {
  std::string bytes;
  AppendBytes(&bytes, keys);
  return bytes;
}

void OpenRanks(ServerJob& job, uint32_t ranks) {
  for (uint32_t rank = 0; rank < ranks; ++rank) {
    PL_CHECK_OK(job.OpenRank(Context(rank, 1, 0)).status());
  }
}

std::vector<float> Floats(const Payload& payload) {
  std::vector<float> floats(payload.size() / sizeof(float));
  payload.CopyTo(floats.data());
  return floats;
}

std::vector<KeyOfShard> KeysOfShards(const v1::ShardMap& map, int table, int count) {
  const absl::StatusOr<ShardIndex> index = ShardIndex::Create(map);
  PL_CHECK_OK(index.status());
  std::vector<KeyOfShard> keys;
  std::vector<bool> seen(map.shards_size(), false);
  for (uint64_t key = 0; static_cast<int>(keys.size()) < count; ++key) {
    const uint32_t shard = index->ShardOfKey(table, key);
    if (seen[shard]) continue;
    seen[shard] = true;
    keys.push_back(KeyOfShard{.key = key, .shard = shard});
  }
  return keys;
}

}  // namespace paceline::server::testing
