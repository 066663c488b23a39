// A call of the data plane between its arrival and its end: what all methods share.
//
//   class PushCall final : public Call<grpc::ByteBuffer, grpc::ByteBuffer> {
//     void AwaitNext() override;   // wait for another of this kind
//     void Handle() override;      // Reply(...) once, now or later
//   };
//
// A call lives while an event of it is outstanding or a thread is about it.
#ifndef PACELINE_SERVER_IO_DATA_PLANE_CALL_H_
#define PACELINE_SERVER_IO_DATA_PLANE_CALL_H_

#include <grpcpp/server_context.h>
#include <grpcpp/support/async_unary_call.h>
#include <grpcpp/support/byte_buffer.h>

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/refusal/refusal.h"
#include "common/rpc/byte_buffer.h"
#include "common/rpc/grpc_status.h"
#include "common/rpc/payload.h"
#include "common/status/status_macros.h"
#include "server/core/payload.h"
#include "server/core/server_job.h"
#include "server/io/data_plane.h"

namespace paceline::server {

// What a tag of the completion queue points to: called with the event's `ok`.
using CallEvent = std::function<void(bool)>;

// The received slices as pieces that share one owner.
Payload Share(paceline::Payload received);

// Of a request that names shared memory where there is none.
absl::Status NoArenas();

// Errors:  UNKNOWN_JOB
absl::StatusOr<std::shared_ptr<ServerJob>> FindJob(DataPlane* data_plane, uint64_t job_id);

// Parses a request; its payload stays where it was received, or where the client has it.
template <typename Request>
absl::Status Decode(DataPlane* data_plane, const grpc::ByteBuffer& buffer, Request* header,
                    Payload* payload) {
  paceline::Payload received;
  const absl::Status decoded =
      DecodeMessage(buffer, Request::kPayloadFieldNumber, header, &received);
  if (!decoded.ok()) return InvalidStatus(decoded.message());
  if (!header->has_shared_payload()) {
    *payload = Share(std::move(received));
  } else {
    if (received.size() > 0) {
      return InvalidStatus("payload: in the message or in shared memory expected, got both");
    }
    if (data_plane->arenas() == nullptr) return NoArenas();
    PL_ASSIGN_OR_RETURN(*payload, data_plane->arenas()->Read(header->shared_payload()));
    data_plane->stats().bytes_shared += payload->size();
  }
  data_plane->stats().bytes_in += payload->size();
  return absl::OkStatus();
}

// A call with one request and one response, raw or parsed. Lives while an event of
// it is outstanding or a thread is about it: the references.
template <typename Request, typename Response>
class Call {
 public:
  Call(const Call&) = delete;
  Call& operator=(const Call&) = delete;

 protected:
  explicit Call(DataPlane* data_plane) : data_plane_(data_plane), writer_(&context_) {}
  virtual ~Call() = default;

  // Waits for another call of this kind.
  virtual void AwaitNext() = 0;
  // The request is there. Reply is called once, now or later, by any thread.
  virtual void Handle() = 0;
  // The server shuts down.
  virtual void OnNeverArrived() {}

  void OnArrived(bool ok) {
    if (ok) {
      AwaitNext();
      Handle();
    } else {
      OnNeverArrived();
    }
    Release();
  }

  void Reply(const absl::StatusOr<Response>& response) {
    references_ += 2;  // the event of the end, and this function
    if (response.ok()) {
      writer_.Finish(*response, grpc::Status::OK, &finished_);
    } else {
      data_plane_->stats().CountRefusal(response.status());
      writer_.FinishWithError(ToGrpcStatus(response.status()), &finished_);
    }
    Release();
  }

  void Hold() { ++references_; }
  void Release() {
    if (--references_ == 0) delete this;
  }

  DataPlane* const data_plane_;
  grpc::ServerContext context_;
  Request request_;
  grpc::ServerAsyncResponseWriter<Response> writer_;
  CallEvent arrived_ = [this](bool ok) { OnArrived(ok); };

 private:
  CallEvent finished_ = [this](bool) { Release(); };
  std::atomic<int> references_{1};
};

}  // namespace paceline::server

#endif  // PACELINE_SERVER_IO_DATA_PLANE_CALL_H_
