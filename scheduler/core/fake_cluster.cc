#include "scheduler/core/fake_cluster.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "common/check.h"
#include "common/partition/rounds.h"
#include "common/partition/shares.h"
#include "scheduler/core/job_machine.h"

namespace paceline::scheduler {
namespace {

constexpr int kMaxSteps = 10000;

v1::TableSpec DenseTable(const std::string& name, uint64_t rows, uint32_t dim) {
  v1::TableSpec table;
  table.set_name(name);
  table.set_kind(v1::TABLE_KIND_DENSE);
  table.set_rows(rows);
  table.set_dim(dim);
  table.mutable_optimizer()->set_kind(v1::OPTIMIZER_KIND_SGD);
  return table;
}

v1::ServerJobReport* FindJob(v1::HeartbeatRequest* report, uint64_t job_id) {
  for (v1::ServerJobReport& job : *report->mutable_jobs()) {
    if (job.job_id() == job_id) return &job;
  }
  return nullptr;
}

template <typename List, typename Pred>
void EraseIf(List* list, Pred pred) {
  for (int i = list->size() - 1; i >= 0; --i) {
    if (pred((*list)[i])) list->DeleteSubrange(i, 1);
  }
}

}  // namespace

v1::JobSpec CountingSpec(uint32_t workers, uint32_t servers, v1::Policy policy) {
  v1::JobSpec spec;
  spec.set_name("counting");
  spec.mutable_model()->set_kind(v1::MODEL_KIND_COUNTING);
  spec.mutable_train()->set_global_batch(std::max(workers, 8u));
  spec.mutable_train()->set_iterations(3);
  spec.mutable_consistency()->set_policy(policy);
  spec.mutable_resources()->set_workers(workers);
  spec.mutable_resources()->set_servers(servers);
  return spec;
}

v1::JobSpec RecordsSpec(uint32_t workers, uint32_t servers, v1::Policy policy,
                        uint32_t global_batch, uint32_t epochs) {
  v1::JobSpec spec = CountingSpec(workers, servers, policy);
  spec.set_name("records");
  spec.mutable_model()->set_kind(v1::MODEL_KIND_LOGISTIC);
  spec.mutable_data()->mutable_train()->set_path("/data/train.libsvm");
  spec.mutable_data()->mutable_train()->set_format(v1::DATA_FORMAT_LIBSVM);
  spec.mutable_train()->set_global_batch(global_batch);
  spec.mutable_train()->set_epochs(epochs);
  spec.mutable_train()->clear_iterations();
  return spec;
}

FakeCluster::FakeCluster() {
  now_.monotonic = absl::Seconds(1);
  now_.wall_ms = 1'000'000;
  options.plan.data_dir = "/data";
  options.plan.version = "1";
  options.new_cluster_id = "cluster-a";
  options.start_nonce = 0;
  PL_CHECK_OK(RestartScheduler());
}

absl::Status FakeCluster::RestartScheduler() {
  options.start_nonce += 7;
  auto core = SchedulerCore::Open(options, &journal_, now_);
  if (!core.ok()) return core.status();
  core_ = *std::move(core);
  return absl::OkStatus();
}

FakeCluster::Node& FakeCluster::AddServer(const std::string& address) {
  Node& node = nodes_[address];
  node = Node();
  node.report.set_role(v1::NODE_ROLE_SERVER);
  node.report.set_address(address);
  node.report.set_version("1");
  node.report.set_process_nonce(next_nonce_++);
  return node;
}

FakeCluster::Node& FakeCluster::AddWorker(const std::string& address, uint32_t slots) {
  Node& node = AddServer(address);
  node.report.set_role(v1::NODE_ROLE_WORKER);
  node.report.set_slots(slots);
  return node;
}

uint64_t FakeCluster::Submit(const v1::JobSpec& spec, const std::string& request_id) {
  v1::SubmitJobRequest request;
  *request.mutable_spec() = spec;
  request.set_request_id(request_id);
  const auto job_id = core_->Submit(request, now_);
  return job_id.ok() ? *job_id : 0;
}

void FakeCluster::Step() {
  for (auto& [address, node] : nodes_) {
    if (!node.alive) continue;
    NodeSpeaks(node);
    for (auto& [key, task] : node.tasks) {
      if (!task.exited) TaskSpeaks(node, task);
    }
    RunCommands();
  }
  Advance(options.plan.heartbeat);
}

void FakeCluster::Advance(absl::Duration time) {
  now_.monotonic += time;
  now_.wall_ms += absl::ToInt64Milliseconds(time);
  core_->Tick(now_).IgnoreError();
}

void FakeCluster::NodeSpeaks(Node& node) {
  node.report.set_sequence(node.report.sequence() + 1);
  const auto node_id = core_->Heartbeat(node.report, now_);
  if (!node_id.ok()) return;
  const auto answer = core_->NodeReply(*node_id, now_);
  core_->NodeReplySent(*node_id, answer.reply, now_);
  Obey(node, answer.reply);
}

void FakeCluster::Obey(Node& node, const v1::HeartbeatResponse& reply) {
  *node.report.mutable_scheduler() = reply.scheduler();
  for (const v1::ServerJobOrder& order : reply.jobs()) {
    if (order.desired() == v1::ServerJobOrder::CLOSE) {
      EraseIf(node.report.mutable_jobs(),
              [&](const auto& job) { return job.job_id() == order.job_id(); });
      continue;
    }
    v1::ServerJobReport* job = FindJob(&node.report, order.job_id());
    if (job == nullptr) {
      job = node.report.add_jobs();
      job->set_job_id(order.job_id());
      for (uint32_t rank = 0; rank < order.ranks(); ++rank) {
        job->add_progress(0);
        job->add_finished(false);
      }
    }
    job->set_timeline(order.map().timeline());
    job->set_epoch(order.map().epoch());
    job->set_state(v1::ServerJobReport::SERVING);
    if (!order.has_cut()) continue;
    job->mutable_cut()->set_cut_id(order.cut().cut_id());
    job->mutable_cut()->set_done(true);
    for (const v1::ShardSpec& shard : order.map().shards()) {
      if (order.map().servers(shard.server()).address() != node.report.address()) continue;
      job->mutable_cut()->add_files()->set_shard(shard.shard());
    }
  }
  for (const v1::TaskOrder& order : reply.tasks()) {
    const auto same = [&](const v1::TaskReport& task) {
      return task.job_id() == order.job_id() && task.rank() == order.rank() &&
             task.incarnation() == order.incarnation();
    };
    if (order.desired() == v1::TaskOrder::STOP) {
      EraseIf(node.report.mutable_tasks(), same);
      node.tasks.erase({order.job_id(), order.rank()});
      continue;
    }
    v1::TaskReport* task = node.report.add_tasks();
    task->set_job_id(order.job_id());
    task->set_rank(order.rank());
    task->set_incarnation(order.incarnation());
    task->set_state(v1::TaskReport::RUNNING);
    v1::SyncTaskRequest& report = node.tasks[{order.job_id(), order.rank()}].report;
    report.set_job_id(order.job_id());
    report.set_rank(order.rank());
    report.set_incarnation(order.incarnation());
  }
}

void FakeCluster::TaskSpeaks(Node& node, Task& task) {
  task.report.set_sequence(task.report.sequence() + 1);
  if (!core_->SyncTask(task.report, now_).ok()) return;
  const v1::SyncTaskResponse reply = core_->TaskReply(task.report, now_).reply;
  core_->TaskReplySent(task.report, reply);
  if (reply.has_spec()) {
    task.spec = reply.spec();
    task.report.set_has_spec(true);
    task.report.mutable_facts()->set_records(task.spec.has_data() ? records : 0);
    task.report.mutable_facts()->set_device("cpu");
    *task.report.mutable_facts()->add_tables() = DenseTable("w", 1000, 4096);
  }
  if (reply.has_map()) {
    task.report.set_timeline(reply.map().timeline());
    task.report.set_epoch(reply.map().epoch());
  }
  task.grants.insert(task.grants.end(), reply.grants().begin(), reply.grants().end());
  task.report.set_grants_held(static_cast<uint32_t>(task.grants.size()));
  task.complete = reply.grants_complete();
  switch (reply.desired()) {
    case v1::SyncTaskResponse::RUN:
      Work(task);
      break;
    case v1::SyncTaskResponse::EVALUATE:
      task.report.add_evals()->mutable_result()->set_accuracy(0.75);
      task.report.set_final_eval_done(true);
      break;
    case v1::SyncTaskResponse::EXIT:
      task.exited = true;
      for (v1::TaskReport& report : *node.report.mutable_tasks()) {
        if (report.job_id() == task.report.job_id() && report.rank() == task.report.rank()) {
          report.set_state(v1::TaskReport::EXITED);
        }
      }
      break;
    default:
      break;
  }
}

void FakeCluster::Work(Task& task) {
  const v1::TrainSpec& train = task.spec.train();
  uint64_t end = train.iterations();
  bool complete = true;
  const uint64_t found = task.report.facts().records();
  if (found > 0 && task.spec.consistency().policy() == v1::POLICY_BSP) {
    end = TotalRounds(found, train.global_batch(), train.epochs(), train.iterations());
  } else if (found > 0) {
    const uint64_t batch =
        NominalBatch(train.global_batch(), task.report.rank(), task.spec.resources().workers());
    end = task.grants.empty() ? 0
                              : task.grants.back().first_iteration() +
                                    (task.grants.back().count() + batch - 1) / batch;
    complete = task.complete;
    task.report.set_iterations_wanted(complete ? 0 : end + 100);
  }
  v1::TaskProgress* progress = task.report.mutable_progress();
  progress->set_iteration(std::min(end, progress->iteration() + task.pace));
  progress->set_samples_per_second(10);
  progress->set_finished(complete && progress->iteration() == end);
}

void FakeCluster::RunCommands() {
  for (const Command& command : core_->TakeCommands()) {
    if (command.kind == Command::Kind::kCommitCut) {
      core_->OnCutCommitted(command.job_id, command.cut_id, std::string("manifest"), now_)
          .IgnoreError();
    } else {
      core_->OnCutHashed(command.job_id, command.cut_id, std::string("sha"), now_).IgnoreError();
    }
  }
}

bool FakeCluster::RunUntil(uint64_t job_id, v1::JobState state) {
  for (int i = 0; i < kMaxSteps; ++i) {
    if (StateOf(job_id) == state) return true;
    if (HasEnded(StateOf(job_id))) return false;
    Step();
  }
  return false;
}

bool FakeCluster::RunUntilEnded(uint64_t job_id) {
  for (int i = 0; i < kMaxSteps; ++i) {
    if (HasEnded(StateOf(job_id))) return true;
    Step();
  }
  return false;
}

}  // namespace paceline::scheduler
