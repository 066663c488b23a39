// Writes the curves of jobs that ask for it (output.tensorboard) while they run: once a second
// it looks at the jobs and appends what is new to their event files.
//
// A scheduler that is started again goes on with the files that are there, also for jobs
// that ended before it had written their last points; it makes none for jobs that had
// ended before it came. What cannot be written is logged once for a job, and the job goes on.
// Limits: kMaxTensorboardJobs.
//
// Thread-safe. Owns a thread.
#ifndef PACELINE_SCHEDULER_IO_TENSORBOARD_WRITER_H_
#define PACELINE_SCHEDULER_IO_TENSORBOARD_WRITER_H_

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <thread>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/clock.h"
#include "common/fs.h"
#include "common/sync.h"
#include "common/tensorboard/job_event_file.h"
#include "proto/cluster.pb.h"

namespace paceline::scheduler {

// Jobs whose files are open at a time; further ones wait until one of them has ended.
inline constexpr size_t kMaxTensorboardJobs = 256;

class TensorboardWriter {
 public:
  static constexpr absl::Duration kPeriod = absl::Seconds(1);

  struct Options {
    // Outlive it.
    Clock* clock = nullptr;
    FileSystem* fs = nullptr;
    // As the scheduler's ListJobs.
    std::function<absl::StatusOr<v1::ListJobsResponse>(const v1::ListJobsRequest&)> list_jobs;
  };

  explicit TensorboardWriter(Options options);
  // Looks at the jobs once more, and joins the thread.
  ~TensorboardWriter();
  TensorboardWriter(const TensorboardWriter&) = delete;
  TensorboardWriter& operator=(const TensorboardWriter&) = delete;

 private:
  void Run();
  // Errors: those of list_jobs.
  absl::Status LookAtAll();
  // At the jobs of all pages that have not been seen yet.
  absl::Status LookAt(v1::ListJobsRequest request, std::set<uint64_t>* seen);
  void Look(const v1::Job& job);
  absl::Status Write(const v1::Job& job);

  const Options options_;
  // All jobs up to this one have been seen.
  uint64_t newest_ = 0;
  // Jobs up to this one were there before the first look.
  uint64_t old_ = 0;
  bool looked_ = false;
  // Null: it cannot be written.
  std::map<uint64_t, std::unique_ptr<tensorboard::JobEventFile>> files_;

  Mutex mu_;
  CondVar changed_;
  bool stop_ ABSL_GUARDED_BY(mu_) = false;
  std::thread thread_;
};

}  // namespace paceline::scheduler

#endif  // PACELINE_SCHEDULER_IO_TENSORBOARD_WRITER_H_
