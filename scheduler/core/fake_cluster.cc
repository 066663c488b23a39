#include "scheduler/core/fake_cluster.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "common/check.h"
#include "common/status/status_macros.h"
#include "scheduler/core/state/job_machine.h"
#include "scheduler/core/stored_cuts/start_cut.h"

namespace paceline::scheduler {
namespace {

constexpr int kMaxSteps = 10000;

}  // namespace

FakeCluster::FakeCluster() {
  now_.monotonic = absl::Seconds(1);
  now_.wall_ms = 1'000'000;
  options.plan.data_dir = "/data";
  options.plan.version = std::string("1");
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

FakeNode& FakeCluster::AddServer(const std::string& address) {
  return nodes_[address] = FakeNode::Server(address, next_nonce_++);
}

FakeNode& FakeCluster::AddWorker(const std::string& address, uint32_t slots) {
  return nodes_[address] = FakeNode::Worker(address, next_nonce_++, slots);
}

uint64_t FakeCluster::Submit(const v1::JobSpec& spec, const std::string& request_id) {
  v1::SubmitJobRequest request;
  *request.mutable_spec() = spec;
  request.set_request_id(request_id);
  const auto job_id = TrySubmit(request);
  return job_id.ok() ? *job_id : 0;
}

absl::StatusOr<uint64_t> FakeCluster::TrySubmit(const v1::SubmitJobRequest& request) {
  PL_ASSIGN_OR_RETURN(std::optional<NamedCut> named, core_->StartCutOf(request));
  std::optional<StartCut> start;
  if (named.has_value()) {
    const v1::CutManifest manifest = manifests[named->dir];
    start = StartCut{.name = *std::move(named), .manifest = manifest};
  }
  return core_->Submit(request, start, now_);
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
  // The scheduler never stands still for long.
  while (time > absl::ZeroDuration()) {
    const absl::Duration step = std::min(time, options.plan.heartbeat);
    time -= step;
    now_.monotonic += step;
    now_.wall_ms += absl::ToInt64Milliseconds(step);
    core_->Tick(now_).IgnoreError();
  }
}

void FakeCluster::NodeSpeaks(FakeNode& node) {
  node.report.set_sequence(node.report.sequence() + 1);
  const auto node_id = core_->Heartbeat(node.report, now_);
  if (!node_id.ok()) return;
  const auto answer = core_->NodeReply(*node_id, now_);
  core_->NodeReplySent(*node_id, answer.reply, now_);
  node.Heed(answer.reply);
  for (v1::ServerJobReport& job : *node.report.mutable_jobs()) {
    if (job.has_cut() && job.cut().progress().empty())
      FillProgress(job.job_id(), job.mutable_cut());
  }
}

void FakeCluster::TaskSpeaks(FakeNode& node, FakeTask& task) {
  task.report.set_sequence(task.report.sequence() + 1);
  if (!core_->SyncTask(task.report, now_).ok()) return;
  const v1::SyncTaskResponse reply = core_->TaskReply(task.report, now_).reply;
  core_->TaskReplySent(task.report, reply, now_);
  task.Heed(reply, records);
  node.ReportExits();
}

void FakeCluster::FillProgress(uint64_t job_id, v1::CutReport* cut) const {
  const v1::JobRecord* job = core_->state().FindJob(job_id);
  if (job == nullptr) return;
  cut->mutable_progress()->Resize(job->ranks_size(), 0);
  for (const auto& [address, node] : nodes_) {
    for (const auto& [key, task] : node.tasks) {
      if (key.first != job_id) continue;
      cut->set_progress(static_cast<int>(key.second), task.report.progress().iteration());
    }
  }
}

void FakeCluster::RunCommands() {
  for (const Command& command : core_->TakeCommands()) {
    const bool commit = command.kind == Command::Kind::kCommitCut;
    if (command.kind == Command::Kind::kDeleteJob) {
      std::erase_if(manifests, [&](const auto& cut) {
        return absl::StartsWith(cut.first, absl::StrCat(command.dir, "/"));
      });
    }
    if (commit) manifests[command.dir] = command.manifest;
    core_->OnWorkDone(command, std::string(commit ? "manifest" : "sha"), now_).IgnoreError();
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

void AddSmallCluster(FakeCluster* cluster) {
  cluster->AddServer("s1");
  cluster->AddServer("s2");
  cluster->AddWorker("w1", 2);
  cluster->AddWorker("w2", 2);
  cluster->Step();
}

bool AllClosed(FakeCluster* cluster) {
  for (const auto& [address, node] : cluster->nodes()) {
    if (!node.report.jobs().empty() || !node.report.tasks().empty()) return false;
  }
  return true;
}

}  // namespace paceline::scheduler
