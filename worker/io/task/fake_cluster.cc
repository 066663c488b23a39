#include "worker/io/task/fake_cluster.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/check.h"
#include "common/partition/shares.h"
#include "common/refusal/refusal.h"
#include "common/tables/sharding.h"

namespace paceline::worker {
namespace {

std::string Bytes(const FramePayload& payload) {
  std::string bytes;
  for (const PayloadPiece& piece : payload) bytes.append(piece.data, piece.size);
  return bytes;
}

absl::Status Refuse(v1::Refusal::Kind kind, const std::string& message) {
  v1::Refusal refusal;
  refusal.set_kind(kind);
  return RefusalStatus(refusal, message);
}

class StringPayload final : public ReceivedPayload {
 public:
  explicit StringPayload(std::string bytes) : bytes_(std::move(bytes)) {}
  uint64_t size() const override { return bytes_.size(); }
  bool Read(void* to, size_t size) override {
    if (bytes_.size() - at_ < size) return false;
    std::memcpy(to, bytes_.data() + at_, size);
    at_ += size;
    return true;
  }

 private:
  const std::string bytes_;
  size_t at_ = 0;
};

}  // namespace

// ---- the scheduler ----

struct FakeCluster::Parked {
  v1::SyncTaskRequest request;
  SchedulerClient::Done<v1::SyncTaskResponse> done;
};

class FakeCluster::Scheduler final : public SchedulerClient {
 public:
  explicit Scheduler(FakeCluster* cluster) : cluster_(cluster) {}

  std::unique_ptr<PendingCall> SyncTask(const v1::SyncTaskRequest& request, absl::Duration,
                                        Done<v1::SyncTaskResponse> done) override {
    uint64_t number = 0;
    {
      MutexLock lock(&cluster_->mu_);
      number = cluster_->next_call_++;
    }
    cluster_->Sync(request, std::move(done), number);
    return std::make_unique<Handle>(cluster_, number);
  }
  std::unique_ptr<PendingCall> Heartbeat(const v1::HeartbeatRequest&, absl::Duration,
                                         Done<v1::HeartbeatResponse> done) override {
    done(absl::UnimplementedError("tasks only"));
    return std::make_unique<Handle>(cluster_, 0);
  }

 private:
  class Handle final : public PendingCall {
   public:
    Handle(FakeCluster* cluster, uint64_t number) : cluster_(cluster), number_(number) {}
    void Cancel() override {
      std::shared_ptr<Parked> call;
      {
        MutexLock lock(&cluster_->mu_);
        const auto found = cluster_->parked_.find(number_);
        if (found == cluster_->parked_.end()) return;
        call = found->second;
        cluster_->parked_.erase(found);
      }
      call->done(absl::CancelledError("given up"));
    }

   private:
    FakeCluster* const cluster_;
    const uint64_t number_;
  };

  FakeCluster* const cluster_;
};

FakeCluster::FakeCluster(v1::JobSpec spec, uint32_t servers, Inject inject)
    : spec_(std::move(spec)),
      servers_(servers),
      inject_(std::move(inject)),
      scheduler_(std::make_unique<Scheduler>(this)) {}

FakeCluster::~FakeCluster() = default;

void FakeCluster::Sync(const v1::SyncTaskRequest& request,
                       SchedulerClient::Done<v1::SyncTaskResponse> done, uint64_t number) {
  std::vector<std::pair<SchedulerClient::Done<v1::SyncTaskResponse>, v1::SyncTaskResponse>> out;
  {
    MutexLock lock(&mu_);
    reports_[request.rank()] = request;
    parked_[number] = std::make_shared<Parked>(Parked{request, std::move(done)});
    Advance();
    for (auto it = parked_.begin(); it != parked_.end();) {
      v1::SyncTaskResponse response;
      if (!Answer(it->second->request, &response)) {
        ++it;
        continue;
      }
      out.emplace_back(it->second->done, std::move(response));
      it = parked_.erase(it);
    }
    changed_.NotifyAll();
  }
  for (auto& [answer, response] : out) answer(std::move(response));
}

bool FakeCluster::Answer(const v1::SyncTaskRequest& request, v1::SyncTaskResponse* response) {
  response->mutable_scheduler()->set_cluster_id("fake");
  response->set_desired(desired_);
  const uint32_t ranks = spec_.resources().workers();
  response->set_ranks(ranks);
  bool news = told_[request.rank()] != desired_;
  if (!request.has_spec()) {
    *response->mutable_spec() = spec_;
    news = true;
  }
  if (desired_ != v1::SyncTaskResponse::PREPARE) {
    if (request.epoch() != map_.epoch()) {
      *response->mutable_map() = map_;
      news = true;
    }
    const std::vector<v1::Grant>& grants = grants_[request.rank()];
    for (size_t i = request.grants_held(); i < grants.size(); ++i) {
      *response->add_grants() = grants[i];
      news = true;
    }
    const v1::TaskFacts& facts = reports_[0].facts();
    response->set_grants_complete(next_position_ >= facts.records() * spec_.train().epochs());
    // Completeness is part of the first answer that has no more to grant.
    news = news || (response->grants_complete() && request.iterations_wanted() > 0);
  }
  if (news) told_[request.rank()] = desired_;
  return news;
}

void FakeCluster::Advance() {
  const uint32_t ranks = spec_.resources().workers();
  const auto all = [&](const std::function<bool(const v1::SyncTaskRequest&)>& condition) {
    for (uint32_t rank = 0; rank < ranks; ++rank) {
      if (!reports_.contains(rank) || !condition(reports_[rank])) return false;
    }
    return true;
  };
  if (desired_ == v1::SyncTaskResponse::PREPARE &&
      all([](const v1::SyncTaskRequest& r) { return r.has_facts(); })) {
    desired_ = v1::SyncTaskResponse::RUN;
    const auto& tables = reports_[0].facts().tables();
    *map_.mutable_tables() = tables;
    const auto shards = CutTables(std::vector<v1::TableSpec>(tables.begin(), tables.end()));
    PL_CHECK_OK(shards.status());
    for (const v1::ShardSpec& spec : *shards) {
      Shard& shard = shards_.emplace_back();
      shard.spec = spec;
      shard.spec.set_server(spec.shard() % servers_);
      *map_.add_shards() = shard.spec;
      shard.dense.resize(spec.rows() * tables[static_cast<int>(spec.table())].dim());
    }
    for (uint32_t s = 0; s < servers_; ++s) map_.add_servers()->set_address(absl::StrCat(s));
    map_.set_timeline(1);
    map_.set_epoch(1);
  }
  for (const auto& [rank, report] : reports_) Grant(report);
  if (desired_ == v1::SyncTaskResponse::RUN &&
      all([](const v1::SyncTaskRequest& r) { return r.progress().finished(); })) {
    desired_ = v1::SyncTaskResponse::EVALUATE;
  }
  if (desired_ == v1::SyncTaskResponse::EVALUATE && reports_[0].final_eval_done()) {
    desired_ = v1::SyncTaskResponse::EXIT;
  }
  for (const auto& [rank, report] : reports_) {
    if (!report.error().empty()) desired_ = v1::SyncTaskResponse::EXIT;
  }
}

void FakeCluster::Grant(const v1::SyncTaskRequest& request) {
  const uint64_t records = reports_[0].facts().records();
  if (desired_ != v1::SyncTaskResponse::RUN || records == 0 || request.iterations_wanted() == 0 ||
      spec_.consistency().policy() == v1::POLICY_BSP) {
    return;
  }
  const uint64_t total = records * spec_.train().epochs();
  std::vector<v1::Grant>& grants = grants_[request.rank()];
  const uint64_t batch =
      NominalBatch(spec_.train().global_batch(), request.rank(), spec_.resources().workers());
  // Two batches at a time, and only to a rank that has all it was granted.
  if (next_position_ >= total || grants.size() > request.grants_held()) return;
  v1::Grant grant;
  grant.set_number(static_cast<uint32_t>(grants.size()));
  if (!grants.empty()) {
    const v1::Grant& last = grants.back();
    grant.set_first_iteration(last.first_iteration() + (last.count() + batch - 1) / batch);
  }
  grant.set_epoch(next_position_ / records);
  grant.set_first(next_position_ % records);
  grant.set_count(std::min(2 * batch, records - grant.first()));
  next_position_ += grant.count();
  grants.push_back(grant);
}

v1::SyncTaskRequest FakeCluster::Report(uint32_t rank) const {
  MutexLock lock(&mu_);
  const auto found = reports_.find(rank);
  return found == reports_.end() ? v1::SyncTaskRequest() : found->second;
}

void FakeCluster::Await(const std::function<bool(const FakeCluster&)>& condition) {
  for (;;) {
    // The condition takes the lock itself.
    if (condition(*this)) return;
    MutexLock lock(&mu_);
    changed_.Wait(&mu_);
  }
}

void FakeCluster::EndJob() {
  std::map<uint64_t, std::shared_ptr<Parked>> parked;
  {
    MutexLock lock(&mu_);
    desired_ = v1::SyncTaskResponse::EXIT;
    parked.swap(parked_);
  }
  v1::SyncTaskResponse response;
  response.set_desired(v1::SyncTaskResponse::EXIT);
  response.mutable_scheduler()->set_cluster_id("fake");
  for (const auto& [number, call] : parked) call->done(response);
}

// ---- the servers ----

class FakeCluster::Data final : public DataClient {
 public:
  explicit Data(FakeCluster* cluster) : cluster_(cluster) {}

  void OpenRank(uint32_t server, const v1::RequestContext& context, absl::Duration,
                Done<v1::OpenRankResponse> done) override {
    Serve<v1::OpenRankResponse>("OpenRank", context, done, [&](v1::OpenRankResponse* response) {
      response->set_progress(UINT64_MAX);
      response->set_finished(true);
      for (Shard& shard : cluster_->shards_) {
        if (shard.spec.server() != server) continue;
        response->set_progress(std::min(response->progress(), shard.progress[context.rank()]));
        response->set_finished(response->finished() && shard.finished[context.rank()]);
      }
      return absl::OkStatus();
    });
  }

  void Push(const PushFrame& frame, absl::Duration, Done<v1::PushResponse> done) override {
    const v1::RequestContext& context = frame.header.context();
    Serve<v1::PushResponse>("Push", context, done, [&](v1::PushResponse* response) {
      const std::string bytes = Bytes(frame.payload);
      size_t at = 0;
      for (const v1::PushBlock& block : frame.header.blocks()) {
        Shard& shard = cluster_->shards_[block.shard()];
        PL_CHECK_EQ(shard.spec.server(), frame.server);
        const absl::Status taken = Take(&shard, context, block.rows(), bytes, &at, response);
        if (!taken.ok()) return taken;
      }
      if (!frame.header.last_frame()) return absl::OkStatus();
      for (Shard& shard : cluster_->shards_) {
        if (shard.spec.server() != frame.server) continue;
        const auto& touched = frame.header.touched();
        if (frame.header.finish()) {
          shard.finished[context.rank()] = true;
        } else if (std::find(touched.begin(), touched.end(), shard.spec.shard()) == touched.end()) {
          if (shard.progress[context.rank()] == context.iteration()) {
            ++shard.progress[context.rank()];
          }
        }
      }
      return absl::OkStatus();
    });
  }

  void Pull(const PullFrame& frame, absl::Duration, Done<PullReply> done) override {
    Serve<PullReply>("Pull", frame.header.context(), done, [&](PullReply* reply) {
      const std::string keys = Bytes(frame.payload);
      size_t at = 0;
      std::string payload;
      reply->header.set_codec(v1::CODEC_FLOAT32);
      for (const v1::PullBlock& block : frame.header.blocks()) {
        Shard& shard = cluster_->shards_[block.shard()];
        v1::PulledBlock* pulled = reply->header.add_blocks();
        pulled->set_shard(block.shard());
        pulled->set_version(frame.header.context().iteration());
        if (Dim(shard) > 0 && !Sparse(shard)) {
          pulled->set_rows(shard.spec.rows());
          payload.append(reinterpret_cast<const char*>(shard.dense.data()),
                         shard.dense.size() * sizeof(float));
          continue;
        }
        pulled->set_rows(block.keys());
        for (uint64_t i = 0; i < block.keys(); ++i, at += sizeof(uint64_t)) {
          uint64_t key = 0;
          std::memcpy(&key, keys.data() + at, sizeof(key));
          const auto found = shard.sparse.find(key);
          const std::vector<float> row =
              found == shard.sparse.end() ? std::vector<float>(Dim(shard)) : found->second;
          payload.append(reinterpret_cast<const char*>(row.data()), row.size() * sizeof(float));
        }
      }
      reply->payload = std::make_unique<StringPayload>(std::move(payload));
      return absl::OkStatus();
    });
  }

  void Pin(uint32_t, const v1::RequestContext& context, absl::Duration,
           Done<v1::PinResponse> done) override {
    Serve<v1::PinResponse>("Pin", context, done, [&](v1::PinResponse* response) {
      ++cluster_->pins_;
      response->set_pin(7);
      return absl::OkStatus();
    });
  }

  void Unpin(uint32_t, const v1::UnpinRequest& request, absl::Duration,
             Done<v1::UnpinResponse> done) override {
    Serve<v1::UnpinResponse>("Unpin", request.context(), done, [&](v1::UnpinResponse*) {
      --cluster_->pins_;
      return absl::OkStatus();
    });
  }

  void CancelAll() override {}

 private:
  template <typename Response>
  void Serve(const char* method, const v1::RequestContext& context, const Done<Response>& done,
             const std::function<absl::Status(Response*)>& serve) {
    Fault fault;
    if (cluster_->inject_ != nullptr) fault = cluster_->inject_(method, context);
    Response response;
    absl::Status status = fault.status;
    if (fault.status.ok() || fault.lose_reply) {
      MutexLock lock(&cluster_->mu_);
      const absl::Status served = serve(&response);
      if (status.ok()) status = served;
    }
    if (status.ok()) {
      done(std::move(response));
    } else {
      done(status);
    }
  }

  const v1::TableSpec& Table(const Shard& shard) const ABSL_NO_THREAD_SAFETY_ANALYSIS {
    return cluster_->map_.tables(static_cast<int>(shard.spec.table()));
  }
  uint32_t Dim(const Shard& shard) const { return Table(shard).dim(); }
  bool Sparse(const Shard& shard) const { return Table(shard).kind() == v1::TABLE_KIND_SPARSE; }

  // Adds one block; sgd tables step against the gradient.
  absl::Status Take(Shard* shard, const v1::RequestContext& context, uint64_t rows,
                    const std::string& bytes, size_t* at, v1::PushResponse* response) {
    const size_t dim = Dim(*shard);
    const size_t key_bytes = Sparse(*shard) ? rows * sizeof(uint64_t) : 0;
    const char* keys = bytes.data() + *at;
    const char* values = keys + key_bytes;
    *at += key_bytes + rows * dim * sizeof(float);
    PL_CHECK_LE(*at, bytes.size());
    uint64_t& progress = shard->progress[context.rank()];
    if (context.iteration() < progress) {
      response->set_duplicates(response->duplicates() + 1);
      return absl::OkStatus();
    }
    if (context.iteration() > progress) return Refuse(v1::Refusal::OUT_OF_ORDER, "out of order");
    ++progress;
    ++shard->applied[context.rank()];
    const v1::OptimizerSpec& optimizer = Table(*shard).optimizer();
    const float step = optimizer.kind() == v1::OPTIMIZER_KIND_ADD
                           ? 1.0f
                           : -static_cast<float>(optimizer.learning_rate());
    for (uint64_t i = 0; i < rows; ++i) {
      float* to = &shard->dense[i * dim];
      if (Sparse(*shard)) {
        uint64_t key = 0;
        std::memcpy(&key, keys + i * sizeof(key), sizeof(key));
        std::vector<float>& row = shard->sparse[key];
        row.resize(dim);
        to = row.data();
      }
      for (size_t d = 0; d < dim; ++d) {
        float g = 0;
        std::memcpy(&g, values + (i * dim + d) * sizeof(float), sizeof(g));
        to[d] += step * g;
      }
    }
    return absl::OkStatus();
  }

  FakeCluster* const cluster_;
};

DataClientFactory FakeCluster::data_client() {
  return [this](const std::vector<std::string>& addresses) {
    PL_CHECK_EQ(addresses.size(), servers_);
    return std::make_unique<Data>(this);
  };
}

std::vector<float> FakeCluster::Dense(const std::string& table) const {
  std::vector<float> values;
  MutexLock lock(&mu_);
  for (const Shard& shard : shards_) {
    if (map_.tables(static_cast<int>(shard.spec.table())).name() != table) continue;
    values.insert(values.end(), shard.dense.begin(), shard.dense.end());
  }
  return values;
}

size_t FakeCluster::SparseKeys(const std::string& table) const {
  size_t keys = 0;
  MutexLock lock(&mu_);
  for (const Shard& shard : shards_) {
    if (map_.tables(static_cast<int>(shard.spec.table())).name() == table) {
      keys += shard.sparse.size();
    }
  }
  return keys;
}

std::pair<uint64_t, uint64_t> FakeCluster::Applied(uint32_t rank) const {
  std::pair<uint64_t, uint64_t> range = {UINT64_MAX, 0};
  MutexLock lock(&mu_);
  for (const Shard& shard : shards_) {
    const auto found = shard.applied.find(rank);
    const uint64_t applied = found == shard.applied.end() ? 0 : found->second;
    range = {std::min(range.first, applied), std::max(range.second, applied)};
  }
  return range;
}

uint64_t FakeCluster::open_pins() const {
  MutexLock lock(&mu_);
  return pins_;
}

}  // namespace paceline::worker
