// Somebody who follows a job.
#ifndef PACELINE_SCHEDULER_IO_JOB_WATCHER_H_
#define PACELINE_SCHEDULER_IO_JOB_WATCHER_H_

#include "absl/status/status.h"
#include "proto/cluster.pb.h"

namespace paceline::scheduler {

// Implementations are thread-safe and never wait.
class JobWatcher {
 public:
  virtual ~JobWatcher() = default;

  // Whether the last message has left, so that another may be offered.
  virtual bool Ready() = 0;
  // Sends the job; after the `last` one nothing more comes. Called when Ready, by one
  // thread at a time.
  virtual void Offer(const v1::Job& job, bool last) = 0;
  // Nothing more comes, for this reason.
  virtual void End(const absl::Status& why) = 0;
};

}  // namespace paceline::scheduler

#endif  // PACELINE_SCHEDULER_IO_JOB_WATCHER_H_
