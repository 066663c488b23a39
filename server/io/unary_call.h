// A call by itself, between its arrival and its end: what all methods share.
//
//   class PushCall final : public Call<grpc::ByteBuffer, grpc::ByteBuffer> {
//     void AwaitNext() override;   // wait for another of this kind
//     void Handle() override;      // Reply(...) once, now or later
//   };
//
// A call lives while an event of it is outstanding or a thread is about it.
#ifndef PACELINE_SERVER_IO_UNARY_CALL_H_
#define PACELINE_SERVER_IO_UNARY_CALL_H_

#include <grpcpp/server_context.h>
#include <grpcpp/support/async_unary_call.h>
#include <grpcpp/support/byte_buffer.h>

#include <atomic>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/refusal/refusal.h"
#include "common/rpc/byte_buffer.h"
#include "common/rpc/grpc_status.h"
#include "common/rpc/held_event.h"
#include "common/rpc/payload.h"
#include "server/core/payload.h"
#include "server/io/data_methods.h"
#include "server/io/data_plane.h"
#include "server/io/received_payload.h"

namespace paceline::server {

// Parses a raw request; its payload stays where it was received.
// Errors:  INVALID  not a message of this type.
template <typename Request>
absl::Status Decode(const grpc::ByteBuffer& buffer, Request* header, Payload* payload) {
  paceline::Payload received;
  const absl::Status decoded =
      DecodeMessage(buffer, Request::kPayloadFieldNumber, header, &received);
  if (!decoded.ok()) return InvalidStatus(decoded.message());
  *payload = Share(std::move(received));
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
  QueueEvent arrived_ = [this](bool ok) { OnArrived(ok); };

 private:
  QueueEvent finished_ = [this](bool) { Release(); };
  std::atomic<int> references_{1};
};

}  // namespace paceline::server

#endif  // PACELINE_SERVER_IO_UNARY_CALL_H_
