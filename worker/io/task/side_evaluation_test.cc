// Evaluations beside training: of whole tasks, against a cluster in memory.
#include <algorithm>
#include <atomic>
#include <catch2/catch.hpp>
#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/clock.h"
#include "common/fs_posix.h"
#include "common/refusal/refusal.h"
#include "common/spec/defaults.h"
#include "common/status/status_matchers.h"
#include "worker/io/task/fake_cluster.h"
#include "worker/io/task/task.h"

namespace paceline::worker {
namespace {

constexpr uint64_t kEvery = 20;

// 4 rounds an epoch, 80 in all, evaluated every 20.
v1::JobSpec Logistic(v1::Policy policy, uint32_t ranks) {
  std::string text;
  for (int i = 0; i < 30; ++i) absl::StrAppend(&text, i % 2, " ", 1 + i % 3, ":0.5\n");
  PosixFileSystem fs;
  const char* dir = std::getenv("TEST_TMPDIR");
  const std::string path = JoinPath(dir != nullptr ? dir : "/tmp", "side_evaluation.libsvm");
  REQUIRE_OK(WriteFileDurably(fs, path, text));
  v1::JobSpec spec;
  spec.set_name("test");
  spec.mutable_model()->set_kind(v1::MODEL_KIND_LOGISTIC);
  spec.mutable_consistency()->set_policy(policy);
  spec.mutable_resources()->set_workers(ranks);
  spec.mutable_resources()->set_device(v1::DEVICE_KIND_CPU);
  v1::DataFile* file = spec.mutable_data()->mutable_train();
  file->set_path(path);
  file->set_format(v1::DATA_FORMAT_LIBSVM);
  *spec.mutable_data()->mutable_eval() = *file;
  spec.mutable_train()->set_global_batch(8);
  spec.mutable_train()->set_epochs(20);
  spec.mutable_train()->set_eval_every_iterations(kEvery);
  return WithDefaults(spec);
}

struct Tasks {
  RealClock clock;
  PosixFileSystem fs;
  std::vector<std::unique_ptr<Task>> tasks;

  Tasks(FakeCluster* cluster, uint32_t ranks) {
    for (uint32_t rank = 0; rank < ranks; ++rank) {
      TaskOptions options;
      options.job_id = 1;
      options.rank = rank;
      options.incarnation = 1;
      options.clock = &clock;
      options.fs = &fs;
      options.scheduler = cluster->scheduler();
      options.data_client = cluster->data_client();
      tasks.push_back(Task::Start(std::move(options)));
    }
  }
  bool AllDone() {
    return std::all_of(tasks.begin(), tasks.end(),
                       [](const auto& task) { return task->Wait().code == TaskEnd::kDone; });
  }
};

std::vector<uint64_t> EvaluatedAt(const FakeCluster& cluster) {
  std::vector<uint64_t> iterations;
  const v1::SyncTaskRequest report = cluster.Report(0);
  for (const v1::EvalPoint& point : report.evals()) iterations.push_back(point.iteration());
  return iterations;
}

FakeCluster::Fault Refuse(v1::Refusal::Kind kind) {
  v1::Refusal refusal;
  refusal.set_kind(kind);
  return {RefusalStatus(refusal, v1::Refusal::Kind_Name(kind)), false};
}

TEST_CASE("Training goes on while an evaluation reads") {
  const auto policy = GENERATE(v1::POLICY_BSP, v1::POLICY_ASP);
  std::atomic<bool> pinned{false};
  std::atomic<uint64_t> pushed{0};
  // The evaluation before iteration 20 gets no rows until training is far beyond.
  const auto inject = [&](const std::string& method,
                          const v1::RequestContext& context) -> FakeCluster::Fault {
    if (method == "Push") pushed = std::max<uint64_t>(pushed, context.iteration());
    if (method == "Pin" && context.iteration() == kEvery) pinned = true;
    if (method == "Pull" && pinned && context.iteration() == kEvery && pushed < kEvery + 15) {
      return Refuse(v1::Refusal::NOT_YET);
    }
    return {};
  };
  FakeCluster cluster(Logistic(policy, 1), 2, inject);
  Tasks tasks(&cluster, 1);
  CHECK(tasks.AllDone());
  CHECK(pinned);
  const std::vector<uint64_t> evaluated = EvaluatedAt(cluster);
  REQUIRE_FALSE(evaluated.empty());
  CHECK(evaluated.front() == kEvery);
  if (policy == v1::POLICY_BSP) CHECK(evaluated == std::vector<uint64_t>{20, 40, 60, 80});
  CHECK(cluster.open_pins() == 0);
}

TEST_CASE("A server without memory for a pin: bsp evaluates before its push, others not at all") {
  const auto policy = GENERATE(v1::POLICY_BSP, v1::POLICY_ASP);
  const auto inject = [&](const std::string& method,
                          const v1::RequestContext&) -> FakeCluster::Fault {
    return method == "Pin" ? Refuse(v1::Refusal::LIMIT) : FakeCluster::Fault{};
  };
  FakeCluster cluster(Logistic(policy, 1), 2, inject);
  Tasks tasks(&cluster, 1);
  CHECK(tasks.AllDone());
  CHECK(EvaluatedAt(cluster) == (policy == v1::POLICY_BSP ? std::vector<uint64_t>{20, 40, 60, 80}
                                                          : std::vector<uint64_t>{80}));
}

TEST_CASE("An evaluation whose calls are lost for long is made all the same") {
  std::atomic<bool> pinned{false};
  std::atomic<int> lost{0};
  const auto inject = [&](const std::string& method,
                          const v1::RequestContext& context) -> FakeCluster::Fault {
    if (method == "Pin" && context.iteration() == kEvery) pinned = true;
    if (method != "Pull" || !pinned || context.iteration() != kEvery || lost > 20) return {};
    ++lost;
    return {absl::UnavailableError("lost on the way"), false};
  };
  FakeCluster cluster(Logistic(v1::POLICY_BSP, 1), 2, inject);
  Tasks tasks(&cluster, 1);
  CHECK(tasks.AllDone());
  CHECK(lost > 20);
  CHECK(EvaluatedAt(cluster) == std::vector<uint64_t>{20, 40, 60, 80});
}

TEST_CASE("A pin whose answer is lost is not held twice") {
  std::atomic<int> lost{0};
  const auto inject = [&](const std::string& method,
                          const v1::RequestContext&) -> FakeCluster::Fault {
    if (method != "Pin" || lost == 5) return {};
    ++lost;
    return {absl::UnavailableError("lost on the way back"), true};
  };
  FakeCluster cluster(Logistic(v1::POLICY_BSP, 1), 2, inject);
  Tasks tasks(&cluster, 1);
  CHECK(tasks.AllDone());
  CHECK(lost == 5);
  CHECK(EvaluatedAt(cluster) == std::vector<uint64_t>{20, 40, 60, 80});
  CHECK(cluster.open_pins() == 0);
}

TEST_CASE("A rank ends where the scheduler says that training ends") {
  v1::JobSpec spec = Logistic(v1::POLICY_BSP, 1);
  spec.mutable_evaluation()->set_patience(1);
  FakeCluster cluster(WithDefaults(spec), 2);
  cluster.EndEarly(/*evals=*/1, /*iteration=*/3 * kEvery);
  Tasks tasks(&cluster, 1);
  CHECK(tasks.AllDone());
  CHECK(cluster.Report(0).progress().iteration() == 3 * kEvery);
  CHECK(cluster.Report(0).last_iteration() == 3 * kEvery);
  CHECK(EvaluatedAt(cluster) == std::vector<uint64_t>{20, 40, 60});
}

TEST_CASE("By grants, a rank that is beyond the end stops where it is") {
  FakeCluster cluster(Logistic(v1::POLICY_ASP, 1), 2);
  cluster.EndEarly(/*evals=*/1, /*iteration=*/1);
  Tasks tasks(&cluster, 1);
  CHECK(tasks.AllDone());
  CHECK(cluster.Report(0).progress().iteration() >= kEvery);
  CHECK(cluster.Report(0).progress().finished());
}

}  // namespace
}  // namespace paceline::worker
