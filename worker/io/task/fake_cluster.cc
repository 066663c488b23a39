// The scheduler's side. Servers: fake_cluster_data.cc.
#include "worker/io/task/fake_cluster.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/check.h"
#include "common/partition/shares.h"
#include "common/tables/sharding.h"

namespace paceline::worker {

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
  // A reply that comes as the task asks anew is not heard: what it has not acted upon is
  // said again.
  bool news = told_[request.rank()] != desired_ || desired_ == v1::SyncTaskResponse::EXIT ||
              (desired_ == v1::SyncTaskResponse::EVALUATE && request.rank() == 0 &&
               !request.final_eval_done());
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
    response->set_grants_complete(Ended() ||
                                  next_position_ >= facts.records() * spec_.train().epochs());
    // Completeness is part of the first answer that has no more to grant.
    news = news || (response->grants_complete() && request.iterations_wanted() > 0);
  }
  if (AnswerEvals(request, response)) news = true;
  if (news) told_[request.rank()] = desired_;
  return news;
}

bool FakeCluster::AnswerEvals(const v1::SyncTaskRequest& request, v1::SyncTaskResponse* response) {
  if (desired_ == v1::SyncTaskResponse::PREPARE) return false;
  response->set_evals_seen(static_cast<uint32_t>(request.evals_size()));
  if (Ended()) {
    response->set_last_iteration(last_iteration_);
    response->set_last_iteration_known(true);
    for (uint32_t rank = 0; rank < spec_.resources().workers(); ++rank) {
      if (reports_[rank].last_iteration() != last_iteration_) {
        response->set_last_iteration_known(false);
      }
    }
  }
  // A reply that comes as the task asks anew is not heard: it is said all the time.
  return end_after_evals_ > 0 && desired_ == v1::SyncTaskResponse::RUN;
}

bool FakeCluster::Ended() {
  return end_after_evals_ > 0 && reports_[0].evals_size() >= end_after_evals_;
}

void FakeCluster::EndEarly(int evals, uint64_t iteration) {
  MutexLock lock(&mu_);
  end_after_evals_ = evals;
  last_iteration_ = iteration;
}

void FakeCluster::Advance() {
  const uint32_t ranks = spec_.resources().workers();
  const auto all = [&](const std::function<bool(const v1::SyncTaskRequest&)>& condition)
                       ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_) {
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
      spec_.consistency().policy() == v1::POLICY_BSP || Ended()) {
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

}  // namespace paceline::worker
