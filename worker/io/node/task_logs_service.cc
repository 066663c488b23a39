#include "worker/io/node/task_logs_service.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/rpc/caller.h"
#include "common/rpc/grpc_status.h"
#include "common/security/identity.h"
#include "common/status/status_macros.h"
#include "worker/io/node/task_logs.h"

namespace paceline::worker {
namespace {

constexpr uint64_t kChunkBytes = 64 << 10;
constexpr absl::Duration kLookEvery = absl::Milliseconds(200);

// As scheduler/core/admission/access.h: a job's owner, admins and viewers may see it.
absl::Status CheckSee(const Identity& caller, uint64_t job_id,
                      const absl::StatusOr<std::string>& owner) {
  if (caller.role == Role::kAdmin || caller.role == Role::kViewer) return absl::OkStatus();
  if (caller.role == Role::kUser && owner.ok() && *owner == caller.name) return absl::OkStatus();
  return absl::PermissionDeniedError(
      absl::StrCat(IdentityText(caller), " may not see the logs of job ", job_id));
}

// Sends what the file holds from `offset` on and moves it there. False: the reader
// has gone.
absl::StatusOr<bool> SendRest(const ReadableFile& file, uint64_t* offset,
                              grpc::ServerWriter<v1::LogChunk>* writer) {
  PL_ASSIGN_OR_RETURN(const uint64_t size, file.Size());
  v1::LogChunk chunk;
  while (*offset < size) {
    std::string* data = chunk.mutable_data();
    data->resize(std::min(kChunkBytes, size - *offset));
    PL_RETURN_IF_ERROR(file.ReadAt(*offset, absl::MakeSpan(*data)));
    *offset += data->size();
    if (!writer->Write(chunk)) return false;
  }
  return true;
}

uint64_t StartOffset(int64_t asked, uint64_t size) {
  if (asked >= 0) return static_cast<uint64_t>(asked);
  // The magnitude of the smallest int64 fits into a uint64.
  const uint64_t back = ~static_cast<uint64_t>(asked) + 1;
  return back > size ? 0 : size - back;
}

}  // namespace

TaskLogsService::TaskLogsService(Options options) : options_(std::move(options)) {}

grpc::Status TaskLogsService::ReadTaskLog(grpc::ServerContext* context,
                                          const v1::ReadTaskLogRequest* request,
                                          grpc::ServerWriter<v1::LogChunk>* writer) {
  {
    MutexLock lock(&mu_);
    if (shut_down_) return ToGrpcStatus(absl::UnavailableError("the worker shuts down"));
    if (readers_ >= kMaxReaders) {
      return ToGrpcStatus(absl::ResourceExhaustedError(
          absl::StrCat("at most ", kMaxReaders, " logs are read at a time on this worker")));
    }
    ++readers_;
  }
  const absl::Status status = Read(context, *request, writer);
  MutexLock lock(&mu_);
  --readers_;
  return ToGrpcStatus(status);
}

absl::Status TaskLogsService::Read(grpc::ServerContext* context,
                                   const v1::ReadTaskLogRequest& request,
                                   grpc::ServerWriter<v1::LogChunk>* writer) {
  PL_RETURN_IF_ERROR(CheckSee(CallerOf(*context), request.job_id(),
                              LogOwner(*options_.fs, options_.data_dir, request.job_id())));
  PL_ASSIGN_OR_RETURN(const std::string path, FindTaskLog(*options_.fs, options_.data_dir,
                                                          request.job_id(), request.rank()));
  PL_ASSIGN_OR_RETURN(const std::unique_ptr<ReadableFile> file, options_.fs->OpenForRead(path));
  PL_ASSIGN_OR_RETURN(const uint64_t size, file->Size());
  uint64_t offset = StartOffset(request.offset(), size);
  for (;;) {
    // Asked before reading: what a task wrote last is then in the file.
    const bool more =
        request.follow() && options_.supervisor->Runs(request.job_id(), request.rank());
    PL_ASSIGN_OR_RETURN(const bool there, SendRest(*file, &offset, writer));
    if (!there || !more) return absl::OkStatus();
    MutexLock lock(&mu_);
    const bool ended =
        options_.clock->Await(&mu_, &changed_, options_.clock->Monotonic() + kLookEvery,
                              [this]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_) { return shut_down_; });
    if (ended) return absl::UnavailableError("the worker shuts down");
    if (context->IsCancelled()) return absl::CancelledError("the reader has gone");
  }
}

void TaskLogsService::Shutdown() {
  MutexLock lock(&mu_);
  shut_down_ = true;
  changed_.NotifyAll();
}

}  // namespace paceline::worker
