#include "cli/scheduler_client.h"

#include <grpcpp/channel.h>
#include <grpcpp/client_context.h>

#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "common/rpc/grpc_status.h"
#include "common/status/status_macros.h"
#include "proto/cluster.grpc.pb.h"

namespace paceline::cli {
namespace {

void SetTimeout(absl::Duration timeout, grpc::ClientContext* context) {
  // Of Abseil's times, because they saturate: a timeout may be infinite.
  context->set_deadline(absl::ToChronoTime(absl::Now() + timeout));
}

}  // namespace

struct SchedulerClient::Calls {
  Calls(const std::string& address, const std::shared_ptr<grpc::Channel>& channel)
      : address(address), stub(v1::Scheduler::NewStub(channel)) {}

  absl::Status Explained(const grpc::Status& status) const;

  // Hands every chunk over; the first error of `on_chunk` ends the call.
  template <typename Chunk>
  absl::Status ReadAll(grpc::ClientReader<Chunk>& reader, grpc::ClientContext* context,
                       const std::function<absl::Status(const Chunk&)>& on_chunk) const;

  const std::string address;
  const std::unique_ptr<v1::Scheduler::Stub> stub;
};

SchedulerClient::SchedulerClient(std::string address, const std::shared_ptr<grpc::Channel>& channel,
                                 Interrupt* interrupt)
    : address_(std::move(address)),
      interrupt_(interrupt),
      calls_(std::make_unique<Calls>(address_, channel)) {}

SchedulerClient::~SchedulerClient() = default;

absl::Status SchedulerClient::Calls::Explained(const grpc::Status& status) const {
  if (status.error_code() == grpc::StatusCode::UNAVAILABLE) {
    return absl::UnavailableError(
        absl::StrCat("no scheduler at ", address, ": ", status.error_message()));
  }
  if (status.error_code() == grpc::StatusCode::DEADLINE_EXCEEDED) {
    return absl::DeadlineExceededError(
        absl::StrCat("no answer from the scheduler at ", address, " in time"));
  }
  return FromGrpcStatus(status);
}

absl::StatusOr<uint64_t> SchedulerClient::SubmitJob(const std::string& request_id,
                                                    const v1::JobSpec& spec, bool interruptible) {
  v1::SubmitJobRequest request;
  request.set_request_id(request_id);
  *request.mutable_spec() = spec;
  v1::SubmitJobResponse response;
  grpc::ClientContext context;
  SetTimeout(kCallTimeout, &context);
  Interrupt never;
  const Interrupt::Scope scope(interruptible ? interrupt_ : &never, [&] { context.TryCancel(); });
  PL_RETURN_IF_ERROR(calls_->Explained(calls_->stub->SubmitJob(&context, request, &response)));
  return response.job_id();
}

absl::StatusOr<v1::Job> SchedulerClient::GetJob(uint64_t job_id) {
  v1::GetJobRequest request;
  request.set_job_id(job_id);
  v1::Job job;
  grpc::ClientContext context;
  SetTimeout(kCallTimeout, &context);
  const Interrupt::Scope scope(interrupt_, [&] { context.TryCancel(); });
  PL_RETURN_IF_ERROR(calls_->Explained(calls_->stub->GetJob(&context, request, &job)));
  return job;
}

absl::StatusOr<v1::ListJobsResponse> SchedulerClient::ListJobs(const v1::ListJobsRequest& request) {
  v1::ListJobsResponse all;
  v1::ListJobsRequest page = request;
  do {
    v1::ListJobsResponse response;
    grpc::ClientContext context;
    SetTimeout(kCallTimeout, &context);
    const Interrupt::Scope scope(interrupt_, [&] { context.TryCancel(); });
    PL_RETURN_IF_ERROR(calls_->Explained(calls_->stub->ListJobs(&context, page, &response)));
    all.set_more(response.more() && !response.jobs().empty());
    if (all.more()) {
      page.set_after_job_id(response.jobs(response.jobs_size() - 1).job_id());
    }
    for (v1::Job& job : *response.mutable_jobs()) {
      *all.add_jobs() = std::move(job);
    }
  } while (all.more());
  return all;
}

absl::StatusOr<v1::Job> SchedulerClient::CancelJob(const v1::CancelJobRequest& request,
                                                   bool interruptible, absl::Duration timeout) {
  v1::Job job;
  grpc::ClientContext context;
  SetTimeout(timeout, &context);
  Interrupt never;
  const Interrupt::Scope scope(interruptible ? interrupt_ : &never, [&] { context.TryCancel(); });
  PL_RETURN_IF_ERROR(calls_->Explained(calls_->stub->CancelJob(&context, request, &job)));
  return job;
}

absl::StatusOr<v1::CheckpointJobResponse> SchedulerClient::CheckpointJob(
    const v1::CheckpointJobRequest& request) {
  v1::CheckpointJobResponse response;
  grpc::ClientContext context;
  SetTimeout(kCallTimeout, &context);
  const Interrupt::Scope scope(interrupt_, [&] { context.TryCancel(); });
  PL_RETURN_IF_ERROR(calls_->Explained(calls_->stub->CheckpointJob(&context, request, &response)));
  return response;
}

absl::Status SchedulerClient::DeleteJob(uint64_t job_id) {
  v1::DeleteJobRequest request;
  request.set_job_id(job_id);
  v1::DeleteJobResponse response;
  grpc::ClientContext context;
  SetTimeout(kDeleteTimeout, &context);
  const Interrupt::Scope scope(interrupt_, [&] { context.TryCancel(); });
  return calls_->Explained(calls_->stub->DeleteJob(&context, request, &response));
}

absl::StatusOr<v1::NodeStatus> SchedulerClient::DrainNode(const v1::DrainNodeRequest& request) {
  v1::NodeStatus node;
  grpc::ClientContext context;
  SetTimeout(kCallTimeout, &context);
  const Interrupt::Scope scope(interrupt_, [&] { context.TryCancel(); });
  PL_RETURN_IF_ERROR(calls_->Explained(calls_->stub->DrainNode(&context, request, &node)));
  return node;
}

absl::StatusOr<v1::Cluster> SchedulerClient::DescribeCluster() {
  v1::Cluster cluster;
  grpc::ClientContext context;
  SetTimeout(kCallTimeout, &context);
  const Interrupt::Scope scope(interrupt_, [&] { context.TryCancel(); });
  PL_RETURN_IF_ERROR(calls_->Explained(
      calls_->stub->DescribeCluster(&context, v1::DescribeClusterRequest(), &cluster)));
  return cluster;
}

absl::Status SchedulerClient::WatchJob(uint64_t job_id, absl::Duration timeout,
                                       const std::function<bool(const v1::Job&)>& on_job) {
  v1::WatchJobRequest request;
  request.set_job_id(job_id);
  grpc::ClientContext context;
  SetTimeout(timeout, &context);
  // A channel of blocking calls looks at its sockets only while a call is under way
  // (else every five seconds): a call that waits finds a scheduler as it comes back.
  context.set_wait_for_ready(true);
  const Interrupt::Scope scope(interrupt_, [&] { context.TryCancel(); });
  auto reader = calls_->stub->WatchJob(&context, request);
  v1::Job job;
  while (reader->Read(&job)) {
    if (!on_job(job)) {
      context.TryCancel();
      reader->Finish();
      return absl::OkStatus();
    }
  }
  return calls_->Explained(reader->Finish());
}

template <typename Chunk>
absl::Status SchedulerClient::Calls::ReadAll(
    grpc::ClientReader<Chunk>& reader, grpc::ClientContext* context,
    const std::function<absl::Status(const Chunk&)>& on_chunk) const {
  Chunk chunk;
  while (reader.Read(&chunk)) {
    if (absl::Status status = on_chunk(chunk); !status.ok()) {
      context->TryCancel();
      reader.Finish();
      return status;
    }
  }
  return Explained(reader.Finish());
}

absl::Status SchedulerClient::ReadCut(
    const v1::ReadCutRequest& request,
    const std::function<absl::Status(const v1::CutChunk&)>& on_chunk) {
  grpc::ClientContext context;
  SetTimeout(kTransferTimeout, &context);
  const Interrupt::Scope scope(interrupt_, [&] { context.TryCancel(); });
  return calls_->ReadAll<v1::CutChunk>(*calls_->stub->ReadCut(&context, request), &context,
                                       on_chunk);
}

absl::Status SchedulerClient::BackupState(
    const std::function<absl::Status(const v1::BackupChunk&)>& on_chunk) {
  grpc::ClientContext context;
  SetTimeout(kTransferTimeout, &context);
  const Interrupt::Scope scope(interrupt_, [&] { context.TryCancel(); });
  return calls_->ReadAll<v1::BackupChunk>(
      *calls_->stub->BackupState(&context, v1::BackupStateRequest()), &context, on_chunk);
}

}  // namespace paceline::cli
