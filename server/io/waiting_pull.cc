#include "server/io/waiting_pull.h"

#include <algorithm>
#include <utility>

#include "absl/time/clock.h"
#include "common/failpoint/failpoint.h"
#include "common/refusal/refusal.h"
#include "common/rpc/byte_buffer.h"
#include "common/status/status_macros.h"
#include "server/io/data_methods.h"

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

}  // namespace

std::shared_ptr<WaitingPull> WaitingPull::Start(DataPlane* data_plane,
                                                const v1::PullRequest& header, Payload received,
                                                absl::Time deadline, Done done) {
  const std::shared_ptr<WaitingPull> pull(new WaitingPull(data_plane, std::move(done)));
  pull->Begin(header, std::move(received), deadline);
  return pull;
}

void WaitingPull::Begin(const v1::PullRequest& header, Payload received, absl::Time deadline) {
  began_ = data_plane_->Now();
  if (const absl::Status fault = Failpoint("server.pull.receive"); !fault.ok()) {
    return Answer(fault);
  }
  const absl::StatusOr<Payload> keys =
      PayloadOf(data_plane_, DataMethod::kPull, header, std::move(received));
  if (!keys.ok()) return Answer(keys.status());
  reply_space_ = header.reply_space();
  absl::StatusOr<std::shared_ptr<ServerJob>> job = FindJob(data_plane_, header.context().job_id());
  if (!job.ok()) return Answer(job.status());
  job_ = *std::move(job);
  const std::optional<uint64_t> ticket =
      job_->Pull(header, *keys, [self = shared_from_this()](absl::StatusOr<PullReply> reply) {
        self->Answer(std::move(reply));
      });
  if (!ticket.has_value()) return;
  const absl::Time now = absl::Now();
  const absl::Duration left = deadline - now;
  const absl::Duration margin = std::clamp(left / 10, kShortestMargin, kLongestMargin);
  Park(*ticket,
       now + std::min({absl::Milliseconds(header.max_wait_ms()), kMaxPullWait, left - margin}));
}

// Sets the alarm of a pull that waits, unless it has been answered meanwhile.
void WaitingPull::Park(uint64_t ticket, absl::Time until) {
  bool armed = false;
  {
    MutexLock lock(&mu_);
    ticket_ = ticket;
    if (answered_) return;
    parked_ = data_plane_->Now();
    if (!cancelled_) {
      grpc::Alarm* const alarm = &alarm_;
      armed = data_plane_->WithOpenQueue([&] {
        alarm->Set(data_plane_->queue(), absl::ToChronoTime(until),
                   expired_.Due(shared_from_this()));
      });
    }
  }
  if (!armed) job_->Cancel(ticket);
}

void WaitingPull::Cancel() {
  std::optional<uint64_t> ticket;
  {
    MutexLock lock(&mu_);
    cancelled_ = true;
    ticket = ticket_;
  }
  if (ticket.has_value()) job_->Cancel(*ticket);
}

void WaitingPull::OnExpired(bool ok) {
  // Else answered: cancelled by Answer.
  if (!ok) return;
  uint64_t ticket;
  {
    MutexLock lock(&mu_);
    ticket = *ticket_;
  }
  job_->Expire(ticket);
}

// Any thread, once.
void WaitingPull::Answer(absl::StatusOr<PullReply> reply) {
  absl::Duration waited;
  {
    MutexLock lock(&mu_);
    answered_ = true;
    alarm_.Cancel();
    if (parked_ > absl::ZeroDuration()) waited = data_plane_->Now() - parked_;
  }
  absl::StatusOr<PullAnswer> answer = Finish(std::move(reply));
  DataPlaneStats& stats = data_plane_->stats();
  if (waited > absl::ZeroDuration()) stats.Waited(job_->policy(), waited);
  stats.Handled(DataMethod::kPull, answer.status(), data_plane_->Now() - began_ - waited);
  done_(std::move(answer));
}

absl::StatusOr<PullAnswer> WaitingPull::Finish(absl::StatusOr<PullReply> reply) {
  PL_RETURN_IF_ERROR(reply.status());
  PL_RETURN_IF_ERROR(Failpoint("server.pull.reply"));
  return Pack(*std::move(reply));
}

absl::StatusOr<PullAnswer> WaitingPull::Pack(PullReply reply) {
  const uint64_t bytes = reply.payload.size();
  PL_ASSIGN_OR_RETURN(const bool shared, WriteToReplySpace(reply.payload));
  PullAnswer answer;
  answer.header = std::move(reply.header);
  if (shared) {
    data_plane_->stats().shared_bytes.Add(bytes);
    answer.header.set_in_reply_space(bytes);
  } else {
    if (!data_plane_->replies().Take(bytes)) return TooManyReplies();
    answer.held = std::shared_ptr<void>(
        nullptr, [data_plane = data_plane_, bytes](void*) { data_plane->replies().Return(bytes); });
    answer.payload.reserve(reply.payload.pieces().size());
    for (const Piece& piece : reply.payload.pieces()) {
      answer.payload.push_back(SliceOf(piece.owner, piece.bytes.data(), piece.bytes.size()));
    }
  }
  data_plane_->stats().of(DataMethod::kPull).sent_bytes.Add(bytes);
  return answer;
}

// False: the payload goes into the message.
absl::StatusOr<bool> WaitingPull::WriteToReplySpace(const Payload& payload) const {
  if (reply_space_.empty() || payload.size() == 0) return false;
  if (data_plane_->arenas() == nullptr) return NoArenas();
  return data_plane_->arenas()->Write(reply_space_, payload);
}

}  // namespace paceline::server
