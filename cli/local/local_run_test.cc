#include "cli/local/local_run.h"

#include <catch2/catch.hpp>
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <thread>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "cli/fake_scheduler.h"
#include "cli/test_environment.h"
#include "common/fs.h"
#include "common/status/status_matchers.h"

namespace paceline::cli {
namespace {

constexpr char kJob[] = R"(
name: count
model: {kind: counting}
train: {iterations: 5}
resources: {workers: 3}
)";

// What a test sees of the cluster that LocalRun started.
struct Seen {
  v1::ResourceSpec resources;
  std::string folder;
  bool stopped = false;
  absl::Status health;
  int killed_workers = 0;
};

class FakeCluster final : public LocalCluster {
 public:
  FakeCluster(std::string address, Seen* seen) : address_(std::move(address)), seen_(seen) {}
  std::string scheduler_address() const override { return address_; }
  absl::Status Check() override { return seen_->health; }
  absl::Status Stop() override {
    seen_->stopped = true;
    return absl::OkStatus();
  }
  absl::Status KillAndRestart(DaemonRole role, int /*index*/) override {
    seen_->killed_workers += role == DaemonRole::kWorker ? 1 : 0;
    return absl::OkStatus();
  }
  absl::Status Pause(DaemonRole, int) override { return absl::OkStatus(); }
  absl::Status Resume(DaemonRole, int) override { return absl::OkStatus(); }

 private:
  const std::string address_;
  Seen* const seen_;
};

StartCluster Starter(const FakeScheduler& scheduler, Seen* seen) {
  return [&scheduler, seen](
             const v1::ResourceSpec& resources,
             const std::string& folder) -> absl::StatusOr<std::unique_ptr<LocalCluster>> {
    seen->resources = resources;
    seen->folder = folder;
    return std::make_unique<FakeCluster>(scheduler.address(), seen);
  };
}

v1::Job JobIn(v1::JobState state, const std::string& word) {
  v1::Job job;
  job.set_state(state);
  job.mutable_summary()->set_state(word);
  return job;
}

TEST_CASE("a local run prints the summary and leaves nothing behind") {
  FakeScheduler scheduler;
  TestEnvironment test;
  Seen seen;
  scheduler.Script({{.updates = {JobIn(v1::JOB_STATE_SUCCEEDED, "succeeded")}}});
  const LocalRunOptions options{.job_file = test.Write("job.yaml", kJob), .servers = 2};
  REQUIRE_OK_AND_ASSIGN(const ExitCode code, LocalRun(options, OutputFormat::kJson,
                                                      Starter(scheduler, &seen), test.env));
  CHECK(code == ExitCode::kOk);
  CHECK(nlohmann::json::parse(test.out.str())["state"] == "succeeded");
  CHECK(seen.resources.servers() == 2);
  CHECK(seen.resources.workers() == 3);
  REQUIRE(scheduler.submitted().size() == 1);
  CHECK(scheduler.submitted()[0].resources().servers() == 2);
  CHECK(seen.stopped);
  CHECK_FALSE(std::filesystem::exists(seen.folder));
}

TEST_CASE("--keep keeps the folder") {
  FakeScheduler scheduler;
  TestEnvironment test;
  Seen seen;
  scheduler.Script({{.updates = {JobIn(v1::JOB_STATE_SUCCEEDED, "succeeded")}}});
  const LocalRunOptions options{.job_file = test.Write("job.yaml", kJob),
                                .keep = test.folder.path() + "/kept"};
  REQUIRE_OK(LocalRun(options, OutputFormat::kTable, Starter(scheduler, &seen), test.env));
  CHECK(seen.folder == options.keep);
  CHECK(std::filesystem::exists(seen.folder));
  CHECK(absl::StrContains(test.err.str(), "kept: " + options.keep));
}

TEST_CASE("--trace makes one file of what the tasks have written, however the job ended") {
  for (const auto& [state, word] : {std::pair(v1::JOB_STATE_SUCCEEDED, "succeeded"),
                                    std::pair(v1::JOB_STATE_FAILED, "failed")}) {
    FakeScheduler scheduler;
    TestEnvironment test;
    Seen seen;
    scheduler.Script({{.updates = {JobIn(state, word)}}});
    const LocalRunOptions options{.job_file = test.Write("job.yaml", kJob),
                                  .trace = test.folder.path() + "/t.json"};
    const StartCluster start = [&](const v1::ResourceSpec& resources, const std::string& folder) {
      for (const char* rank : {"0", "1"}) {
        const std::string path = absl::StrCat(folder, "/trace.job-1.rank-", rank, ".1.json");
        CHECK_OK(WriteFileDurably(test.env.fs, path, absl::StrCat("[\n{\"pid\":", rank, "},\n")));
      }
      return Starter(scheduler, &seen)(resources, folder);
    };
    REQUIRE_OK(LocalRun(options, OutputFormat::kTable, start, test.env));
    REQUIRE_OK_AND_ASSIGN(const std::string text, ReadFile(test.env.fs, options.trace));
    CHECK(nlohmann::json::parse(text) == nlohmann::json::parse(R"([{"pid":0},{"pid":1}])"));
  }
}

TEST_CASE("a trace that cannot be written is said before anything runs") {
  FakeScheduler scheduler;
  TestEnvironment test;
  Seen seen;
  const LocalRunOptions options{.job_file = test.Write("job.yaml", kJob),
                                .trace = test.folder.path() + "/none/t.json"};
  CHECK_STATUS(
      LocalRun(options, OutputFormat::kTable, Starter(scheduler, &seen), test.env).status(),
      absl::StatusCode::kInvalidArgument, "/none/t.json");
  CHECK(seen.folder.empty());
}

TEST_CASE("a job that fails is reported on stderr and exits with 1") {
  FakeScheduler scheduler;
  TestEnvironment test;
  Seen seen;
  v1::Job failed = JobIn(v1::JOB_STATE_FAILED, "failed");
  failed.set_reason("rank 0: a.csv, record 7: label out of range");
  scheduler.Script({{.updates = {failed}}});
  const LocalRunOptions options{.job_file = test.Write("job.yaml", kJob)};
  REQUIRE_OK_AND_ASSIGN(const ExitCode code, LocalRun(options, OutputFormat::kTable,
                                                      Starter(scheduler, &seen), test.env));
  CHECK(code == ExitCode::kFailed);
  CHECK(test.out.str().empty());
  CHECK(absl::StrContains(test.err.str(), "failed: rank 0: a.csv, record 7: label out of range\n"));
  CHECK(seen.stopped);
}

TEST_CASE("an interrupt cancels the job and takes the cluster down") {
  FakeScheduler scheduler;
  TestEnvironment test;
  Seen seen;
  std::thread user([&] {
    while (scheduler.watches() == 0) {
      std::this_thread::yield();
    }
    test.interrupt.Request();
  });
  const LocalRunOptions options{.job_file = test.Write("job.yaml", kJob)};
  const auto code = LocalRun(options, OutputFormat::kTable, Starter(scheduler, &seen), test.env);
  user.join();
  CHECK(code.status().code() == absl::StatusCode::kCancelled);
  CHECK(scheduler.cancelled().size() == 1);
  CHECK(seen.stopped);
  CHECK_FALSE(std::filesystem::exists(seen.folder));
}

TEST_CASE("a daemon that dies ends the run") {
  FakeScheduler scheduler;
  TestEnvironment test;
  Seen seen;
  seen.health = absl::InternalError("server-1 ended: exit code 3");
  scheduler.Script({{.updates = {JobIn(v1::JOB_STATE_RUNNING, "running")}}});
  const LocalRunOptions options{.job_file = test.Write("job.yaml", kJob)};
  CHECK_STATUS(LocalRun(options, OutputFormat::kTable, Starter(scheduler, &seen), test.env),
               absl::StatusCode::kInternal, "server-1 ended: exit code 3");
  CHECK(seen.stopped);
}

TEST_CASE("--chaos kills when the job is so far, and reports it") {
  FakeScheduler scheduler;
  TestEnvironment test;
  Seen seen;
  v1::Job running = JobIn(v1::JOB_STATE_RUNNING, "running");
  running.set_iterations_done(50);
  scheduler.Script({{.updates = {running, JobIn(v1::JOB_STATE_SUCCEEDED, "succeeded")}}});
  const LocalRunOptions options{.job_file = test.Write("job.yaml", kJob),
                                .chaos = "kill-worker@40,kill-server@60"};
  REQUIRE_OK(LocalRun(options, OutputFormat::kJson, Starter(scheduler, &seen), test.env));
  CHECK(seen.killed_workers == 1);
  CHECK(absl::StrContains(test.err.str(),
                          "chaos: kill-worker@40 at iteration 50: worker 0 killed and started "
                          "again\n"));
  CHECK(absl::StrContains(test.err.str(),
                          "chaos: kill-server@60 did not happen: the job had ended\n"));
}

TEST_CASE("what cannot run is refused before anything starts") {
  FakeScheduler scheduler;
  TestEnvironment test;
  Seen seen;
  const auto refused = [&](const LocalRunOptions& options) {
    const auto code = LocalRun(options, OutputFormat::kTable, Starter(scheduler, &seen), test.env);
    CHECK(code.status().code() == absl::StatusCode::kInvalidArgument);
    CHECK(seen.folder.empty());
    return std::string(code.status().message());
  };
  const std::string job = test.Write("job.yaml", kJob);
  CHECK(absl::StrContains(refused({.job_file = job, .workers = 65}),
                          "resources.workers: at most 64 on one machine expected, got 65"));
  CHECK(absl::StrContains(refused({.job_file = job, .servers = 65}),
                          "resources.servers: at most 64 on one machine expected, got 65"));
  CHECK(absl::StrContains(refused({.job_file = job, .workers = 300}),
                          "train.global_batch: at least one sample for each of the 300 workers"));
  CHECK(absl::StrContains(refused({.job_file = job, .chaos = "kill-wroker@50"}),
                          "--chaos: kill-worker@N, kill-server@N, "));
  CHECK(absl::StrContains(refused({.job_file = job, .in_process = true, .chaos = "kill-worker@50"}),
                          "--chaos kills processes: it cannot be used with --in-process"));
  const std::string missing = test.Write("missing.yaml",
                                         "name: a\nmodel: {kind: linear}\ntrain: {epochs: 1}\n"
                                         "data: {train: {path: nowhere.csv, format: csv}}\n");
  CHECK(absl::StrContains(refused({.job_file = missing}),
                          "data.train.path: no such file: " + test.folder.path() + "/nowhere.csv"));
}

TEST_CASE("without programs there is no cluster") {
  TestEnvironment test;
  const LocalRunOptions options{.job_file = test.Write("job.yaml", kJob)};
  CHECK_STATUS(LocalRun(options, OutputFormat::kTable, test.env), absl::StatusCode::kNotFound,
               "paceline-scheduler is neither in /nowhere nor in /scheduler");
}

}  // namespace
}  // namespace paceline::cli
