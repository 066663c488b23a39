#include "scheduler/core/fake_node.h"

#include <algorithm>

#include "common/partition/grants.h"
#include "common/partition/rounds.h"
#include "common/partition/shares.h"

namespace paceline::scheduler {
namespace {

v1::TableSpec DenseTable(const std::string& name, uint64_t rows, uint32_t dim) {
  v1::TableSpec table;
  table.set_name(name);
  table.set_kind(v1::TABLE_KIND_DENSE);
  table.set_rows(rows);
  table.set_dim(dim);
  table.mutable_optimizer()->set_kind(v1::OPTIMIZER_KIND_SGD);
  return table;
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

// ---- tasks ----

void FakeTask::Heed(const v1::SyncTaskResponse& reply, uint64_t records) {
  if (reply.has_spec()) {
    spec = reply.spec();
    report.set_has_spec(true);
    report.mutable_facts()->set_records(spec.has_data() ? records : 0);
    report.mutable_facts()->set_device(gpu.has_value() ? "cuda" : "cpu");
    report.mutable_facts()->clear_tables();
    *report.mutable_facts()->add_tables() = DenseTable("w", 1000, 4096);
  }
  if (reply.has_map() && reply.map().timeline() != report.timeline()) {
    report.mutable_progress()->set_iteration(0);
    report.mutable_progress()->set_finished(false);
    report.set_final_eval_done(false);
    if (spec.evaluation().patience() > 0) report.clear_evals();
  }
  if (reply.has_map()) {
    report.set_timeline(reply.map().timeline());
    report.set_epoch(reply.map().epoch());
  }
  grants.insert(grants.end(), reply.grants().begin(), reply.grants().end());
  report.set_grants_held(static_cast<uint32_t>(grants.size()));
  grants_complete = reply.grants_complete();
  report.set_last_iteration(reply.last_iteration());
  if (reply.desired() == v1::SyncTaskResponse::RUN) Work();
  if (reply.desired() == v1::SyncTaskResponse::EVALUATE && !report.final_eval_done()) {
    report.add_evals()->mutable_result()->set_accuracy(0.75);
    report.set_final_eval_done(true);
  }
  exited = reply.desired() == v1::SyncTaskResponse::EXIT;
}

void FakeTask::Work() {
  const v1::TrainSpec& train = spec.train();
  uint64_t end = train.iterations();
  bool complete = true;
  const uint64_t found = report.facts().records();
  if (found > 0 && spec.consistency().policy() == v1::POLICY_BSP) {
    end = TotalRounds(found, train.global_batch(), train.epochs(), train.iterations());
  } else if (found > 0) {
    end = GrantedIterations(
        grants, NominalBatch(train.global_batch(), report.rank(), spec.resources().workers()));
    complete = grants_complete;
    report.set_iterations_wanted(complete ? 0 : end + 100);
  }
  if (const uint64_t last = report.last_iteration(); last != 0) end = std::min(end, last);
  v1::TaskProgress* progress = report.mutable_progress();
  progress->set_iteration(std::min(end, progress->iteration() + pace));
  progress->set_samples_per_second(10);
  progress->set_finished(complete && progress->iteration() == end);
  if (loss != nullptr) Evaluate();
}

void FakeTask::Evaluate() {
  const uint64_t every = spec.train().eval_every_iterations();
  uint64_t next = (report.evals().empty() ? 0 : report.evals().rbegin()->iteration()) + every;
  for (; next <= report.progress().iteration(); next += every) {
    v1::EvalPoint* point = report.add_evals();
    point->set_iteration(next);
    point->mutable_result()->set_loss(loss(next));
  }
}

// ---- nodes ----

FakeNode FakeNode::Server(const std::string& address, uint64_t process_nonce) {
  FakeNode node;
  node.report.set_role(v1::NODE_ROLE_SERVER);
  node.report.set_address(address);
  node.report.set_version("1");
  node.report.set_process_nonce(process_nonce);
  return node;
}

FakeNode FakeNode::Worker(const std::string& address, uint64_t process_nonce, uint32_t slots) {
  FakeNode node = Server(address, process_nonce);
  node.report.set_role(v1::NODE_ROLE_WORKER);
  node.report.set_slots(slots);
  return node;
}

void FakeNode::AddGpu(const std::string& name, uint64_t memory_mib) {
  v1::GpuStatus* gpu = report.add_gpus();
  gpu->set_ordinal(static_cast<uint32_t>(report.gpus_size() - 1));
  gpu->set_name(name);
  gpu->set_memory_bytes(memory_mib << 20);
}

void FakeNode::Heed(const v1::HeartbeatResponse& reply) {
  *report.mutable_scheduler() = reply.scheduler();
  for (const v1::ServerJobOrder& order : reply.jobs()) {
    if (order.desired() == v1::ServerJobOrder::CLOSE) {
      Close(order.job_id());
    } else {
      Serve(order);
    }
  }
  for (const v1::HoldOrder& order : reply.holds()) {
    v1::HeldCut* held = report.add_held_cuts();
    held->set_job_id(order.job_id());
    held->set_cut_id(order.cut_id());
    held->set_manifest_xxh3(order.manifest_xxh3());
    held->set_done(true);
    if (hold_cut) hold_cut(held);
  }
  for (const v1::DropOrder& order : reply.drops()) {
    EraseIf(report.mutable_held_cuts(), [&](const v1::HeldCut& held) {
      return held.job_id() == order.job_id() && held.cut_id() == order.cut_id();
    });
  }
  for (const v1::TaskOrder& order : reply.tasks()) {
    if (order.desired() == v1::TaskOrder::STOP) {
      Stop(order);
    } else {
      Run(order);
    }
  }
}

void FakeNode::Close(uint64_t job_id) {
  EraseIf(report.mutable_jobs(), [&](const auto& job) { return job.job_id() == job_id; });
}

void FakeNode::Serve(const v1::ServerJobOrder& order) {
  v1::ServerJobReport* job = nullptr;
  for (v1::ServerJobReport& held : *report.mutable_jobs()) {
    if (held.job_id() == order.job_id()) job = &held;
  }
  if (job == nullptr) {
    job = report.add_jobs();
    job->set_job_id(order.job_id());
    for (uint32_t rank = 0; rank < order.ranks(); ++rank) {
      job->add_progress(0);
      job->add_finished(false);
    }
  }
  if (job->timeline() != order.map().timeline()) {
    for (uint64_t& iterations : *job->mutable_progress()) iterations = 0;
    job->clear_cut();
  }
  job->set_timeline(order.map().timeline());
  job->set_epoch(order.map().epoch());
  job->set_state(v1::ServerJobReport::SERVING);
  if (!order.has_cut()) return;
  v1::CutReport* cut = job->mutable_cut();
  cut->Clear();
  cut->set_cut_id(order.cut().cut_id());
  cut->set_done(true);
  if (write_cut) {
    write_cut(order, cut);
    return;
  }
  for (const v1::ShardSpec& shard : order.map().shards()) {
    if (order.map().servers(shard.server()).address() != report.address()) continue;
    cut->add_files()->set_shard(shard.shard());
  }
}

void FakeNode::Run(const v1::TaskOrder& order) {
  v1::TaskReport* task = report.add_tasks();
  task->set_job_id(order.job_id());
  task->set_rank(order.rank());
  task->set_incarnation(order.incarnation());
  task->set_state(v1::TaskReport::RUNNING);
  if (order.has_gpu()) task->set_gpu(order.gpu());
  FakeTask& fake = tasks[{order.job_id(), order.rank()}];
  fake = FakeTask();
  fake.report.set_job_id(order.job_id());
  fake.report.set_rank(order.rank());
  fake.report.set_incarnation(order.incarnation());
  if (order.has_gpu()) fake.gpu = order.gpu();
}

void FakeNode::Stop(const v1::TaskOrder& order) {
  EraseIf(report.mutable_tasks(), [&](const v1::TaskReport& task) {
    return task.job_id() == order.job_id() && task.rank() == order.rank() &&
           task.incarnation() == order.incarnation();
  });
  const auto it = tasks.find({order.job_id(), order.rank()});
  if (it != tasks.end() && it->second.report.incarnation() == order.incarnation()) tasks.erase(it);
}

void FakeNode::ReportExits() {
  for (v1::TaskReport& task : *report.mutable_tasks()) {
    const auto it = tasks.find({task.job_id(), task.rank()});
    if (it != tasks.end() && it->second.exited &&
        it->second.report.incarnation() == task.incarnation())
      task.set_state(v1::TaskReport::EXITED);
  }
}

}  // namespace paceline::scheduler
