// The scheduler as pacectl speaks to it: every call has a deadline, and an interrupt
// ends it.
#ifndef PACELINE_CLI_SCHEDULER_CLIENT_H_
#define PACELINE_CLI_SCHEDULER_CLIENT_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "cli/interrupt.h"
#include "proto/cluster.pb.h"

namespace grpc {
class Channel;
}  // namespace grpc

namespace paceline::cli {

// Errors of all calls: those of the scheduler, and
//   Unavailable       it cannot be reached; names the address.
//   DeadlineExceeded  no answer in time.
//   Cancelled         interrupted.
//
// Thread-safe.
class SchedulerClient {
 public:
  // Time for one call; long enough for a slow disk under the journal.
  static constexpr absl::Duration kCallTimeout = absl::Seconds(15);

  // Time for removing the files of a job.
  static constexpr absl::Duration kDeleteTimeout = absl::Minutes(10);

  // Time for the files of a cut, or a backup.
  static constexpr absl::Duration kTransferTimeout = absl::Hours(6);

  SchedulerClient(std::string address, const std::shared_ptr<grpc::Channel>& channel,
                  Interrupt* interrupt);
  ~SchedulerClient();

  const std::string& address() const { return address_; }

  // `interruptible` false: whoever has submitted a job learns its id.
  absl::StatusOr<uint64_t> SubmitJob(const std::string& request_id, const v1::JobSpec& spec,
                                     bool interruptible = true);
  absl::StatusOr<v1::Job> GetJob(uint64_t job_id);
  // All jobs, page by page.
  absl::StatusOr<v1::ListJobsResponse> ListJobs(const v1::ListJobsRequest& request);
  // `interruptible` false: to cancel a job because of the interrupt.
  absl::StatusOr<v1::Job> CancelJob(const v1::CancelJobRequest& request, bool interruptible = true,
                                    absl::Duration timeout = kCallTimeout);
  absl::StatusOr<v1::CheckpointJobResponse> CheckpointJob(const v1::CheckpointJobRequest& request);
  // Within kDeleteTimeout.
  absl::Status DeleteJob(uint64_t job_id);
  absl::StatusOr<v1::NodeStatus> DrainNode(const v1::DrainNodeRequest& request);
  absl::StatusOr<v1::Cluster> DescribeCluster();

  // Calls `on_job` now and after every change until it returns false, the job has
  // ended (OK) or `timeout` has passed (DeadlineExceeded), also for want of a scheduler,
  // which it waits for.
  absl::Status WatchJob(uint64_t job_id, absl::Duration timeout,
                        const std::function<bool(const v1::Job&)>& on_job);

  // Calls `on_chunk` for every piece of a cut's files, within kTransferTimeout.
  absl::Status ReadCut(const v1::ReadCutRequest& request,
                       const std::function<absl::Status(const v1::CutChunk&)>& on_chunk);

  // Calls `on_chunk` for every piece of a backup file, within kTransferTimeout.
  absl::Status BackupState(const std::function<absl::Status(const v1::BackupChunk&)>& on_chunk);

 private:
  // gRPC's classes, which few have to know.
  struct Calls;

  const std::string address_;
  Interrupt* const interrupt_;
  const std::unique_ptr<Calls> calls_;
};

}  // namespace paceline::cli

#endif  // PACELINE_CLI_SCHEDULER_CLIENT_H_
