#include "tests/sim/sim_cluster.h"

#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>

#include <algorithm>
#include <optional>
#include <set>
#include <tuple>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/check.h"
#include "common/status/status_macros.h"
#include "scheduler/core/state/cluster_state.h"
#include "scheduler/core/stored_cuts/cut_folder.h"
#include "scheduler/core/stored_cuts/start_cut.h"

namespace paceline::sim {
namespace {

constexpr absl::Duration kHeartbeat = absl::Seconds(1);
// Callers speak often enough that lost calls alone never look like a dead node.
constexpr absl::Duration kSpeakEvery = absl::Milliseconds(100);
constexpr absl::Duration kTick = absl::Milliseconds(250);
constexpr absl::Duration kTimeout = absl::Milliseconds(300);
constexpr char kVersion[] = "1";
// Where calls to it go.
constexpr char kScheduler[] = "scheduler";

// The same message gives the same bytes.
std::string Bytes(const google::protobuf::MessageLite& message) {
  std::string bytes;
  google::protobuf::io::StringOutputStream stream(&bytes);
  google::protobuf::io::CodedOutputStream coded(&stream);
  coded.SetSerializationDeterministic(true);
  PL_CHECK(message.SerializeToCodedStream(&coded));
  coded.Trim();
  return bytes;
}

absl::Status CheckFiles(const SimDisk& disk, const std::string& dir,
                        const v1::CutManifest& manifest) {
  for (const v1::CutFile& file : manifest.files()) {
    if (!disk.contains({dir, file.shard()})) {
      return absl::DataLossError(absl::StrCat(dir, "/", file.name(), " is not there"));
    }
  }
  return absl::OkStatus();
}

}  // namespace

SimCluster::SimCluster(const Options& options) : options_(options) {
  StartScheduler();
  TickForEver();
  for (uint32_t i = 0; i < options.servers + options.workers; ++i) {
    const bool server = i < options.servers;
    const std::string address = absl::StrCat(server ? "server-" : "worker-", i);
    auto node = std::make_unique<Node>();
    node->report.set_role(server ? v1::NODE_ROLE_SERVER : v1::NODE_ROLE_WORKER);
    node->report.set_address(address);
    node->report.set_version(kVersion);
    node->report.set_process_nonce(100 + i);
    if (server) {
      node->server =
          std::make_unique<SimServer>(SimServer::Options{.loop = options.loop,
                                                         .random = options.random,
                                                         .disk = &disk_,
                                                         .owners = &owners_,
                                                         .most_open = absl::Milliseconds(200),
                                                         .most_write = absl::Milliseconds(10)});
    } else {
      node->report.set_slots(options.slots);
    }
    HeartbeatForEver(node.get());
    nodes_[address] = std::move(node);
  }
}

scheduler::Moment SimCluster::now() const {
  const absl::Duration now = options_.loop->now();
  return {.monotonic = now, .wall_ms = absl::ToInt64Milliseconds(now)};
}

void SimCluster::StartScheduler() {
  scheduler::SchedulerCore::Options options;
  options.plan.heartbeat = kHeartbeat;
  options.plan.data_dir = "/cuts";
  options.plan.version = std::string(kVersion);
  options.new_cluster_id = "sim";
  options.start_nonce = next_nonce_++;
  options.compact_after = options_.compact_after;
  auto core = scheduler::SchedulerCore::Open(options, &journal_, now());
  PL_CHECK(core.ok()) << core.status();
  core_ = *std::move(core);
  PL_CHECK_OK(CheckReplay());
}

absl::Status SimCluster::CheckReplay() {
  scheduler::ClusterState replayed;
  PL_RETURN_IF_ERROR(journal_.Replay(
      [&](const v1::StateSnapshot& snapshot) -> absl::Status {
        PL_ASSIGN_OR_RETURN(replayed, scheduler::ClusterState::FromSnapshot(snapshot));
        return absl::OkStatus();
      },
      [&](const v1::Update& update) { return replayed.Apply(update); }));
  const scheduler::ClusterState& live = core_->state();
  const v1::StateSnapshot is = live.Snapshot();
  const v1::StateSnapshot again = replayed.Snapshot();
  if (Bytes(is) == Bytes(again) && live.active_jobs() == replayed.active_jobs()) {
    return absl::OkStatus();
  }
  return absl::DataLossError(absl::StrCat("the journal replays to ", again.ShortDebugString(),
                                          ", the live state is ", is.ShortDebugString()));
}

absl::StatusOr<uint64_t> SimCluster::Submit(const v1::SubmitJobRequest& request) {
  PL_ASSIGN_OR_RETURN(const auto named, core_->StartCutOf(request));
  std::optional<scheduler::StartCut> start;
  if (named.has_value()) {
    start = scheduler::StartCut{.name = *named, .manifest = manifests_.at(named->dir)};
    PL_RETURN_IF_ERROR(CheckFiles(disk_, named->dir, start->manifest));
  }
  return core_->Submit(request, start, now());
}

void SimCluster::RestartScheduler(absl::Duration down) {
  if (core_ != nullptr) PL_CHECK_OK(CheckReplay());
  core_.reset();
  options_.loop->After(down, [this] { StartScheduler(); });
}

SimTask* SimCluster::AnyTask() {
  std::vector<SimTask*> alive;
  for (const auto& task : tasks_) {
    if (task->alive()) alive.push_back(task.get());
  }
  return alive.empty() ? nullptr : alive[options_.random->Below(alive.size())];
}

bool SimCluster::KillTask() {
  SimTask* task = AnyTask();
  if (task != nullptr) task->Die();
  return task != nullptr;
}

bool SimCluster::HangTask() {
  SimTask* task = AnyTask();
  if (task != nullptr) task->Kill();
  return task != nullptr;
}

SimCluster::Node* SimCluster::AnyNode(bool server) {
  std::vector<Node*> up;
  for (auto& [address, node] : nodes_) {
    if ((node->server != nullptr) == server && node->up) up.push_back(node.get());
  }
  return up.empty() ? nullptr : up[options_.random->Below(up.size())];
}

void SimCluster::StopNode(Node* node, absl::Duration down) {
  node->up = false;
  options_.loop->After(down, [this, node] {
    if (node->server != nullptr) node->server->Start();
    node->report.set_process_nonce(node->report.process_nonce() + 1000);
    node->report.clear_scheduler();
    node->sequence = 0;
    node->up = true;
    HeartbeatForEver(node);
  });
}

void SimCluster::RestartWorker(absl::Duration down) {
  Node* node = AnyNode(/*server=*/false);
  if (node == nullptr) return;
  for (auto& [key, task] : node->tasks) task->Kill();
  node->tasks.clear();
  StopNode(node, down);
}

void SimCluster::RestartServer(absl::Duration down) {
  Node* node = AnyNode(/*server=*/true);
  if (node == nullptr) return;
  node->server->Kill();
  StopNode(node, down);
}

void SimCluster::CutLink(absl::Duration down) {
  std::vector<std::string> ends = {kScheduler};
  for (const auto& [address, node] : nodes_) ends.push_back(address);
  const size_t one = options_.random->Below(ends.size());
  const size_t other = (one + 1 + options_.random->Below(ends.size() - 1)) % ends.size();
  CutLink(ends[one], ends[other], down);
  if (options_.random->Chance(0.5)) CutLink(ends[other], ends[one], down);
}

void SimCluster::CutLink(const std::string& from, const std::string& to, absl::Duration down) {
  options_.network->Cut(from, to);
  options_.loop->After(down, [this, from, to] { options_.network->Mend(from, to); });
}

void SimCluster::TickForEver() {
  options_.loop->After(kTick, [this] {
    if (core_ != nullptr) {
      PL_CHECK_OK(core_->Tick(now()));
      RunCommands();
    }
    TickForEver();
  });
}

void SimCluster::HeartbeatForEver(Node* node) {
  v1::HeartbeatRequest report = node->report;
  const uint64_t nonce = report.process_nonce();
  report.set_sequence(++node->sequence);
  if (node->server != nullptr) {
    for (v1::ServerJobReport& job : node->server->Reports()) *report.add_jobs() = std::move(job);
  }
  for (const auto& [key, task] : node->tasks) {
    v1::TaskReport* entry = report.add_tasks();
    entry->set_job_id(std::get<0>(key));
    entry->set_rank(std::get<1>(key));
    entry->set_incarnation(std::get<2>(key));
    entry->set_state(task->exited() ? v1::TaskReport::EXITED : v1::TaskReport::RUNNING);
  }
  options_.network->Call<v1::HeartbeatResponse>(
      {node->report.address(), kScheduler}, kTimeout,
      [this, report](const Network::Done<v1::HeartbeatResponse>& done) {
        if (core_ == nullptr) return;
        const auto node_id = core_->Heartbeat(report, now());
        if (!node_id.ok()) return done(node_id.status());
        auto answer = core_->NodeReply(*node_id, now());
        core_->NodeReplySent(*node_id, answer.reply, now());
        RunCommands();
        done(answer.reply);
      },
      [this, node, nonce](const absl::StatusOr<v1::HeartbeatResponse>& reply) {
        // The process that asked is gone.
        if (!node->up || node->report.process_nonce() != nonce) return;
        if (reply.ok()) Obey(node, *reply);
        options_.loop->After(kSpeakEvery, [this, node, nonce] {
          if (node->up && node->report.process_nonce() == nonce) HeartbeatForEver(node);
        });
      });
}

void SimCluster::Obey(Node* node, const v1::HeartbeatResponse& reply) {
  *node->report.mutable_scheduler() = reply.scheduler();
  for (const v1::ServerJobOrder& order : reply.jobs()) {
    node->server->Heed(order, reply.node_id(), reply.incarnation());
  }
  for (const v1::TaskOrder& order : reply.tasks()) {
    const auto key = std::make_tuple(order.job_id(), order.rank(), order.incarnation());
    const auto place = node->tasks.find(key);
    if (order.desired() == v1::TaskOrder::STOP) {
      if (place == node->tasks.end()) continue;
      place->second->Kill();
      node->tasks.erase(place);
      continue;
    }
    if (place != node->tasks.end()) continue;
    SimTask::Options task;
    task.loop = options_.loop;
    task.random = options_.random;
    task.network = options_.network;
    task.find_servers = [this](const v1::ShardMap& map) { return ServersOf(map); };
    task.node = node->report.address();
    task.job_id = order.job_id();
    task.rank = order.rank();
    task.incarnation = order.incarnation();
    task.records = options_.records;
    node->tasks[key] = std::make_shared<SimTask>(task);
    tasks_.push_back(node->tasks[key]);
    SyncForEver(node->tasks[key]);
  }
}

void SimCluster::SyncForEver(const std::shared_ptr<SimTask>& task) {
  if (!task->alive()) return;
  const v1::SyncTaskRequest report = task->Report();
  options_.network->Call<v1::SyncTaskResponse>(
      {task->node(), kScheduler}, kTimeout,
      [this, report](const Network::Done<v1::SyncTaskResponse>& done) {
        if (core_ == nullptr) return;
        if (const absl::Status taken = core_->SyncTask(report, now()); !taken.ok()) {
          return done(taken);
        }
        auto answer = core_->TaskReply(report, now());
        core_->TaskReplySent(report, answer.reply, now());
        RunCommands();
        done(answer.reply);
      },
      [this, task](const absl::StatusOr<v1::SyncTaskResponse>& reply) {
        if (reply.ok()) task->Obey(*reply);
        options_.loop->After(kSpeakEvery, [this, task] { SyncForEver(task); });
      });
}

void SimCluster::RunCommands() {
  for (const scheduler::Command& command : core_->TakeCommands()) {
    options_.loop->After(kSpeakEvery, [this, command] {
      if (core_ == nullptr) return;
      PL_CHECK_OK(core_->OnWorkDone(command, Execute(command), now()));
      RunCommands();
    });
  }
}

absl::StatusOr<std::string> SimCluster::Execute(const scheduler::Command& command) {
  switch (command.kind) {
    case scheduler::Command::Kind::kCommitCut:
      PL_RETURN_IF_ERROR(CheckFiles(disk_, command.dir, command.manifest));
      manifests_[command.dir] = command.manifest;
      return std::string("manifest");
    case scheduler::Command::Kind::kHashCut:
      return std::string("sha256");
    case scheduler::Command::Kind::kRemoveCuts: {
      std::set<std::string> removed;
      for (uint64_t id = 1; id < command.cut_id; ++id) {
        if (std::find(command.keep.begin(), command.keep.end(), id) != command.keep.end()) continue;
        removed.insert(scheduler::CutDir(command.dir, id));
      }
      std::erase_if(disk_, [&](const auto& file) { return removed.contains(file.first.first); });
      std::erase_if(manifests_, [&](const auto& cut) { return removed.contains(cut.first); });
      return std::string();
    }
    case scheduler::Command::Kind::kDeleteJob: {
      const std::string folder = command.dir + "/";
      std::erase_if(disk_, [&](const auto& file) { return file.first.first.starts_with(folder); });
      std::erase_if(manifests_, [&](const auto& cut) { return cut.first.starts_with(folder); });
      return std::string();
    }
  }
  return std::string();
}

void SimCluster::DamageCut() {
  if (core_ == nullptr) return;
  std::vector<const v1::JobRecord*> jobs;
  for (const uint64_t id : core_->state().active_jobs()) {
    const v1::JobRecord* job = core_->state().FindJob(id);
    if (job->state() == v1::JOB_STATE_RUNNING && !job->cuts().empty()) jobs.push_back(job);
  }
  if (jobs.empty()) return;
  const v1::JobRecord* job = jobs[options_.random->Below(jobs.size())];
  disk_.erase({job->cuts().rbegin()->dir(), 0});
}

std::vector<SimServer*> SimCluster::ServersOf(const v1::ShardMap& map) {
  std::vector<SimServer*> servers;
  for (const v1::ShardServer& server : map.servers()) {
    servers.push_back(nodes_.at(server.address())->server.get());
  }
  return servers;
}

size_t SimCluster::held() {
  size_t held = 0;
  for (const auto& [address, node] : nodes_) {
    held += node->tasks.size();
    if (node->server != nullptr) held += node->server->Reports().size();
  }
  return held;
}

}  // namespace paceline::sim
