// Whole tasks whose device takes batches and tables early: what it gets, under failures too.
#include <algorithm>
#include <atomic>
#include <catch2/catch.hpp>
#include <cstdlib>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/clock.h"
#include "common/fs_posix.h"
#include "common/refusal/refusal.h"
#include "common/spec/defaults.h"
#include "common/status/status_matchers.h"
#include "common/sync.h"
#include "worker/io/task/fake_cluster.h"
#include "worker/io/task/task.h"

namespace paceline::worker {
namespace {

// What a device was given, and what of it was not as promised. Outlives the task.
class Seen {
 public:
  // Of Upload; called with the values, which it may look at as long as it likes.
  std::function<absl::Status(absl::Span<const float> rows)> on_upload;
  absl::Status stage_status;

  void Upload(int table, absl::Span<const float> rows, uint64_t version) {
    MutexLock lock(&mu_);
    ++uploads_;
    if (version == 0) problems_.push_back("an upload without a version");
    if (!versions_.insert(version).second) {
      problems_.push_back(absl::StrCat("version ", version, " came twice"));
    }
    named_[{table, version}] = {rows.begin(), rows.end()};
  }
  void Gradient(const Batch& batch, const Parameters& parameters) {
    MutexLock lock(&mu_);
    ++gradients_;
    if (batch.staged != nullptr) {
      ++staged_;
      if (*static_cast<const uint64_t*>(batch.staged.get()) != batch.iteration) {
        problems_.push_back("the batch of another iteration was staged");
      }
    }
    for (int table = 0; table < static_cast<int>(parameters.size()); ++table) {
      const TableRows& rows = parameters[table];
      if (rows.version == 0) continue;
      const std::vector<float> values(rows.rows.begin(), rows.rows.end());
      const auto found = named_.find({table, rows.version});
      if (found == named_.end()) {
        // Kept by the driver: it must keep its name, too.
        if (!versions_.insert(rows.version).second) {
          problems_.push_back(absl::StrCat("version ", rows.version, " is of another table"));
        }
        named_[{table, rows.version}] = values;
      } else if (found->second == values) {
        ++matched_;
      } else {
        problems_.push_back(absl::StrCat("iteration ", batch.iteration, ", table ", table,
                                         ", version ", rows.version, ": other values"));
      }
    }
  }
  void Problem(std::string problem) {
    MutexLock lock(&mu_);
    problems_.push_back(std::move(problem));
  }

  std::vector<std::string> problems() { return Locked(problems_); }
  int uploads() { return Locked(uploads_); }
  int gradients() { return Locked(gradients_); }
  // Tables of gradients whose values were those of their name.
  int matched() { return Locked(matched_); }
  int staged() { return Locked(staged_); }

 private:
  template <typename T>
  T Locked(const T& value) {
    MutexLock lock(&mu_);
    return value;
  }

  Mutex mu_;
  std::vector<std::string> problems_;
  std::map<std::pair<int, uint64_t>, std::vector<float>> named_;
  std::set<uint64_t> versions_;
  int uploads_ = 0;
  int gradients_ = 0;
  int matched_ = 0;
  int staged_ = 0;
};

class EarlyRunner final : public Runner {
 public:
  EarlyRunner(std::unique_ptr<Runner> runner, Seen* seen)
      : runner_(std::move(runner)), seen_(seen) {}

  absl::Status Stage(Batch* batch) override {
    if (batch->staged != nullptr) seen_->Problem("staged twice");
    if (batch->size() == 0) seen_->Problem("an empty batch was staged");
    batch->staged = std::make_shared<const uint64_t>(batch->iteration);
    return seen_->stage_status;
  }
  bool wants_uploads() const override { return true; }
  absl::Status Upload(int table, absl::Span<const float> rows, uint64_t version) override {
    seen_->Upload(table, rows, version);
    return seen_->on_upload == nullptr ? absl::OkStatus() : seen_->on_upload(rows);
  }
  absl::Status Gradient(const Batch& batch, const Parameters& parameters, float scale,
                        Gradients* gradients, LossSum* loss, const GradientReady& ready) override {
    seen_->Gradient(batch, parameters);
    return runner_->Gradient(batch, parameters, scale, gradients, loss, ready);
  }
  absl::Status Predict(const Batch& batch, const Parameters& parameters,
                       Predictions* predictions) override {
    if (batch.staged != nullptr) seen_->Problem("a batch of an evaluation was staged");
    for (const TableRows& rows : parameters) {
      if (rows.version != 0) seen_->Problem("rows of an evaluation have a name");
    }
    return runner_->Predict(batch, parameters, predictions);
  }

 private:
  const std::unique_ptr<Runner> runner_;
  Seen* const seen_;
};

// A dense table of three shards.
v1::JobSpec Counting(v1::Policy policy, uint64_t iterations) {
  v1::JobSpec spec;
  spec.set_name("test");
  spec.mutable_model()->set_kind(v1::MODEL_KIND_COUNTING);
  spec.mutable_model()->set_rows(9);
  spec.mutable_model()->set_dim((1 << 20) / sizeof(float));
  spec.mutable_consistency()->set_policy(policy);
  spec.mutable_resources()->set_workers(1);
  spec.mutable_resources()->set_device(v1::DEVICE_KIND_CPU);
  spec.mutable_train()->set_iterations(iterations);
  return WithDefaults(spec);
}

// Two tables; 30 records of 4 features, 8 for an iteration.
v1::JobSpec Logistic(v1::Policy policy) {
  std::string text;
  for (int i = 0; i < 30; ++i) absl::StrAppend(&text, i % 2, " 1:0.", i, " ", 2 + i % 3, ":0.5\n");
  const char* dir = std::getenv("TEST_TMPDIR");
  const std::string path = JoinPath(dir != nullptr ? dir : "/tmp", "early_upload.libsvm");
  PosixFileSystem fs;
  REQUIRE_OK(WriteFileDurably(fs, path, text));
  v1::JobSpec spec = Counting(policy, 0);
  spec.clear_model();
  spec.mutable_model()->set_kind(v1::MODEL_KIND_LOGISTIC);
  spec.mutable_data()->mutable_train()->set_path(path);
  spec.mutable_data()->mutable_train()->set_format(v1::DATA_FORMAT_LIBSVM);
  *spec.mutable_data()->mutable_eval() = spec.data().train();
  spec.mutable_train()->set_global_batch(8);
  spec.mutable_train()->clear_iterations();
  spec.mutable_train()->set_epochs(5);
  spec.mutable_train()->set_eval_every_iterations(7);
  return WithDefaults(spec);
}

TaskEnd RunTask(FakeCluster* cluster, Seen* seen) {
  RealClock clock;
  PosixFileSystem fs;
  TaskOptions options;
  options.job_id = 1;
  options.incarnation = 1;
  options.wrap_runner = [seen](std::unique_ptr<Runner> runner) {
    return std::make_unique<EarlyRunner>(std::move(runner), seen);
  };
  options.clock = &clock;
  options.fs = &fs;
  options.scheduler = cluster->scheduler();
  options.data_client = cluster->data_client();
  return Task::Start(std::move(options))->Wait();
}

absl::Status Refusal(v1::Refusal::Kind kind) {
  v1::Refusal refusal;
  refusal.set_kind(kind);
  return RefusalStatus(refusal, v1::Refusal::Kind_Name(kind));
}

TEST_CASE("Tables that are pulled ahead are uploaded with the name that the gradient gets") {
  Seen seen;
  SECTION("many shards") {
    FakeCluster cluster(Counting(v1::POLICY_BSP, 12), 2);
    CHECK(RunTask(&cluster, &seen).code == TaskEnd::kDone);
    CHECK(seen.gradients() == 12);
    // The first is pulled when it begins.
    CHECK(seen.uploads() == 11);
    CHECK(seen.matched() == 11);
  }
  SECTION("many tables, staged batches and evaluations") {
    FakeCluster cluster(Logistic(v1::POLICY_BSP), 2);
    CHECK(RunTask(&cluster, &seen).code == TaskEnd::kDone);
    CHECK(seen.gradients() == 20);
    CHECK(seen.uploads() == 2 * 19);
    CHECK(seen.matched() == 2 * 19);
    CHECK(seen.staged() == 20);
    CHECK(cluster.Report(0).evals_size() > 1);
  }
  SECTION("by grants") {
    FakeCluster cluster(Logistic(v1::POLICY_ASP), 2);
    CHECK(RunTask(&cluster, &seen).code == TaskEnd::kDone);
    // How many depends on when grants come.
    CHECK(seen.matched() > 0);
  }
  CHECK(seen.problems() == std::vector<std::string>());
}

TEST_CASE("Rows that a rank keeps under ssp keep their name, too") {
  Seen seen;
  FakeCluster cluster(Logistic(v1::POLICY_SSP), 2);
  CHECK(RunTask(&cluster, &seen).code == TaskEnd::kDone);
  CHECK(seen.uploads() == 0);
  CHECK(seen.matched() > 0);
  CHECK(seen.problems() == std::vector<std::string>());
}

TEST_CASE("A skipped or clipped gradient changes nothing of it") {
  Seen seen;
  v1::JobSpec spec = Logistic(v1::POLICY_BSP);
  SECTION("clipped") { spec.mutable_train()->mutable_optimizer()->set_clip_norm(0.01); }
  SECTION("skipped where it is not finite") {
    spec.mutable_data()->set_scale(3e38);
    spec.mutable_train()->mutable_optimizer()->set_learning_rate(1e30);
    spec.mutable_train()->set_on_non_finite(v1::NON_FINITE_POLICY_SKIP);
  }
  FakeCluster cluster(spec, 2);
  CHECK(RunTask(&cluster, &seen).code == TaskEnd::kDone);
  CHECK(seen.gradients() == 20);
  CHECK(seen.matched() == seen.uploads());
  CHECK(seen.problems() == std::vector<std::string>());
}

TEST_CASE("Lost calls, NOT_YET and openings anew leave names true") {
  std::atomic<uint64_t> calls{0};
  std::atomic<int> reopened{0};
  const auto inject = [&](const std::string& method,
                          const v1::RequestContext& context) -> FakeCluster::Fault {
    const uint64_t call = calls++;
    if (method == "OpenRank") return {};
    if (method == "Push" && context.iteration() % 6 == 4 && call % 3 == 0 && reopened < 4) {
      ++reopened;
      return {Refusal(v1::Refusal::RANK_NOT_OPEN), false};
    }
    switch (call % 29) {
      case 1:
        return {absl::UnavailableError("lost on the way"), false};
      case 14:
        return {absl::DeadlineExceededError("lost on the way back"), true};
      default:
        return {call % 4 == 0 ? Refusal(v1::Refusal::NOT_YET) : absl::OkStatus(), false};
    }
  };
  Seen seen;
  FakeCluster cluster(Counting(v1::POLICY_BSP, 30), 2, inject);
  CHECK(RunTask(&cluster, &seen).code == TaskEnd::kDone);
  CHECK(cluster.Applied(0) == std::pair<uint64_t, uint64_t>(30, 30));
  CHECK(reopened > 0);
  // Where a rank begins again nothing was pulled ahead.
  CHECK(seen.matched() >= 30 - 1 - 2 * reopened);
  CHECK(seen.problems() == std::vector<std::string>());
}

TEST_CASE("Rows that are being uploaded stay when their attempt is abandoned") {
  Mutex mu;
  CondVar changed;
  int opened = 0;
  bool uploading = false;
  bool refused = false;
  const auto inject = [&](const std::string& method,
                          const v1::RequestContext& context) -> FakeCluster::Fault {
    MutexLock lock(&mu);
    if (method == "OpenRank") {
      ++opened;
      changed.NotifyAll();
    }
    if (method != "Push" || context.iteration() != 5 || refused) return {};
    if (!uploading) return {Refusal(v1::Refusal::NOT_YET), false};
    refused = true;
    return {Refusal(v1::Refusal::RANK_NOT_OPEN), false};
  };
  Seen seen;
  int waits = 0;
  seen.on_upload = [&](absl::Span<const float> rows) {
    const std::vector<float> before(rows.begin(), rows.end());
    MutexLock lock(&mu);
    // That of iteration 6.
    if (++waits != 6) return absl::OkStatus();
    uploading = true;
    // Two servers, for the second time: the attempt is over, and the next has begun.
    while (opened < 4) changed.Wait(&mu);
    if (!std::equal(before.begin(), before.end(), rows.begin())) {
      seen.Problem("rows changed while they were uploaded");
    }
    return absl::OkStatus();
  };
  FakeCluster cluster(Counting(v1::POLICY_BSP, 10), 2, inject);
  CHECK(RunTask(&cluster, &seen).code == TaskEnd::kDone);
  CHECK(refused);
  CHECK(cluster.Applied(0) == std::pair<uint64_t, uint64_t>(10, 10));
  CHECK(seen.problems() == std::vector<std::string>());
}

TEST_CASE("A device that takes nothing early fails the task with its cause") {
  Seen seen;
  FakeCluster cluster(Logistic(v1::POLICY_BSP), 2);
  SECTION("a table") {
    seen.on_upload = [](absl::Span<const float>) {
      return absl::ResourceExhaustedError("16 bytes needed, 0 free");
    };
  }
  SECTION("a batch") {
    seen.stage_status = absl::ResourceExhaustedError("16 bytes needed, 0 free");
  }
  const TaskEnd end = RunTask(&cluster, &seen);
  CHECK(end.code == TaskEnd::kFailed);
  CHECK(end.cause == "16 bytes needed, 0 free");
  CHECK(cluster.Report(0).error() == end.cause);
}

}  // namespace
}  // namespace paceline::worker
