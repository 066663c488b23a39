// What users, nodes and tasks send to a scheduler that has nodes and a job: whatever they
// say, it goes on, and its journal replays to the state that it has.
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "common/check.h"
#include "scheduler/core/fake_cluster.h"
#include "scheduler/core/fake_node.h"
#include "scheduler/core/state/cluster_state.h"
#include "tests/fuzz/frames.h"
#include "tests/fuzz/fuzz_target.h"

namespace paceline::fuzz {
namespace {

using scheduler::FakeCluster;
using scheduler::FakeNode;

enum Kind : uint8_t { kSubmit, kHeartbeat, kSyncTask, kStep, kRestart, kKinds };

template <typename Message>
bool Parse(absl::string_view bytes, Message* message) {
  return message->ParseFromArray(bytes.data(), static_cast<int>(bytes.size()));
}

void Say(const Frame& frame, FakeCluster* cluster) {
  switch (frame.kind % kKinds) {
    case kSubmit: {
      v1::SubmitJobRequest request;
      if (Parse(frame.bytes, &request)) (void)cluster->TrySubmit(request);
      break;
    }
    case kHeartbeat: {
      v1::HeartbeatRequest request;
      if (!Parse(frame.bytes, &request)) break;
      const auto node = cluster->core().Heartbeat(request, cluster->now());
      if (node.ok()) (void)cluster->core().NodeReply(*node, cluster->now());
      break;
    }
    case kSyncTask: {
      v1::SyncTaskRequest request;
      if (!Parse(frame.bytes, &request)) break;
      if (!cluster->core().SyncTask(request, cluster->now()).ok()) break;
      (void)cluster->core().TaskReply(request, cluster->now());
      break;
    }
    case kStep:
      cluster->Step();
      break;
    case kRestart:
      PL_CHECK(cluster->RestartScheduler().ok());
      break;
  }
}

void CheckReplay(FakeCluster* cluster) {
  scheduler::ClusterState replayed;
  for (const v1::Update& update : cluster->journal().updates()) {
    PL_CHECK(replayed.Apply(update).ok());
  }
  PL_CHECK(replayed.Snapshot().SerializeAsString() ==
           cluster->core().state().Snapshot().SerializeAsString());
}

}  // namespace

std::vector<std::string> Seeds() {
  FakeCluster cluster;
  scheduler::AddSmallCluster(&cluster);
  v1::SubmitJobRequest submit;
  submit.set_request_id("r");
  *submit.mutable_spec() = scheduler::CountingSpec(2, 2, v1::POLICY_SSP);
  PL_CHECK(cluster.Submit(submit.spec()) != 0);
  std::string input;
  AppendFrame(kSubmit, submit.SerializeAsString(), &input);
  std::vector<std::string> seeds;
  // What nodes and tasks really say at each moment of a job's life.
  for (int step = 0; step < 6; ++step) {
    for (const auto& [address, node] : cluster.nodes()) {
      AppendFrame(kHeartbeat, node.report.SerializeAsString(), &input);
      for (const auto& [key, task] : node.tasks) {
        AppendFrame(kSyncTask, task.report.SerializeAsString(), &input);
      }
    }
    AppendFrame(kStep, "", &input);
    if (step == 3) AppendFrame(kRestart, "", &input);
    seeds.push_back(input);
    cluster.Step();
  }
  return seeds;
}

void FuzzOne(absl::string_view input) {
  FakeCluster cluster;
  scheduler::AddSmallCluster(&cluster);
  cluster.Submit(scheduler::CountingSpec(2, 2, v1::POLICY_BSP));
  for (int step = 0; step < 3; ++step) cluster.Step();
  for (const Frame& frame : SplitFrames(input)) Say(frame, &cluster);
  cluster.Step();
  CheckReplay(&cluster);
}

}  // namespace paceline::fuzz
