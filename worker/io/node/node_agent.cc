#include "worker/io/node/node_agent.h"

#include <utility>

#include "common/log.h"
#include "worker/io/node/task_logs.h"

namespace paceline::worker {
NodeAgent::NodeAgent(Options options)
    : options_(std::move(options)),
      progress_(options_.clock, "the heartbeat loop"),
      contact_(options_.clock),
      loop_(LoopOptions()) {}

NodeAgent::~NodeAgent() { Stop(); }

void NodeAgent::Start() { loop_.Start(); }

void NodeAgent::Drain() {
  draining_ = true;
  loop_.Wake();
}

absl::Status NodeAgent::scheduler_status() const {
  MutexLock lock(&mu_);
  return status_;
}

absl::Status NodeAgent::Ready() const {
  return draining_ ? absl::UnavailableError("draining") : contact_.Check();
}

NodeAgent::Loop::Options NodeAgent::LoopOptions() {
  Loop::Options loop;
  loop.clock = options_.clock;
  loop.name = "heartbeat";
  loop.seed = options_.self.process_nonce();
  loop.fill = [this] { return Fill(); };
  loop.call = [this](const v1::HeartbeatRequest& request, absl::Duration timeout, Loop::Done done) {
    return options_.scheduler->Heartbeat(request, timeout, std::move(done));
  };
  loop.heartbeat = [](const v1::HeartbeatResponse& reply) {
    return absl::Milliseconds(reply.heartbeat_ms());
  };
  loop.on_reply = [this](const v1::HeartbeatResponse& reply) { OnReply(reply); };
  loop.on_failure = [this](const absl::Status& status, uint64_t failures) {
    OnFailure(status, failures);
  };
  return loop;
}

v1::HeartbeatRequest NodeAgent::Fill() {
  progress_.Round();
  v1::HeartbeatRequest request = options_.self;
  request.set_sequence(++sequence_);
  request.set_draining(draining_);
  *request.mutable_scheduler() = memory_.last();
  if (options_.host) *request.mutable_host() = options_.host();
  if (options_.gpus) {
    for (v1::GpuStatus& gpu : options_.gpus()) request.add_gpus()->Swap(&gpu);
  }
  for (v1::TaskReport& report : options_.supervisor->Reports()) {
    request.add_tasks()->Swap(&report);
  }
  if (options_.fs != nullptr) {
    for (const uint64_t job : LoggedJobs(*options_.fs, options_.data_dir)) {
      request.add_logged_jobs(job);
    }
  }
  return request;
}

void NodeAgent::OnReply(const v1::HeartbeatResponse& reply) {
  const absl::Status trusted = memory_.Check(reply.scheduler());
  if (!trusted.ok()) {
    LogError("orders not heeded", {{"cause", trusted}});
    contact_.Failed(trusted);
    MutexLock lock(&mu_);
    status_ = trusted;
    return;
  }
  node_id_ = reply.node_id();
  contact_.Heard(absl::Milliseconds(reply.heartbeat_ms()));
  {
    MutexLock lock(&mu_);
    if (!status_.ok()) {
      LogInfo("the scheduler answers",
              {{"node", reply.node_id()}, {"incarnation", reply.incarnation()}});
    }
    status_ = absl::OkStatus();
  }
  if (options_.fs != nullptr) TendLogs(reply);
  for (const v1::TaskOrder& order : reply.tasks()) {
    if (draining_ && order.desired() == v1::TaskOrder::RUN) continue;
    options_.supervisor->Obey(order);
  }
}

void NodeAgent::TendLogs(const v1::HeartbeatResponse& reply) {
  for (const v1::TaskOrder& order : reply.tasks()) {
    if (order.desired() != v1::TaskOrder::RUN) continue;
    const absl::Status noted =
        SetLogOwner(*options_.fs, options_.data_dir, order.job_id(), order.owner());
    // The task runs all the same; its log is shown to admins alone then.
    if (!noted.ok()) {
      LogWarning("owner of logs not noted", {{"job", order.job_id()}, {"cause", noted}});
    }
  }
  for (const uint64_t job : reply.drop_logs()) DropLogs(*options_.fs, options_.data_dir, job);
}

void NodeAgent::OnFailure(const absl::Status& status, uint64_t failures) {
  // The first, and then ever more rarely.
  if ((failures & (failures - 1)) == 0) {
    LogWarning("the scheduler does not answer", {{"failures", failures}, {"cause", status}});
  }
  contact_.Failed(status);
  MutexLock lock(&mu_);
  status_ = status;
}

}  // namespace paceline::worker
