#include "server/io/data_plane_calls.h"

#include <grpcpp/alarm.h>
#include <grpcpp/server_context.h>
#include <grpcpp/support/async_unary_call.h>
#include <grpcpp/support/byte_buffer.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "common/failpoint/failpoint.h"
#include "common/refusal/refusal.h"
#include "common/rpc/byte_buffer.h"
#include "common/rpc/grpc_status.h"
#include "common/rpc/payload.h"
#include "common/status/status_macros.h"
#include "server/core/payload.h"
#include "server/core/server_job.h"
#include "server/io/data_plane.h"

namespace paceline::server {
namespace {

// The answer to a parked pull needs a moment to get back before the deadline.
constexpr absl::Duration kReplyMargin = absl::Milliseconds(20);

// The received slices as pieces that share one owner.
Payload Share(paceline::Payload received) {
  const auto owner = std::make_shared<const paceline::Payload>(std::move(received));
  Payload payload;
  for (const absl::string_view piece : owner->pieces()) {
    payload.Append(Piece{.owner = owner,
                         .bytes = absl::MakeConstSpan(
                             reinterpret_cast<const uint8_t*>(piece.data()), piece.size())});
  }
  return payload;
}

absl::Status NoArenas() {
  return absl::UnavailableError("this server has no shared memory with its clients");
}

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

absl::StatusOr<std::shared_ptr<ServerJob>> FindJob(DataPlane* data_plane, uint64_t job_id) {
  std::shared_ptr<ServerJob> job = data_plane->state().Find(job_id);
  if (job != nullptr) return job;
  v1::Refusal refusal;
  refusal.set_kind(v1::Refusal::UNKNOWN_JOB);
  return RefusalStatus(refusal, absl::StrCat("job ", job_id, " is not served here"));
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

class PushCall final : public Call<grpc::ByteBuffer, grpc::ByteBuffer> {
 public:
  static void Await(DataPlane* data_plane) {
    auto* const call = new PushCall(data_plane);
    const bool open = data_plane->WithOpenQueue([&] {
      data_plane->service().RequestPush(&call->context_, &call->request_, &call->writer_,
                                        data_plane->queue(), data_plane->queue(), &call->arrived_);
    });
    if (!open) call->Release();
  }

 private:
  using Call::Call;
  void AwaitNext() override { Await(data_plane_); }

  void Handle() override {
    ++data_plane_->stats().pushes;
    if (const absl::Status fault = Failpoint("server.push.receive"); !fault.ok()) {
      return Reply(fault);
    }
    v1::PushRequest header;
    Payload payload;
    const absl::Status decoded = Decode(data_plane_, request_, &header, &payload);
    if (!decoded.ok()) return Reply(decoded);
    request_.Clear();
    const absl::StatusOr<std::shared_ptr<ServerJob>> job =
        FindJob(data_plane_, header.context().job_id());
    if (!job.ok()) return Reply(job.status());
    (*job)->Push(header, payload, [this](absl::StatusOr<v1::PushResponse> response) {
      if (!response.ok()) return Reply(response.status());
      data_plane_->stats().duplicates += response->duplicates();
      if (const absl::Status fault = Failpoint("server.push.reply"); !fault.ok()) {
        return Reply(fault);
      }
      Reply(EncodeMessage(*response, /*payload_field=*/0));
    });
  }
};

class PullCall final : public Call<grpc::ByteBuffer, grpc::ByteBuffer> {
 public:
  static void Await(DataPlane* data_plane) {
    auto* const call = new PullCall(data_plane);
    // For gone_, which may overtake the arrival.
    call->Hold();
    const bool open = data_plane->WithOpenQueue([&] {
      call->context_.AsyncNotifyWhenDone(&call->gone_);
      data_plane->service().RequestPull(&call->context_, &call->request_, &call->writer_,
                                        data_plane->queue(), data_plane->queue(), &call->arrived_);
    });
    if (open) return;
    call->Release();
    call->Release();
  }

 private:
  using Call::Call;
  void AwaitNext() override { Await(data_plane_); }
  // gone_ comes only for calls that have arrived.
  void OnNeverArrived() override { Release(); }

  void Handle() override {
    ++data_plane_->stats().pulls;
    if (const absl::Status fault = Failpoint("server.pull.receive"); !fault.ok()) {
      return Answer(fault);
    }
    v1::PullRequest header;
    Payload keys;
    const absl::Status decoded = Decode(data_plane_, request_, &header, &keys);
    if (!decoded.ok()) return Answer(decoded);
    if (header.has_reply_space()) reply_space_ = header.reply_space();
    absl::StatusOr<std::shared_ptr<ServerJob>> job =
        FindJob(data_plane_, header.context().job_id());
    if (!job.ok()) return Answer(job.status());
    job_ = *std::move(job);
    const std::optional<uint64_t> ticket = job_->Pull(
        header, keys, [this](absl::StatusOr<PullReply> reply) { Answer(std::move(reply)); });
    if (ticket.has_value()) Park(*ticket, absl::Milliseconds(header.max_wait_ms()));
  }

  // Sets the alarm of a pull that waits, unless it has been answered meanwhile.
  void Park(uint64_t ticket, absl::Duration max_wait) {
    const absl::Time deadline = absl::FromChrono(context_.deadline()) - kReplyMargin;
    const absl::Time until = std::min(absl::Now() + std::min(max_wait, kMaxPullWait), deadline);
    bool gone;
    bool armed = false;
    {
      MutexLock lock(&mu_);
      ticket_ = ticket;
      gone = gone_already_;
      if (!answered_ && !gone) {
        grpc::Alarm* const alarm = &alarm_;
        armed = data_plane_->WithOpenQueue([&] {
          Hold();
          alarm->Set(data_plane_->queue(), absl::ToChronoTime(until), &expired_);
        });
      }
      if (answered_) return;
    }
    if (!armed) job_->Cancel(ticket);
  }

  // Any thread, once.
  void Answer(absl::StatusOr<PullReply> reply) {
    {
      MutexLock lock(&mu_);
      answered_ = true;
      alarm_.Cancel();
    }
    if (!reply.ok()) return Reply(reply.status());
    if (const absl::Status fault = Failpoint("server.pull.reply"); !fault.ok()) {
      return Reply(fault);
    }
    const uint64_t bytes = reply->payload.size();
    data_plane_->stats().bytes_out += bytes;
    const absl::StatusOr<bool> shared = WriteToReplySpace(reply->payload);
    if (!shared.ok()) return Reply(shared.status());
    if (*shared) {
      data_plane_->stats().bytes_shared += bytes;
      reply->header.set_in_reply_space(bytes);
      return Reply(EncodeMessage(reply->header, /*payload_field=*/0));
    }
    std::vector<grpc::Slice> slices;
    slices.reserve(reply->payload.pieces().size());
    for (const Piece& piece : reply->payload.pieces()) {
      slices.push_back(SliceOf(piece.owner, piece.bytes.data(), piece.bytes.size()));
    }
    Reply(EncodeMessage(reply->header, v1::PullResponse::kPayloadFieldNumber, slices));
  }

  // False: the payload goes into the message.
  absl::StatusOr<bool> WriteToReplySpace(const Payload& payload) const {
    if (!reply_space_.has_value() || payload.size() == 0) return false;
    if (data_plane_->arenas() == nullptr) return NoArenas();
    return data_plane_->arenas()->Write(*reply_space_, payload);
  }

  void OnExpired(bool ok) {
    // Else answered: cancelled by Answer.
    if (ok) job_->Expire(*Ticket());
    Release();
  }

  // The call is over: answered, or the caller cancelled it or went away.
  void OnGone(bool) {
    std::optional<uint64_t> ticket;
    if (context_.IsCancelled()) {
      MutexLock lock(&mu_);
      gone_already_ = true;
      ticket = ticket_;
    }
    if (ticket.has_value()) job_->Cancel(*ticket);
    Release();
  }

  std::optional<uint64_t> Ticket() {
    MutexLock lock(&mu_);
    return ticket_;
  }

  CallEvent expired_ = [this](bool ok) { OnExpired(ok); };
  CallEvent gone_ = [this](bool ok) { OnGone(ok); };
  std::shared_ptr<ServerJob> job_;
  std::optional<v1::SharedSpan> reply_space_;
  Mutex mu_;
  grpc::Alarm alarm_ ABSL_GUARDED_BY(mu_);
  std::optional<uint64_t> ticket_ ABSL_GUARDED_BY(mu_);
  bool answered_ ABSL_GUARDED_BY(mu_) = false;
  bool gone_already_ ABSL_GUARDED_BY(mu_) = false;
};

// The calls whose messages are small: parsed by gRPC.
template <typename Request, typename Response>
struct Method {
  using RequestCall = void (DataPlane::Service::*)(grpc::ServerContext*, Request*,
                                                   grpc::ServerAsyncResponseWriter<Response>*,
                                                   grpc::CompletionQueue*,
                                                   grpc::ServerCompletionQueue*, void*);
  RequestCall request;
  absl::StatusOr<Response> (*handle)(DataPlane& data_plane, ServerJob& job, const Request& request);
};

template <typename Request, typename Response>
class SmallCall final : public Call<Request, Response> {
 public:
  using M = Method<Request, Response>;

  static void Await(DataPlane* data_plane, const M& method) {
    auto* const call = new SmallCall(data_plane, method);
    const bool open = data_plane->WithOpenQueue([&] {
      (data_plane->service().*method.request)(&call->context_, &call->request_, &call->writer_,
                                              data_plane->queue(), data_plane->queue(),
                                              &call->arrived_);
    });
    if (!open) call->Release();
  }

 private:
  SmallCall(DataPlane* data_plane, const M& method)
      : Call<Request, Response>(data_plane), method_(method) {}
  void AwaitNext() override { Await(this->data_plane_, method_); }

  void Handle() override {
    const absl::StatusOr<std::shared_ptr<ServerJob>> job =
        FindJob(this->data_plane_, this->request_.context().job_id());
    if (!job.ok()) return this->Reply(job.status());
    this->Reply(method_.handle(*this->data_plane_, **job, this->request_));
  }

  const M method_;
};

absl::StatusOr<v1::OpenRankResponse> OpenRank(DataPlane& data_plane, ServerJob& job,
                                              const v1::OpenRankRequest& request) {
  PL_RETURN_IF_ERROR(Failpoint("server.open_rank.receive"));
  absl::StatusOr<v1::OpenRankResponse> response = job.OpenRank(request.context());
  if (!response.ok()) return response;
  PL_RETURN_IF_ERROR(Failpoint("server.open_rank.reply"));
  if (data_plane.arenas() != nullptr) {
    response->set_shared_memory_socket(data_plane.arenas()->socket_name());
  }
  return response;
}

absl::StatusOr<v1::PinResponse> Pin(DataPlane&, ServerJob& job, const v1::PinRequest& request) {
  return job.Pin(request.context());
}

absl::StatusOr<v1::UnpinResponse> Unpin(DataPlane&, ServerJob& job,
                                        const v1::UnpinRequest& request) {
  return job.Unpin(request);
}

}  // namespace

void AwaitCalls(DataPlane* data_plane) {
  PushCall::Await(data_plane);
  PullCall::Await(data_plane);
  SmallCall<v1::OpenRankRequest, v1::OpenRankResponse>::Await(
      data_plane, {&DataPlane::Service::RequestOpenRank, &OpenRank});
  SmallCall<v1::PinRequest, v1::PinResponse>::Await(data_plane,
                                                    {&DataPlane::Service::RequestPin, &Pin});
  SmallCall<v1::UnpinRequest, v1::UnpinResponse>::Await(
      data_plane, {&DataPlane::Service::RequestUnpin, &Unpin});
}

}  // namespace paceline::server
