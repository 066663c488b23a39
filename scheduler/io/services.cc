#include "scheduler/io/services.h"

#include <memory>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/failpoint/failpoint.h"
#include "common/rpc/grpc_status.h"
#include "common/status/status_macros.h"
#include "scheduler/io/backup_file.h"
#include "scheduler/io/backup_stream.h"
#include "scheduler/io/cut_stream.h"
#include "scheduler/io/poll_reactor.h"
#include "scheduler/io/watch_stream.h"

namespace paceline::scheduler {
namespace {

// Answers a call with a message or an error, at once.
template <typename Response>
grpc::ServerUnaryReactor* Answer(grpc::CallbackServerContext* context, Response* response,
                                 absl::StatusOr<Response> result) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  if (result.ok()) response->Swap(&*result);
  reactor->Finish(ToGrpcStatus(result.status()));
  return reactor;
}

// The callback that ends a parked call.
template <typename Response>
std::function<void(absl::StatusOr<Response>)> FinishPoll(FailpointName reply,
                                                         grpc::ServerUnaryReactor* reactor,
                                                         Response* response) {
  return [reply, reactor, response](absl::StatusOr<Response> result) {
    const absl::Status status = result.ok() ? Failpoint(reply) : result.status();
    if (status.ok()) response->Swap(&*result);
    reactor->Finish(ToGrpcStatus(status));
  };
}

absl::StatusOr<v1::SubmitJobResponse> Submit(Coordinator* coordinator,
                                             const v1::SubmitJobRequest& request) {
  PL_RETURN_IF_ERROR(Failpoint("scheduler.submit.receive"));
  absl::StatusOr<v1::SubmitJobResponse> response = coordinator->SubmitJob(request);
  if (response.ok()) PL_RETURN_IF_ERROR(Failpoint("scheduler.submit.reply"));
  return response;
}

}  // namespace

grpc::ServerUnaryReactor* SchedulerService::SubmitJob(grpc::CallbackServerContext* context,
                                                      const v1::SubmitJobRequest* request,
                                                      v1::SubmitJobResponse* response) {
  return Answer(context, response, Submit(coordinator_, *request));
}

grpc::ServerUnaryReactor* SchedulerService::GetJob(grpc::CallbackServerContext* context,
                                                   const v1::GetJobRequest* request,
                                                   v1::Job* response) {
  return Answer(context, response, coordinator_->GetJob(*request));
}

grpc::ServerUnaryReactor* SchedulerService::ListJobs(grpc::CallbackServerContext* context,
                                                     const v1::ListJobsRequest* request,
                                                     v1::ListJobsResponse* response) {
  return Answer(context, response, coordinator_->ListJobs(*request));
}

grpc::ServerUnaryReactor* SchedulerService::CancelJob(grpc::CallbackServerContext* context,
                                                      const v1::CancelJobRequest* request,
                                                      v1::Job* response) {
  return Answer(context, response, coordinator_->CancelJob(*request));
}

grpc::ServerUnaryReactor* SchedulerService::CheckpointJob(grpc::CallbackServerContext* context,
                                                          const v1::CheckpointJobRequest* request,
                                                          v1::CheckpointJobResponse* response) {
  return Answer(context, response, coordinator_->CheckpointJob(*request));
}

grpc::ServerUnaryReactor* SchedulerService::DescribeCluster(
    grpc::CallbackServerContext* context, const v1::DescribeClusterRequest* /*request*/,
    v1::Cluster* response) {
  return Answer(context, response, coordinator_->DescribeCluster());
}

grpc::ServerWriteReactor<v1::Job>* SchedulerService::WatchJob(
    grpc::CallbackServerContext* /*context*/, const v1::WatchJobRequest* request) {
  const std::shared_ptr<WatchStream> stream = WatchStream::Create();
  const absl::Status status = coordinator_->WatchJob(request->job_id(), stream);
  if (!status.ok()) stream->End(status);
  return stream.get();
}

grpc::ServerWriteReactor<v1::CutChunk>* SchedulerService::ReadCut(
    grpc::CallbackServerContext* /*context*/, const v1::ReadCutRequest* request) {
  return CutStream::Start(cuts_, coordinator_->FindCut(request->job_id(), request->cut_id()));
}

grpc::ServerWriteReactor<v1::BackupChunk>* SchedulerService::BackupState(
    grpc::CallbackServerContext* /*context*/, const v1::BackupStateRequest* /*request*/) {
  const absl::StatusOr<v1::StateSnapshot> state = coordinator_->Snapshot();
  return BackupStream::Start(state.ok() ? EncodeBackup(*state) : state.status());
}

grpc::ServerUnaryReactor* CoordinationService::Heartbeat(grpc::CallbackServerContext* /*context*/,
                                                         const v1::HeartbeatRequest* request,
                                                         v1::HeartbeatResponse* response) {
  const uint64_t ticket = coordinator_->NewTicket();
  auto* reactor = new PollReactor([this, ticket] { coordinator_->Abandon(ticket); });
  const auto finish = FinishPoll("scheduler.heartbeat.reply", reactor, response);
  if (const absl::Status fault = Failpoint("scheduler.heartbeat.receive"); !fault.ok()) {
    finish(fault);
  } else {
    coordinator_->Heartbeat(ticket, *request, finish);
  }
  return reactor;
}

grpc::ServerUnaryReactor* CoordinationService::SyncTask(grpc::CallbackServerContext* /*context*/,
                                                        const v1::SyncTaskRequest* request,
                                                        v1::SyncTaskResponse* response) {
  const uint64_t ticket = coordinator_->NewTicket();
  auto* reactor = new PollReactor([this, ticket] { coordinator_->Abandon(ticket); });
  const auto finish = FinishPoll("scheduler.sync_task.reply", reactor, response);
  if (const absl::Status fault = Failpoint("scheduler.sync_task.receive"); !fault.ok()) {
    finish(fault);
  } else {
    coordinator_->SyncTask(ticket, *request, finish);
  }
  return reactor;
}

}  // namespace paceline::scheduler
