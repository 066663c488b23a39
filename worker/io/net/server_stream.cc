#include "worker/io/net/server_stream.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "common/rpc/byte_buffer.h"
#include "common/rpc/call_error.h"
#include "common/rpc/grpc_status.h"
#include "common/status/status_macros.h"

namespace paceline::worker {
namespace {

constexpr char kMethod[] = "/paceline.v1.DataPlane/Stream";

// A batch of calls is full at this payload; a larger call travels by itself.
constexpr uint64_t kBatchBytes = uint64_t{1} << 20;
constexpr size_t kBatchCalls = 256;

uint32_t Milliseconds(absl::Duration timeout) {
  return static_cast<uint32_t>(std::clamp<int64_t>(absl::ToInt64Milliseconds(timeout), 1,
                                                   std::numeric_limits<uint32_t>::max()));
}

}  // namespace

std::shared_ptr<ServerStream> ServerStream::Open(std::shared_ptr<grpc::GenericStub> stub,
                                                 grpc::CompletionQueue* queue,
                                                 std::function<void()> gone) {
  const std::shared_ptr<ServerStream> stream(
      new ServerStream(std::move(stub), queue, std::move(gone)));
  stream->wire_->StartCall(stream->started_.Due(stream));
  return stream;
}

ServerStream::ServerStream(std::shared_ptr<grpc::GenericStub> stub, grpc::CompletionQueue* queue,
                           std::function<void()> gone)
    : stub_(std::move(stub)),
      gone_(std::move(gone)),
      wire_(stub_->PrepareCall(&context_, kMethod, queue)) {}

ServerStream::~ServerStream() { gone_(); }

bool ServerStream::Start(v1::DataCall&& call, std::vector<grpc::Slice>&& payload,
                         absl::Duration timeout, Done&& done) {
  uint64_t bytes = 0;
  for (const grpc::Slice& slice : payload) bytes += slice.size();
  call.set_timeout_ms(Milliseconds(timeout));
  call.set_payload_bytes(bytes);
  // The wire's deadlines are of the machine's clock, whatever clock the rank has.
  const absl::Time deadline = absl::Now() + timeout;
  {
    MutexLock lock(&mu_);
    if (broken_) return false;
    call.set_id(next_id_++);
    calls_[call.id()] = {deadline, std::move(done)};
    unsent_.push_back({std::move(call), std::move(payload)});
  }
  SendTogether::Schedule(shared_from_this());
  return true;
}

void ServerStream::OnStarted(bool ok) {
  {
    MutexLock lock(&mu_);
    starting_ = false;
    broken_ = broken_ || !ok;
    reading_ = ok;
  }
  if (!ok) return FinishIfQuiet();
  wire_->Read(&message_, read_.Due(shared_from_this()));
  Send();
}

void ServerStream::Send() {
  grpc::ByteBuffer message;
  {
    MutexLock lock(&mu_);
    if (starting_ || writing_ || broken_ || unsent_.empty()) return;
    writing_ = true;
    message = NextBatch();
  }
  // Without the lock: it copies the bytes to the connection as far as they fit.
  wire_->Write(message, written_.Due(shared_from_this()));
}

grpc::ByteBuffer ServerStream::NextBatch() {
  v1::CallBatch batch;
  std::vector<grpc::Slice> payload;
  uint64_t bytes = 0;
  do {
    Unsent& next = unsent_.front();
    bytes += next.header.payload_bytes();
    for (grpc::Slice& slice : next.payload) payload.push_back(std::move(slice));
    next.header.Swap(batch.add_calls());
    unsent_.pop_front();
  } while (!unsent_.empty() && static_cast<size_t>(batch.calls_size()) < kBatchCalls &&
           bytes + unsent_.front().header.payload_bytes() <= kBatchBytes);
  return EncodeMessage(batch, v1::CallBatch::kPayloadFieldNumber, payload);
}

void ServerStream::OnWritten(bool ok) {
  {
    MutexLock lock(&mu_);
    writing_ = false;
    broken_ = broken_ || !ok;
  }
  Send();
  FinishIfQuiet();
}

void ServerStream::OnRead(bool ok) {
  grpc::ByteBuffer message;
  message.Swap(&message_);
  {
    MutexLock lock(&mu_);
    broken_ = broken_ || !ok;
    reading_ = ok;
  }
  if (!ok) return FinishIfQuiet();
  // Also of a broken stream, to its end: before it there is no status.
  wire_->Read(&message_, read_.Due(shared_from_this()));
  const absl::Status taken = TakeBatch(message);
  if (!taken.ok()) Break(taken);
}

absl::Status ServerStream::TakeBatch(const grpc::ByteBuffer& message) {
  v1::AnswerBatch batch;
  auto payload = std::make_shared<Payload>();
  PL_RETURN_IF_ERROR(
      DecodeMessage(message, v1::AnswerBatch::kPayloadFieldNumber, &batch, payload.get()));
  uint64_t at = 0;
  for (v1::DataAnswer& header : *batch.mutable_answers()) {
    const uint64_t bytes = header.payload_bytes();
    if (bytes > payload->size() - at) {
      return absl::InvalidArgumentError(absl::StrCat(
          "payload of an answer: ", bytes, " bytes expected, got ", payload->size() - at));
    }
    Done done;
    {
      MutexLock lock(&mu_);
      const auto call = calls_.find(header.id());
      if (call != calls_.end()) {
        done = std::move(call->second.done);
        calls_.erase(call);
      }
    }
    if (done == nullptr) {
      // It came too late.
    } else if (header.has_error()) {
      done(FromCallError(header.error()));
    } else {
      done(StreamAnswer{std::move(header), payload, at});
    }
    at += bytes;
  }
  return absl::OkStatus();
}

void ServerStream::Expire(absl::Time now) {
  std::vector<Done> late;
  {
    MutexLock lock(&mu_);
    for (auto call = calls_.begin(); call != calls_.end();) {
      const auto next = std::next(call);
      if (call->second.deadline <= now) {
        late.push_back(std::move(call->second.done));
        std::erase_if(unsent_, [id = call->first](const Unsent& u) { return u.header.id() == id; });
        calls_.erase(call);
      }
      call = next;
    }
  }
  for (const Done& done : late) {
    done(absl::DeadlineExceededError("the server has not answered in time"));
  }
}

void ServerStream::Break(const absl::Status& why) {
  absl::flat_hash_map<uint64_t, Call> calls;
  std::deque<Unsent> unsent;
  {
    MutexLock lock(&mu_);
    broken_ = true;
    calls.swap(calls_);
    unsent.swap(unsent_);
    context_.TryCancel();
  }
  for (const auto& [id, call] : calls) call.done(why);
}

void ServerStream::FinishIfQuiet() {
  {
    MutexLock lock(&mu_);
    if (!broken_ || starting_ || reading_ || writing_ || finishing_) return;
    finishing_ = true;
  }
  wire_->Finish(&status_, finished_.Due(shared_from_this()));
}

void ServerStream::OnFinished() {
  const absl::Status status = FromGrpcStatus(status_);
  Break(status.ok() ? absl::UnavailableError("the server has ended the stream") : status);
}

}  // namespace paceline::worker
