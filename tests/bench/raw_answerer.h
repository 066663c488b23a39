// A call of any method on a generic gRPC service: awaited, read, answered and awaited anew.
//
// Thread-compatible: one event of it is outstanding at a time.
#ifndef PACELINE_TESTS_BENCH_RAW_ANSWERER_H_
#define PACELINE_TESTS_BENCH_RAW_ANSWERER_H_

#include <grpcpp/completion_queue.h>
#include <grpcpp/generic/async_generic_service.h>
#include <grpcpp/support/byte_buffer.h>

#include <functional>
#include <memory>
#include <string>
#include <utility>

namespace paceline::bench {

class RawAnswerer {
 public:
  // The answer to a message that a call of `method` has brought.
  using Answer =
      std::function<grpc::ByteBuffer(const std::string& method, grpc::ByteBuffer* message)>;

  // Awaits its first call. Its address is the tag of its events.
  RawAnswerer(grpc::AsyncGenericService* service, grpc::ServerCompletionQueue* queue, Answer answer)
      : service_(service), queue_(queue), answer_(std::move(answer)) {
    Next();
  }

  // After an event that was ok.
  void Proceed() {
    switch (state_) {
      case State::kAwaited:
        state_ = State::kRead;
        return call_->stream.Read(&message_, this);
      case State::kRead:
        state_ = State::kAnswered;
        return call_->stream.WriteAndFinish(answer_(call_->context.method(), &message_),
                                            grpc::WriteOptions(), grpc::Status::OK, this);
      case State::kAnswered:
        return Next();
    }
  }

 private:
  struct Call {
    grpc::GenericServerContext context;
    grpc::GenericServerAsyncReaderWriter stream{&context};
  };
  enum class State { kAwaited, kRead, kAnswered };

  void Next() {
    call_ = std::make_unique<Call>();
    state_ = State::kAwaited;
    service_->RequestCall(&call_->context, &call_->stream, queue_, queue_, this);
  }

  grpc::AsyncGenericService* const service_;
  grpc::ServerCompletionQueue* const queue_;
  const Answer answer_;
  State state_ = State::kAwaited;
  std::unique_ptr<Call> call_;
  grpc::ByteBuffer message_;
};

}  // namespace paceline::bench

#endif  // PACELINE_TESTS_BENCH_RAW_ANSWERER_H_
