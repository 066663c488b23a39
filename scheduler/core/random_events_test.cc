// Random sequences of events against invariants that must hold after each.
#include <algorithm>
#include <catch2/catch.hpp>
#include <map>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "common/status/status_matchers.h"
#include "scheduler/core/admission/admission.h"
#include "scheduler/core/fake_cluster.h"
#include "scheduler/core/state/job_machine.h"

namespace paceline::scheduler {
namespace {

struct Ended {
  v1::JobState state;
  std::string reason;
};

// Takes in what was journaled since the last call.
void CatchUp(FakeCluster* cluster, ClusterState* replayed) {
  const std::vector<v1::Update>& updates = cluster->journal().updates();
  while (replayed->journal_index() < updates.size()) {
    REQUIRE_OK(replayed->Apply(updates[replayed->journal_index()]));
  }
}

void CheckInvariants(FakeCluster* cluster, ClusterState* replayed,
                     std::map<uint64_t, Ended>* ended) {
  const ClusterState& state = cluster->core().state();
  // The journal replays to the live state.
  CatchUp(cluster, replayed);
  REQUIRE(replayed->Snapshot().SerializeAsString() == state.Snapshot().SerializeAsString());

  // Jobs that ended stay as they were.
  for (const auto& [id, job] : state.jobs()) {
    const auto it = ended->find(id);
    if (it != ended->end()) {
      REQUIRE(job.state() == it->second.state);
      REQUIRE(job.reason() == it->second.reason);
    } else if (HasEnded(job.state())) {
      (*ended)[id] = {job.state(), job.reason()};
    }
  }

  // No worker ever has more tasks than slots.
  for (const auto& [address, node] : cluster->nodes()) {
    if (node.report.role() != v1::NODE_ROLE_WORKER) continue;
    const auto running =
        std::count_if(node.report.tasks().begin(), node.report.tasks().end(),
                      [](const auto& task) { return task.state() == v1::TaskReport::RUNNING; });
    REQUIRE(running <= node.report.slots());
    // Nor two on one GPU, or one on a GPU that it does not have.
    std::set<uint32_t> gpus;
    for (const v1::TaskReport& task : node.report.tasks()) {
      if (task.state() != v1::TaskReport::RUNNING || !task.has_gpu()) continue;
      REQUIRE(gpus.insert(task.gpu()).second);
      REQUIRE(task.gpu() < static_cast<uint32_t>(node.report.gpus_size()));
    }
  }

  // First in, first out: no job has started while an older one waits.
  bool waiting = false;
  for (const uint64_t id : state.active_jobs()) {
    const bool pending = state.FindJob(id)->state() == v1::JOB_STATE_PENDING;
    REQUIRE((pending || !waiting));
    waiting |= pending;
  }

  // All tasks of a job compute on GPUs, or none does; under bsp on one model.
  for (const uint64_t id : state.active_jobs()) {
    const v1::JobRecord& job = *state.FindJob(id);
    const bool cuda = job.device() == v1::DEVICE_KIND_CUDA;
    REQUIRE((cuda && job.spec().consistency().policy() == v1::POLICY_BSP) ==
            !job.gpu_name().empty());
    for (const v1::RankRecord& rank : job.ranks()) {
      REQUIRE(rank.has_gpu() == (cuda && rank.node_id() != 0));
    }
  }

  // All ranks have started or none has.
  for (const auto& [id, job] : state.jobs()) {
    REQUIRE((job.ranks().empty() ||
             job.ranks_size() == static_cast<int>(job.spec().resources().workers())));
  }
}

// A worker with as many GPUs of two models as the seed says, at most one a slot.
void AddGpus(uint64_t seed, FakeNode* worker) {
  const uint64_t gpus = seed % (worker->report.slots() + 1);
  for (uint64_t i = 0; i < gpus; ++i) worker->AddGpu((seed + i) % 3 == 0 ? "big" : "small", 100);
}

TEST_CASE("random events: replay, ended jobs, slots, GPUs, drains, order of the queue") {
  for (uint32_t seed = 1; seed <= 12; ++seed) {
    INFO("seed " << seed);
    std::mt19937_64 random(seed);
    const auto below = [&](uint64_t n) { return random() % n; };
    FakeCluster cluster;
    cluster.records = 40;
    for (int i = 0; i < 3; ++i) cluster.AddServer("s" + std::to_string(i));
    for (int i = 0; i < 4; ++i) {
      const auto slots = static_cast<uint32_t>(1 + below(3));
      AddGpus(seed + static_cast<uint64_t>(i), &cluster.AddWorker("w" + std::to_string(i), slots));
    }
    ClusterState replayed;
    std::map<uint64_t, Ended> ended;
    for (int step = 0; step < 150; ++step) {
      auto node = std::next(cluster.nodes().begin(), static_cast<long>(below(7)));
      switch (below(18)) {
        case 0: {
          const auto policy = static_cast<v1::Policy>(1 + below(3));
          const auto workers = static_cast<uint32_t>(1 + below(4));
          const auto servers = static_cast<uint32_t>(1 + below(3));
          v1::JobSpec spec = below(2) == 0 ? CountingSpec(workers, servers, policy)
                                           : RecordsSpec(workers, servers, policy, 8, 2);
          // auto, cpu or cuda, which may wait for ever and hold the others back.
          if (below(8) < 6) {
            spec.mutable_resources()->set_device(static_cast<v1::DeviceKind>(1 + below(2)));
          } else if (spec.model().kind() != v1::MODEL_KIND_COUNTING) {
            spec.mutable_resources()->set_device(v1::DEVICE_KIND_CUDA);
            spec.mutable_resources()->set_workers(1);
          }
          cluster.Submit(spec, below(2) == 0 ? "r" + std::to_string(below(10)) : "");
          break;
        }
        case 1: {
          v1::CancelJobRequest cancel;
          cancel.set_job_id(below(10));
          cluster.core().Cancel(cancel, cluster.now()).IgnoreError();
          break;
        }
        case 2:
          if (below(3) == 0) REQUIRE_OK(cluster.RestartScheduler());
          break;
        case 3:
          if (below(3) == 0) node->second.alive = !node->second.alive;
          break;
        case 4:
          // A new process at the same address.
          if (below(4) == 0) {
            const v1::HeartbeatRequest old = node->second.report;
            if (old.role() == v1::NODE_ROLE_SERVER) {
              cluster.AddServer(node->first);
            } else {
              *cluster.AddWorker(node->first, old.slots()).report.mutable_gpus() = old.gpus();
            }
          }
          break;
        case 5:
          if (!node->second.report.tasks().empty() && below(3) == 0) {
            node->second.report.mutable_tasks(0)->set_state(v1::TaskReport::EXITED);
          }
          break;
        case 6:
          cluster.Advance(absl::Milliseconds(static_cast<int64_t>(below(3000))));
          break;
        case 7:
          // A journal that fails for one event.
          cluster.journal().FailWith(absl::UnavailableError("no"));
          if (node->second.alive) cluster.NodeSpeaks(node->second);
          cluster.journal().FailWith(absl::OkStatus());
          break;
        case 8:
          // Drained, or taken back.
          if (below(3) == 0) {
            v1::DrainNodeRequest drain;
            drain.set_address(node->first);
            drain.set_undo(below(2) == 0);
            cluster.core().DrainNode(drain, cluster.now()).status().IgnoreError();
          }
          break;
        case 9:
          // What it was is no longer of interest.
          cluster.core().Delete(below(10), cluster.now()).IgnoreError();
          cluster.RunCommands();
          break;
        default:
          cluster.Step();
      }
      CheckInvariants(&cluster, &replayed, &ended);
    }
    // Everything heals: what still runs comes to an end.
    for (auto& [address, node] : cluster.nodes()) {
      node.alive = true;
      v1::DrainNodeRequest back;
      back.set_address(address);
      back.set_undo(true);
      cluster.core().DrainNode(back, cluster.now()).status().IgnoreError();
    }
    for (int step = 0; step < 400 && !cluster.core().state().active_jobs().empty(); ++step) {
      cluster.Step();
    }
    for (const uint64_t id : cluster.core().state().active_jobs()) {
      // Only a job that never fits may be left, and those behind it.
      INFO(cluster.View(id).ShortDebugString());
      REQUIRE(cluster.StateOf(id) == v1::JOB_STATE_PENDING);
    }
    CheckInvariants(&cluster, &replayed, &ended);
    CHECK_FALSE(ended.empty());
  }
}

}  // namespace
}  // namespace paceline::scheduler
