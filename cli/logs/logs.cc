#include "cli/logs/logs.h"

#include <grpcpp/client_context.h>
#include <grpcpp/security/credentials.h>

#include <chrono>
#include <string>

#include "absl/strings/str_cat.h"
#include "common/rpc/channel.h"
#include "common/rpc/grpc_status.h"
#include "common/status/status_macros.h"
#include "proto/cluster.grpc.pb.h"

namespace paceline::cli {
namespace {

constexpr absl::Duration kReadTimeout = absl::Minutes(5);
constexpr absl::Duration kFollowTimeout = absl::Hours(24);

absl::StatusOr<std::string> WorkerOf(const v1::Job& job, uint32_t rank) {
  for (const v1::RankStatus& status : job.ranks()) {
    if (status.rank() != rank) {
      continue;
    }
    if (status.worker_address().empty()) {
      return absl::FailedPreconditionError(
          absl::StrCat("job ", job.job_id(), ", rank ", rank, ": not placed on a worker",
                       job.reason().empty() ? "" : ": ", job.reason()));
    }
    return status.worker_address();
  }
  return absl::NotFoundError(absl::StrCat("job ", job.job_id(), " has ranks 0 to ",
                                          job.spec().resources().workers() - 1, ", none ", rank,
                                          job.ranks().empty() ? " placed yet" : ""));
}

}  // namespace

absl::StatusOr<ExitCode> Logs(const LogsOptions& options, SchedulerClient& client,
                              Environment& env) {
  PL_ASSIGN_OR_RETURN(const v1::Job job, client.GetJob(options.job_id));
  PL_ASSIGN_OR_RETURN(const std::string worker, WorkerOf(job, options.rank));
  const auto stub = v1::TaskLogs::NewStub(MakeChannel(worker, grpc::InsecureChannelCredentials()));
  v1::ReadTaskLogRequest request;
  request.set_job_id(options.job_id);
  request.set_rank(options.rank);
  request.set_follow(options.follow);
  request.set_offset(-options.tail_bytes);
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() +
                       absl::ToChronoNanoseconds(options.follow ? kFollowTimeout : kReadTimeout));
  const Interrupt::Scope scope(&env.interrupt, [&] { context.TryCancel(); });
  const auto reader = stub->ReadTaskLog(&context, request);
  v1::LogChunk chunk;
  while (reader->Read(&chunk)) {
    env.out << chunk.data() << std::flush;
  }
  const absl::Status status = FromGrpcStatus(reader->Finish());
  if (env.interrupt.requested()) {
    return ExitCode::kInterrupted;
  }
  if (!status.ok()) {
    return absl::Status(status.code(), absl::StrCat("worker ", worker, ": ", status.message()));
  }
  return ExitCode::kOk;
}

}  // namespace paceline::cli
