// Whole tasks, with their threads, data and models, against a cluster in memory.
#include "worker/io/task/task.h"

#include <atomic>
#include <catch2/catch.hpp>
#include <cstdlib>
#include <memory>
#include <numeric>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/clock.h"
#include "common/fs_posix.h"
#include "common/refusal/refusal.h"
#include "common/spec/defaults.h"
#include "common/status/status_matchers.h"
#include "worker/io/task/fake_cluster.h"

namespace paceline::worker {
namespace {

// A folder of the test runner's that the test may write to.
std::string TempDir() {
  const char* dir = std::getenv("TEST_TMPDIR");
  return dir != nullptr ? dir : "/tmp";
}

std::string WriteTemp(const std::string& name, const std::string& text) {
  PosixFileSystem fs;
  const std::string path = JoinPath(TempDir(), name);
  REQUIRE_OK(WriteFileDurably(fs, path, text));
  return path;
}

v1::JobSpec Spec(v1::ModelKind model, v1::Policy policy, uint32_t ranks) {
  v1::JobSpec spec;
  spec.set_name("test");
  spec.mutable_model()->set_kind(model);
  spec.mutable_consistency()->set_policy(policy);
  spec.mutable_resources()->set_workers(ranks);
  spec.mutable_resources()->set_device(v1::DEVICE_KIND_CPU);
  return spec;
}

v1::JobSpec Counting(v1::Policy policy, uint32_t ranks, uint64_t iterations) {
  v1::JobSpec spec = Spec(v1::MODEL_KIND_COUNTING, policy, ranks);
  spec.mutable_train()->set_iterations(iterations);
  return WithDefaults(spec);
}

// y = 1 where feature 0 is set, else 0; 30 records of 4 features.
v1::JobSpec Logistic(v1::Policy policy, uint32_t ranks, v1::TableKind table) {
  std::string text;
  for (int i = 0; i < 30; ++i) {
    absl::StrAppend(&text, i % 2, i % 2 == 1 ? " 1:1" : "", " ", 2 + i % 3, ":0.5\n");
  }
  v1::JobSpec spec = Spec(v1::MODEL_KIND_LOGISTIC, policy, ranks);
  spec.mutable_model()->set_table(table);
  v1::DataFile* file = spec.mutable_data()->mutable_train();
  file->set_path(WriteTemp("train.libsvm", text));
  file->set_format(v1::DATA_FORMAT_LIBSVM);
  *spec.mutable_data()->mutable_eval() = *file;
  spec.mutable_train()->set_global_batch(8);
  spec.mutable_train()->set_epochs(20);
  spec.mutable_train()->mutable_optimizer()->set_learning_rate(1.0);
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
  // Waits for all; the first end that is not kDone.
  TaskEnd Wait() {
    TaskEnd end;
    for (const auto& task : tasks) {
      const TaskEnd one = task->Wait();
      if (end.code == TaskEnd::kDone) end = one;
    }
    return end;
  }
};

TEST_CASE("Every push counts once, under every policy") {
  for (const v1::Policy policy : {v1::POLICY_BSP, v1::POLICY_SSP, v1::POLICY_ASP}) {
    FakeCluster cluster(Counting(policy, 3, 25), 2);
    Tasks tasks(&cluster, 3);
    CHECK(tasks.Wait().code == TaskEnd::kDone);
    for (uint32_t rank = 0; rank < 3; ++rank) {
      CHECK(cluster.Applied(rank) == std::pair<uint64_t, uint64_t>(25, 25));
      CHECK(cluster.Report(rank).progress().iteration() == 25);
      CHECK(cluster.Report(rank).progress().finished());
      // Every iteration was timed, and none waited longer than it took.
      const v1::TaskProgress progress = cluster.Report(rank).progress();
      const auto& counts = progress.step_seconds().counts();
      CHECK(std::accumulate(counts.begin(), counts.end(), uint64_t{0}) == 25);
      CHECK(progress.step_seconds().sum() > 0);
      CHECK(progress.wait_seconds().sum() > 0);
      CHECK(progress.wait_seconds().sum() <= progress.step_seconds().sum());
      CHECK(progress.recent_step_seconds() > 0);
    }
    // Row 0 counts the pushes.
    CHECK(cluster.Dense("counting/values")[0] == 75);
  }
}

TEST_CASE("Lost calls, lost replies and NOT_YET change nothing") {
  std::atomic<uint64_t> calls{0};
  const auto inject = [&](const std::string&, const v1::RequestContext&) -> FakeCluster::Fault {
    switch (calls++ % 7) {
      case 1:
        return {absl::UnavailableError("lost on the way"), false};
      case 3:
        return {absl::DeadlineExceededError("lost on the way back"), true};
      case 5: {
        v1::Refusal refusal;
        refusal.set_kind(v1::Refusal::NOT_YET);
        return {RefusalStatus(refusal, "waits for rank 2 at iteration 3"), false};
      }
      default:
        return {};
    }
  };
  FakeCluster cluster(Counting(v1::POLICY_SSP, 2, 20), 2, inject);
  Tasks tasks(&cluster, 2);
  CHECK(tasks.Wait().code == TaskEnd::kDone);
  for (uint32_t rank = 0; rank < 2; ++rank) {
    CHECK(cluster.Applied(rank) == std::pair<uint64_t, uint64_t>(20, 20));
  }
  CHECK(cluster.Dense("counting/values")[0] == 40);
}

TEST_CASE("A rank that servers send away opens again and goes on where they are") {
  std::atomic<int> refused{0};
  const auto inject = [&](const std::string& method,
                          const v1::RequestContext& context) -> FakeCluster::Fault {
    if (method != "Push" || context.iteration() != 5 || refused++ >= 3) return {};
    v1::Refusal refusal;
    refusal.set_kind(v1::Refusal::RANK_NOT_OPEN);
    return {RefusalStatus(refusal, "open first"), false};
  };
  FakeCluster cluster(Counting(v1::POLICY_BSP, 1, 10), 2, inject);
  Tasks tasks(&cluster, 1);
  CHECK(tasks.Wait().code == TaskEnd::kDone);
  CHECK(refused >= 3);
  CHECK(cluster.Applied(0) == std::pair<uint64_t, uint64_t>(10, 10));
}

TEST_CASE("A model learns from data, round by round or by grants, and is evaluated") {
  struct Case {
    v1::Policy policy;
    v1::TableKind table;
    uint64_t eval_every;
  };
  const Case cases[] = {{v1::POLICY_BSP, v1::TABLE_KIND_DENSE, 20},
                        {v1::POLICY_SSP, v1::TABLE_KIND_DENSE, 20},
                        {v1::POLICY_ASP, v1::TABLE_KIND_SPARSE, 20},
                        {v1::POLICY_SSP, v1::TABLE_KIND_SPARSE, 0}};
  for (const Case& c : cases) {
    DYNAMIC_SECTION(v1::Policy_Name(c.policy) << " " << v1::TableKind_Name(c.table)) {
      v1::JobSpec spec = Logistic(c.policy, 2, c.table);
      spec.mutable_train()->set_eval_every_iterations(c.eval_every);
      FakeCluster cluster(spec, 2);
      Tasks tasks(&cluster, 2);
      REQUIRE(tasks.Wait().code == TaskEnd::kDone);
      const v1::TaskProgress one = cluster.Report(0).progress();
      const v1::TaskProgress other = cluster.Report(1).progress();
      CHECK(one.samples() + other.samples() == 20 * 30);
      // By grants, a rank that starts late may find little left to do.
      const v1::TaskProgress& most = one.samples() >= other.samples() ? one : other;
      CHECK(most.recent_loss() > 0);
      CHECK(most.recent_loss() < 0.4);
      const v1::SyncTaskRequest first = cluster.Report(0);
      CHECK(first.facts().records() == 30);
      CHECK(first.facts().eval_records() == 30);
      CHECK(first.facts().features() == 4);
      REQUIRE(first.final_eval_done());
      // By grants, rank 0 may never come to its 20th iteration.
      const bool on_the_way = c.eval_every != 0 && first.progress().iteration() > 20;
      REQUIRE(first.evals_size() >= (on_the_way ? 2 : 1));
      CHECK(first.evals(first.evals_size() - 1).result().accuracy() == 1);
      CHECK(first.evals(first.evals_size() - 1).iteration() == first.progress().iteration());
      if (on_the_way) CHECK(first.evals(0).iteration() == 20);
      CHECK(cluster.Report(1).evals_size() == 0);
      CHECK(cluster.open_pins() == 0);
      if (c.table == v1::TABLE_KIND_SPARSE) CHECK(cluster.SparseKeys("logistic/weight") == 4);
      if (c.policy == v1::POLICY_SSP) CHECK(first.progress().cache_hits() > 0);
    }
  }
}

TEST_CASE("faults row 23: a gradient that explodes is skipped where the job says so") {
  v1::JobSpec spec = Logistic(v1::POLICY_BSP, 1, v1::TABLE_KIND_DENSE);
  spec.mutable_data()->set_scale(3e38);
  spec.mutable_model()->set_kind(v1::MODEL_KIND_LINEAR);
  spec.mutable_train()->set_epochs(2);
  spec.mutable_train()->mutable_optimizer()->set_learning_rate(1e30);
  spec.mutable_train()->set_on_non_finite(v1::NON_FINITE_POLICY_SKIP);
  FakeCluster cluster(spec, 2);
  Tasks tasks(&cluster, 1);
  CHECK(tasks.Wait().code == TaskEnd::kDone);
  CHECK(cluster.Report(0).progress().skipped_iterations() > 0);
  CHECK(cluster.Report(0).progress().iteration() == 8);
}

TEST_CASE("A clipped gradient moves the weights by the norm at most") {
  v1::JobSpec spec = Logistic(v1::POLICY_BSP, 1, v1::TABLE_KIND_DENSE);
  spec.mutable_train()->set_epochs(0);
  spec.mutable_train()->set_iterations(1);
  spec.mutable_train()->mutable_optimizer()->set_clip_norm(0.01);
  FakeCluster cluster(spec, 2);
  Tasks tasks(&cluster, 1);
  CHECK(tasks.Wait().code == TaskEnd::kDone);
  double squares = 0;
  for (const char* table : {"logistic/weight", "logistic/bias"}) {
    for (const float value : cluster.Dense(table)) squares += value * value;
  }
  CHECK(std::sqrt(squares) == Approx(0.01));
}

TEST_CASE(
    "faults row 22: what is wrong with the data reaches the scheduler, with file and record") {
  v1::JobSpec spec = Logistic(v1::POLICY_BSP, 1, v1::TABLE_KIND_DENSE);
  SECTION("no such file") {
    spec.mutable_data()->mutable_eval()->set_path("/no/such/file");
    FakeCluster cluster(spec, 1);
    Tasks tasks(&cluster, 1);
    const TaskEnd end = tasks.Wait();
    CHECK(end.code == TaskEnd::kFailed);
    CHECK_THAT(end.cause, Catch::Matchers::Contains("/no/such/file"));
    CHECK(cluster.Report(0).error() == end.cause);
  }
  SECTION("a bad record") {
    spec.mutable_data()->mutable_train()->set_path(WriteTemp("bad.libsvm", "1 1:1\nx y\n"));
    FakeCluster cluster(spec, 1);
    Tasks tasks(&cluster, 1);
    const TaskEnd end = tasks.Wait();
    CHECK(end.code == TaskEnd::kFailed);
    CHECK_THAT(end.cause, Catch::Matchers::Contains("bad.libsvm:2"));
  }
}

TEST_CASE("A refusal that cannot be mended fails the job with its cause") {
  const auto inject = [](const std::string& method,
                         const v1::RequestContext& context) -> FakeCluster::Fault {
    if (method != "Push" || context.iteration() != 2) return {};
    v1::Refusal refusal;
    refusal.set_kind(v1::Refusal::NON_FINITE);
    return {RefusalStatus(refusal, "table a, row 0, column 0: not finite"), false};
  };
  FakeCluster cluster(Counting(v1::POLICY_ASP, 1, 10), 1, inject);
  Tasks tasks(&cluster, 1);
  const TaskEnd end = tasks.Wait();
  CHECK(end.code == TaskEnd::kFailed);
  CHECK(cluster.Report(0).error() == "table a, row 0, column 0: not finite");
}

TEST_CASE("faults row 2: a task that another incarnation has replaced stops and fails nothing") {
  const auto inject = [](const std::string& method,
                         const v1::RequestContext& context) -> FakeCluster::Fault {
    if (method != "Push" || context.iteration() != 2) return {};
    v1::Refusal refusal;
    refusal.set_kind(v1::Refusal::STALE_INCARNATION);
    return {RefusalStatus(refusal, "incarnation 2 required, got 1"), false};
  };
  FakeCluster cluster(Counting(v1::POLICY_ASP, 1, 10), 1, inject);
  Tasks tasks(&cluster, 1);
  CHECK(tasks.Wait().code == TaskEnd::kFenced);
  CHECK(cluster.Report(0).error().empty());
}

TEST_CASE("A task exits when it is told, whatever it waits for") {
  // Servers that never answer well.
  const auto inject = [](const std::string&, const v1::RequestContext&) -> FakeCluster::Fault {
    return {absl::UnavailableError("down"), false};
  };
  FakeCluster cluster(Counting(v1::POLICY_BSP, 1, 10), 1, inject);
  Tasks tasks(&cluster, 1);
  cluster.Await([](const FakeCluster& c) {
    return c.Report(0).progress().wait_reason().find("down") != std::string::npos;
  });
  CHECK_FALSE(tasks.tasks[0]->ended());
  cluster.EndJob();
  CHECK(tasks.Wait().code == TaskEnd::kDone);
}

TEST_CASE("A task can be stopped at any time") {
  FakeCluster cluster(Counting(v1::POLICY_BSP, 2, 10), 1);
  // The second rank never comes.
  Tasks tasks(&cluster, 1);
  cluster.Await([](const FakeCluster& c) { return c.Report(0).has_facts(); });
  tasks.tasks[0]->Stop();
  CHECK(tasks.Wait().code == TaskEnd::kDone);
}

}  // namespace
}  // namespace paceline::worker
