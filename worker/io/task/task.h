// The life of a task: it keeps in step with the scheduler, prepares its job and
// plays its rank until it is told to end, finds itself fenced, or fails.
//
//   PL_ASSIGN_OR_RETURN(auto task, Task::Start(options));
//   const TaskEnd end = task->Wait();
//
// A failure is told to the scheduler before the task ends, so that the job's cause
// is the first one.
//
// Thread-safe.
#ifndef PACELINE_WORKER_IO_TASK_TASK_H_
#define PACELINE_WORKER_IO_TASK_TASK_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "absl/time/time.h"
#include "common/clock.h"
#include "common/fs.h"
#include "worker/core/model.h"
#include "worker/core/node/device_flag.h"
#include "worker/io/net/data_client.h"
#include "worker/io/net/scheduler_client.h"
#include "worker/io/task/device_factory.h"

namespace paceline::worker {

struct TaskOptions {
  uint64_t job_id = 0;
  uint32_t rank = 0;
  uint64_t incarnation = 0;
  // Where record indexes are kept if the scheduler names no folder that can be
  // used here. Empty: nowhere.
  std::string index_dir;
  // Where users' libraries lie. Empty: nowhere.
  std::string model_dir;
  // What a job's `device: auto` means here, and why; with cuda the task's GPU.
  DeviceFlag device;
  std::string device_reason;
  DeviceFactory create_device = CreateHostDevice;
  // After this long without the scheduler the rank parks.
  absl::Duration park_after = absl::Minutes(10);
  // How long a failed task waits for the scheduler to hear of it.
  absl::Duration farewell = absl::Seconds(30);

  // Its spans go to a file beside this one (worker/core/trace/trace_path.h). Empty: nowhere.
  std::string trace;
  // For tests: what is to compute instead of the job's runner, which it gets.
  std::function<std::unique_ptr<Runner>(std::unique_ptr<Runner>)> wrap_runner;

  // All outlive the task.
  Clock* clock = nullptr;
  FileSystem* fs = nullptr;
  SchedulerClient* scheduler = nullptr;
  DataClientFactory data_client;
};

// How a task ended, and the exit code of its process.
struct TaskEnd {
  enum Code {
    // Told to end, or stopped.
    kDone = 0,
    // It has failed; the scheduler knows the cause if it could be reached.
    kFailed = 1,
    // Another incarnation plays the rank (EX_TEMPFAIL: nothing is wrong with the job).
    kFenced = 75,
  };
  Code code = kDone;
  // Why, unless kDone.
  std::string cause;
};

class Task {
 public:
  // Returns at once.
  static std::unique_ptr<Task> Start(TaskOptions options);

  virtual ~Task() = default;

  // Blocks until the task has ended.
  virtual TaskEnd Wait() = 0;
  // Nothing while it lives. Does not block.
  virtual bool ended() const = 0;
  // Ends it from outside, without telling the scheduler: Wait returns kDone.
  virtual void Stop() = 0;
};

}  // namespace paceline::worker

#endif  // PACELINE_WORKER_IO_TASK_TASK_H_
