#include "scheduler/io/services.h"

#include <memory>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "common/failpoint/failpoint.h"
#include "common/rpc/caller.h"
#include "common/rpc/grpc_status.h"
#include "common/security/identity.h"
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

std::string JobTarget(uint64_t job_id) { return absl::StrCat("job ", job_id); }

std::string NodeTarget(const v1::DrainNodeRequest& request) {
  return request.node_id() != 0 ? absl::StrCat("node ", request.node_id())
                                : absl::StrCat("node ", request.address().substr(0, 256));
}

// Who calls, to be recorded with how the call went.
AuditEntry EntryOf(const grpc::CallbackServerContext& context, absl::string_view method,
                   std::string target) {
  return {.caller = CallerOf(context),
          .peer = context.peer(),
          .method = std::string(method),
          .target = std::move(target),
          .outcome = absl::OkStatus()};
}

void Record(AuditLog* audit, AuditEntry entry, const absl::Status& outcome) {
  entry.outcome = outcome;
  audit->Record(entry);
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
                                             const v1::SubmitJobRequest& request,
                                             const Identity& caller) {
  PL_RETURN_IF_ERROR(Failpoint("scheduler.submit.receive"));
  absl::StatusOr<v1::SubmitJobResponse> response = coordinator->SubmitJob(request, caller);
  if (response.ok()) PL_RETURN_IF_ERROR(Failpoint("scheduler.submit.reply"));
  return response;
}

}  // namespace

grpc::ServerUnaryReactor* SchedulerService::SubmitJob(grpc::CallbackServerContext* context,
                                                      const v1::SubmitJobRequest* request,
                                                      v1::SubmitJobResponse* response) {
  AuditEntry entry = EntryOf(*context, "SubmitJob", "");
  absl::StatusOr<v1::SubmitJobResponse> result = Submit(coordinator_, *request, entry.caller);
  if (result.ok()) entry.target = JobTarget(result->job_id());
  Record(audit_, std::move(entry), result.status());
  return Answer(context, response, std::move(result));
}

grpc::ServerUnaryReactor* SchedulerService::GetJob(grpc::CallbackServerContext* context,
                                                   const v1::GetJobRequest* request,
                                                   v1::Job* response) {
  return Answer(context, response, coordinator_->GetJob(*request, CallerOf(*context)));
}

grpc::ServerUnaryReactor* SchedulerService::ListJobs(grpc::CallbackServerContext* context,
                                                     const v1::ListJobsRequest* request,
                                                     v1::ListJobsResponse* response) {
  return Answer(context, response, coordinator_->ListJobs(*request, CallerOf(*context)));
}

grpc::ServerUnaryReactor* SchedulerService::CancelJob(grpc::CallbackServerContext* context,
                                                      const v1::CancelJobRequest* request,
                                                      v1::Job* response) {
  AuditEntry entry = EntryOf(*context, "CancelJob", JobTarget(request->job_id()));
  absl::StatusOr<v1::Job> result = coordinator_->CancelJob(*request, entry.caller);
  Record(audit_, std::move(entry), result.status());
  return Answer(context, response, std::move(result));
}

grpc::ServerUnaryReactor* SchedulerService::DeleteJob(grpc::CallbackServerContext* context,
                                                      const v1::DeleteJobRequest* request,
                                                      v1::DeleteJobResponse* /*response*/) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  const AuditEntry entry = EntryOf(*context, "DeleteJob", JobTarget(request->job_id()));
  // Until Finish the reactor is there, also if the caller has gone.
  coordinator_->DeleteJob(
      *request, entry.caller,
      [audit = audit_, entry, reactor](const absl::StatusOr<v1::DeleteJobResponse>& result) {
        Record(audit, entry, result.status());
        reactor->Finish(ToGrpcStatus(result.status()));
      });
  return reactor;
}

grpc::ServerUnaryReactor* SchedulerService::CheckpointJob(grpc::CallbackServerContext* context,
                                                          const v1::CheckpointJobRequest* request,
                                                          v1::CheckpointJobResponse* response) {
  AuditEntry entry = EntryOf(*context, "CheckpointJob", JobTarget(request->job_id()));
  absl::StatusOr<v1::CheckpointJobResponse> result =
      coordinator_->CheckpointJob(*request, entry.caller);
  Record(audit_, std::move(entry), result.status());
  return Answer(context, response, std::move(result));
}

grpc::ServerUnaryReactor* SchedulerService::DrainNode(grpc::CallbackServerContext* context,
                                                      const v1::DrainNodeRequest* request,
                                                      v1::NodeStatus* response) {
  AuditEntry entry =
      EntryOf(*context, request->undo() ? "DrainNode undo" : "DrainNode", NodeTarget(*request));
  absl::StatusOr<v1::NodeStatus> result = coordinator_->DrainNode(*request, entry.caller);
  Record(audit_, std::move(entry), result.status());
  return Answer(context, response, std::move(result));
}

grpc::ServerUnaryReactor* SchedulerService::DescribeCluster(
    grpc::CallbackServerContext* context, const v1::DescribeClusterRequest* /*request*/,
    v1::Cluster* response) {
  return Answer(context, response, coordinator_->DescribeCluster());
}

grpc::ServerWriteReactor<v1::Job>* SchedulerService::WatchJob(grpc::CallbackServerContext* context,
                                                              const v1::WatchJobRequest* request) {
  const std::shared_ptr<WatchStream> stream = WatchStream::Create();
  const absl::Status status = coordinator_->WatchJob(request->job_id(), CallerOf(*context), stream);
  if (!status.ok()) stream->End(status);
  return stream.get();
}

grpc::ServerWriteReactor<v1::CutChunk>* SchedulerService::ReadCut(
    grpc::CallbackServerContext* context, const v1::ReadCutRequest* request) {
  return CutStream::Start(
      cuts_, coordinator_->FindCut(request->job_id(), request->cut_id(), CallerOf(*context)));
}

grpc::ServerWriteReactor<v1::BackupChunk>* SchedulerService::BackupState(
    grpc::CallbackServerContext* context, const v1::BackupStateRequest* /*request*/) {
  AuditEntry entry = EntryOf(*context, "BackupState", "");
  const absl::StatusOr<v1::StateSnapshot> state = coordinator_->Snapshot(entry.caller);
  Record(audit_, std::move(entry), state.status());
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
