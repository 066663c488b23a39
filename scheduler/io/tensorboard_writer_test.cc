// Curves of jobs are written as the jobs go on, and beyond restarts.
#include "scheduler/io/tensorboard_writer.h"

#include <algorithm>
#include <atomic>
#include <catch2/catch.hpp>
#include <map>
#include <optional>
#include <string>
#include <thread>

#include "common/fs_memory.h"
#include "common/status/status_matchers.h"
#include "common/tensorboard/tf_record.h"

namespace paceline::scheduler {
namespace {

// Jobs that the test changes. Thread-safe.
class Jobs {
 public:
  void Set(uint64_t id, v1::JobState state, uint64_t iterations, const std::string& folder) {
    v1::Job job;
    job.set_job_id(id);
    job.set_state(state);
    job.mutable_spec()->set_name("x");
    job.mutable_spec()->mutable_output()->set_tensorboard(folder);
    for (uint64_t i = 1; i <= iterations; ++i) {
      job.add_history()->set_iteration(i);
      job.mutable_history(static_cast<int>(i) - 1)->set_loss(1);
    }
    MutexLock lock(&mu_);
    jobs_[id] = job;
  }

  v1::Job Get(uint64_t id) {
    MutexLock lock(&mu_);
    return jobs_.at(id);
  }

  // Pages of one.
  absl::StatusOr<v1::ListJobsResponse> List(const v1::ListJobsRequest& request) {
    MutexLock lock(&mu_);
    v1::ListJobsResponse response;
    for (const auto& [id, job] : jobs_) {
      const auto& states = request.states();
      const bool wanted =
          states.empty() || std::find(states.begin(), states.end(), job.state()) != states.end();
      if (id <= request.after_job_id() || !wanted) continue;
      if (response.jobs_size() == 1) {
        response.set_more(true);
        break;
      }
      *response.add_jobs() = job;
    }
    return response;
  }

 private:
  Mutex mu_;
  std::map<uint64_t, v1::Job> jobs_ ABSL_GUARDED_BY(mu_);
};

struct Fixture {
  RealClock clock;
  MemoryFileSystem fs;
  Jobs jobs;

  // A scheduler that is started and stopped again: it looks at least once.
  void RunOnce() {
    const TensorboardWriter writer(
        {.clock = &clock, .fs = &fs, .list_jobs = [this](const v1::ListJobsRequest& request) {
           return jobs.List(request);
         }});
  }

  // Iterations that the job's file has a loss for; nothing: there is no file.
  std::optional<int> Points(const std::string& folder, uint64_t id) {
    const auto bytes = ReadFile(fs, tensorboard::JobEventPath(folder, jobs.Get(id)));
    if (!bytes.ok()) return std::nullopt;
    int points = -1;  // the version of the file
    for (const absl::string_view data : tensorboard::DecodeRecords(*bytes).data) {
      tensorboard::Event event;
      REQUIRE(event.ParseFromString(std::string(data)));
      ++points;
    }
    return points;
  }
};

TEST_CASE("curves go on where they were, and jobs that do not ask have none") {
  Fixture f;
  f.jobs.Set(1, v1::JOB_STATE_RUNNING, 2, "/runs");
  f.jobs.Set(2, v1::JOB_STATE_RUNNING, 2, "");
  f.RunOnce();
  CHECK(f.Points("/runs", 1) == 2);
  CHECK_FALSE(f.Points("/runs", 2).has_value());
  f.jobs.Set(1, v1::JOB_STATE_SUCCEEDED, 5, "/runs");
  f.jobs.Set(3, v1::JOB_STATE_RUNNING, 1, "/runs");
  f.RunOnce();
  CHECK(f.Points("/runs", 1) == 5);
  CHECK(f.Points("/runs", 3) == 1);
}

TEST_CASE("a job that has ended gets no file that was not there") {
  Fixture f;
  f.jobs.Set(1, v1::JOB_STATE_SUCCEEDED, 2, "/runs");
  f.RunOnce();
  CHECK_FALSE(f.Points("/runs", 1).has_value());
}

TEST_CASE("what a job did last is written, however soon it ended") {
  Fixture f;
  std::atomic<int> looks = 0;
  f.jobs.Set(1, v1::JOB_STATE_RUNNING, 1, "/runs");
  {
    const TensorboardWriter writer(
        {.clock = &f.clock, .fs = &f.fs, .list_jobs = [&](const v1::ListJobsRequest& request) {
           // Each look asks for active jobs first, and before all others.
           if (!request.states().empty() && request.after_job_id() == 0) ++looks;
           return f.jobs.List(request);
         }});
    while (looks == 0) std::this_thread::yield();
    // From here on the writer looks at least once more, when it ends.
    f.jobs.Set(1, v1::JOB_STATE_SUCCEEDED, 4, "/runs");
  }
  CHECK(f.Points("/runs", 1) == 4);
}

TEST_CASE("a folder that cannot be written harms no other job") {
  Fixture f;
  REQUIRE_OK(WriteFileDurably(f.fs, "/file", "not a folder"));
  f.jobs.Set(1, v1::JOB_STATE_RUNNING, 2, "/file");
  f.jobs.Set(2, v1::JOB_STATE_RUNNING, 2, "/runs");
  f.RunOnce();
  CHECK(f.Points("/runs", 2) == 2);
}

}  // namespace
}  // namespace paceline::scheduler
