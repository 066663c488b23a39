#include "server/io/call_stream.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "common/refusal/refusal.h"
#include "common/rpc/byte_buffer.h"
#include "common/rpc/grpc_status.h"
#include "common/status/status_macros.h"
#include "server/io/received_payload.h"

namespace paceline::server {
namespace {

// Payload at which a batch of answers is full. A larger answer travels by itself.
constexpr uint64_t kBatchBytes = uint64_t{1} << 20;

// Answers of a batch of calls up to this wait for one another.
constexpr uint64_t kSmallBatchBytes = uint64_t{64} << 10;

uint64_t PayloadBytes(const StreamAnswer& answer) { return answer.header.payload_bytes(); }

}  // namespace

void CallStream::Await(std::shared_ptr<const Options> options) {
  const std::shared_ptr<CallStream> stream(new CallStream(std::move(options)));
  const bool open = stream->options_->with_open_queue([&] {
    stream->context_.AsyncNotifyWhenDone(stream->gone_.Due(stream));
    stream->options_->request(&stream->context_, &stream->wire_, stream->arrived_.Due(stream));
  });
  if (!open) stream->gone_.Drop();
}

void CallStream::OnArrived(bool ok) {
  if (!ok) {
    // The server shuts down. gone_ comes only for streams that have arrived.
    gone_.Drop();
    return;
  }
  Await(options_);
  options_->arrived(shared_from_this());
  Proceed();
}

void CallStream::End() {
  {
    MutexLock lock(&mu_);
    ending_ = true;
  }
  Proceed();
}

void CallStream::Proceed() {
  Due due;
  {
    MutexLock lock(&mu_);
    due = Decide();
  }
  Do(due);
}

CallStream::Due CallStream::Decide() {
  Due due;
  if (over_) return due;
  if (!writing_ && small_ == 0 && !answers_.empty() && failure_.ok()) due.write = NextBatch();
  if (!reading_ && !ending_ && waiting_.size() + answers_.size() < kMostUnanswered) {
    reading_ = due.read = true;
  }
  if (ending_ && !writing_ && taking_ == 0 && (waiting_.empty() || !failure_.ok())) {
    over_ = true;
    due.finish = ToGrpcStatus(failure_);
  }
  return due;
}

void CallStream::Do(const Due& due) {
  if (!due.read && !due.write.has_value() && !due.finish.has_value()) return;
  options_->with_open_queue([&] {
    if (due.read) wire_.Read(&message_, read_.Due(shared_from_this()));
    if (due.write.has_value()) {
      wire_.Write(*due.write, grpc::WriteOptions(), written_.Due(shared_from_this()));
    }
    if (due.finish.has_value()) wire_.Finish(*due.finish, finished_.Due(shared_from_this()));
  });
}

void CallStream::OnRead(bool ok) {
  grpc::ByteBuffer message;
  message.Swap(&message_);
  Due due;
  {
    MutexLock lock(&mu_);
    reading_ = false;
    if (ok) {
      ++taking_;
    } else {
      ending_ = true;
    }
    due = Decide();
  }
  // The next batch, or the client's last word, arrives while this one is served.
  Do(due);
  if (!ok) return;
  const absl::Status taken = TakeBatch(message);
  if (!taken.ok()) Drop();
  {
    MutexLock lock(&mu_);
    --taking_;
    if (!taken.ok()) {
      failure_ = taken;
      ending_ = true;
    }
  }
  Proceed();
}

absl::Status CallStream::TakeBatch(const grpc::ByteBuffer& message) {
  v1::CallBatch batch;
  paceline::Payload received;
  const absl::Status decoded =
      DecodeMessage(message, v1::CallBatch::kPayloadFieldNumber, &batch, &received);
  if (!decoded.ok()) return InvalidStatus(decoded.message());
  if (static_cast<size_t>(batch.calls_size()) > kMostUnanswered) {
    return InvalidStatus(absl::StrCat("calls of a batch: at most ", kMostUnanswered,
                                      " expected, got ", batch.calls_size()));
  }
  const Payload payload = Share(std::move(received));
  uint64_t wanted = 0;
  for (const v1::DataCall& call : batch.calls()) {
    if (call.payload_bytes() > payload.size() - wanted) {
      return InvalidStatus(absl::StrCat("payload of call ", call.id(), ": ", call.payload_bytes(),
                                        " bytes expected, got ", payload.size() - wanted));
    }
    wanted += call.payload_bytes();
  }
  if (wanted != payload.size()) {
    return InvalidStatus(
        absl::StrCat("payload of the calls: ", wanted, " bytes expected, got ", payload.size()));
  }
  // Serving one of many bytes takes longer than a message.
  if (batch.calls_size() == 1 || payload.size() > kSmallBatchBytes) {
    return ServeBatch(batch, payload);
  }
  {
    MutexLock lock(&mu_);
    ++small_;
  }
  const absl::Status served = ServeBatch(batch, payload);
  MutexLock lock(&mu_);
  --small_;
  return served;
}

absl::Status CallStream::ServeBatch(const v1::CallBatch& batch, const Payload& payload) {
  uint64_t at = 0;
  for (const v1::DataCall& call : batch.calls()) {
    {
      MutexLock lock(&mu_);
      if (over_) return absl::OkStatus();
      if (!waiting_.try_emplace(call.id()).second) {
        return InvalidStatus(absl::StrCat("call ", call.id(), ": waits for its answer already"));
      }
    }
    Serve(call, payload.Slice(at, call.payload_bytes()));
    at += call.payload_bytes();
  }
  return absl::OkStatus();
}

void CallStream::Serve(const v1::DataCall& call, Payload payload) {
  const auto answer = [self = shared_from_this(), id = call.id()](StreamAnswer answered) {
    self->Answered(id, std::move(answered));
  };
  const std::function<void()> cancel = options_->serve(call, std::move(payload), answer);
  if (cancel == nullptr) return;
  {
    MutexLock lock(&mu_);
    const auto waiting = waiting_.find(call.id());
    if (waiting != waiting_.end()) {
      waiting->second.cancel = cancel;
      return;
    }
    // Answered, or the client has gone meanwhile.
    if (!over_) return;
  }
  cancel();
}

void CallStream::Answered(uint64_t id, StreamAnswer answer) {
  uint64_t bytes = 0;
  for (const grpc::Slice& slice : answer.payload) bytes += slice.size();
  answer.header.set_id(id);
  answer.header.set_payload_bytes(bytes);
  // What the call holds dies outside the lock.
  Waiting ended;
  Due due;
  {
    MutexLock lock(&mu_);
    const auto waiting = waiting_.find(id);
    if (waiting == waiting_.end()) return;
    ended = std::move(waiting->second);
    waiting_.erase(waiting);
    answers_.push_back(std::move(answer));
    due = Decide();
  }
  Do(due);
}

grpc::ByteBuffer CallStream::NextBatch() {
  v1::AnswerBatch batch;
  std::vector<grpc::Slice> payload;
  uint64_t bytes = 0;
  do {
    StreamAnswer& next = answers_.front();
    bytes += PayloadBytes(next);
    for (grpc::Slice& slice : next.payload) payload.push_back(std::move(slice));
    next.payload.clear();
    next.header.Swap(batch.add_answers());
    leaving_.push_back(std::move(next));
    answers_.pop_front();
  } while (!answers_.empty() && leaving_.size() < kMostUnanswered &&
           bytes + PayloadBytes(answers_.front()) <= kBatchBytes);
  writing_ = true;
  return EncodeMessage(batch, v1::AnswerBatch::kPayloadFieldNumber, payload);
}

void CallStream::OnWritten(bool ok) {
  if (!ok) Drop();
  std::vector<StreamAnswer> left;
  {
    MutexLock lock(&mu_);
    writing_ = false;
    left.swap(leaving_);
  }
  Proceed();
}

void CallStream::OnGone() {
  // Also after a good end.
  Drop();
  MutexLock lock(&mu_);
  over_ = true;
}

void CallStream::Drop() {
  absl::flat_hash_map<uint64_t, Waiting> waiting;
  std::deque<StreamAnswer> answers;
  {
    MutexLock lock(&mu_);
    waiting.swap(waiting_);
    answers.swap(answers_);
  }
  for (auto& [id, call] : waiting) {
    if (call.cancel != nullptr) call.cancel();
  }
}

}  // namespace paceline::server
