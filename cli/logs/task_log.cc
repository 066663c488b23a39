#include "cli/logs/task_log.h"

#include <grpcpp/channel.h>
#include <grpcpp/client_context.h>

#include <chrono>

#include "absl/time/time.h"
#include "cli/dialer.h"
#include "common/rpc/grpc_status.h"
#include "proto/cluster.grpc.pb.h"

namespace paceline::cli {
namespace {

constexpr absl::Duration kReadTimeout = absl::Minutes(5);
// Then the next call goes on where this one ended.
constexpr absl::Duration kFollowTimeout = absl::Hours(24);

}  // namespace

absl::Status ReadTaskLog(const std::string& worker, const v1::ReadTaskLogRequest& request,
                         const Dialer& dialer, Interrupt* interrupt,
                         const std::function<void(absl::string_view)>& on_data) {
  const auto stub = v1::TaskLogs::NewStub(dialer.Dial(worker, Role::kWorker));
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() +
                       absl::ToChronoNanoseconds(request.follow() ? kFollowTimeout : kReadTimeout));
  const Interrupt::Scope scope(interrupt, [&] { context.TryCancel(); });
  const auto reader = stub->ReadTaskLog(&context, request);
  v1::LogChunk chunk;
  while (reader->Read(&chunk)) on_data(chunk.data());
  const absl::Status status = FromGrpcStatus(reader->Finish());
  return interrupt->requested() ? absl::CancelledError("interrupted") : status;
}

}  // namespace paceline::cli
