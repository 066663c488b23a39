// A WatchJob call: a JobWatcher that writes to its stream.
#ifndef PACELINE_SCHEDULER_IO_WATCH_STREAM_H_
#define PACELINE_SCHEDULER_IO_WATCH_STREAM_H_

#include <grpcpp/support/server_callback.h>

#include <memory>

#include "absl/status/status.h"
#include "common/sync.h"
#include "proto/cluster.pb.h"
#include "scheduler/io/job_watcher.h"

namespace paceline::scheduler {

// Lives until gRPC is done with it and nobody else holds it. Thread-safe.
class WatchStream final : public grpc::ServerWriteReactor<v1::Job>, public JobWatcher {
 public:
  // A stream that holds itself until OnDone.
  static std::shared_ptr<WatchStream> Create();

  bool Ready() override;
  void Offer(const v1::Job& job, bool last) override;
  void End(const absl::Status& why) override;

  void OnWriteDone(bool ok) override;
  void OnCancel() override;
  void OnDone() override;

 private:
  WatchStream() = default;
  // Finishes with `status_`, if it is time and nobody has.
  void FinishIfDue();

  Mutex mu_;
  // Written while `writing_`; nobody touches it then.
  v1::Job message_;
  bool writing_ ABSL_GUARDED_BY(mu_) = false;
  // Nothing is to be written any more.
  bool ending_ ABSL_GUARDED_BY(mu_) = false;
  bool finished_ ABSL_GUARDED_BY(mu_) = false;
  absl::Status status_ ABSL_GUARDED_BY(mu_);
  std::shared_ptr<WatchStream> self_ ABSL_GUARDED_BY(mu_);
};

}  // namespace paceline::scheduler

#endif  // PACELINE_SCHEDULER_IO_WATCH_STREAM_H_
