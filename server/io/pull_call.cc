// Pull: answered when it is admitted; until then it waits as a ticket with an alarm.
#include "server/io/pull_call.h"

#include <grpcpp/alarm.h>

#include <algorithm>
#include <chrono>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "common/failpoint/failpoint.h"
#include "server/io/data_plane_call.h"

namespace paceline::server {
namespace {

// The answer to a parked pull needs a moment to get back before the deadline: a tenth of
// the time that is left, within limits.
constexpr absl::Duration kShortestMargin = absl::Milliseconds(20);
constexpr absl::Duration kLongestMargin = absl::Milliseconds(500);

absl::Status TooManyReplies() {
  v1::Refusal refusal;
  refusal.set_kind(v1::Refusal::NOT_YET);
  return RefusalStatus(refusal, "too many replies wait for slow clients");
}

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
  ~PullCall() override { data_plane_->replies().Return(reply_bytes_); }

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
    const absl::Time now = absl::Now();
    const absl::Duration left = absl::FromChrono(context_.deadline()) - now;
    const absl::Duration margin = std::clamp(left / 10, kShortestMargin, kLongestMargin);
    const absl::Time until = now + std::min({max_wait, kMaxPullWait, left - margin});
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
    const absl::StatusOr<bool> shared = WriteToReplySpace(reply->payload);
    if (!shared.ok()) return Reply(shared.status());
    if (*shared) {
      data_plane_->stats().bytes_out += bytes;
      data_plane_->stats().bytes_shared += bytes;
      reply->header.set_in_reply_space(bytes);
      return Reply(EncodeMessage(reply->header, /*payload_field=*/0));
    }
    if (!data_plane_->replies().Take(bytes)) return Reply(TooManyReplies());
    reply_bytes_ = bytes;
    std::vector<grpc::Slice> slices;
    slices.reserve(reply->payload.pieces().size());
    for (const Piece& piece : reply->payload.pieces()) {
      slices.push_back(SliceOf(piece.owner, piece.bytes.data(), piece.bytes.size()));
    }
    data_plane_->stats().bytes_out += bytes;
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
  // In the message, until the call is over.
  uint64_t reply_bytes_ = 0;
  Mutex mu_;
  grpc::Alarm alarm_ ABSL_GUARDED_BY(mu_);
  std::optional<uint64_t> ticket_ ABSL_GUARDED_BY(mu_);
  bool answered_ ABSL_GUARDED_BY(mu_) = false;
  bool gone_already_ ABSL_GUARDED_BY(mu_) = false;
};

}  // namespace

void AwaitPull(DataPlane* data_plane) { PullCall::Await(data_plane); }

}  // namespace paceline::server
