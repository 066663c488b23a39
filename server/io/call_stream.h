// One client's stream of calls: batches of calls come in, each call is served, and the answers
// go out in batches, in whatever order they are ready.
//
//   CallStream::Await({.request = ..., .serve = ..., .with_open_queue = ..., .ended = ...});
//
// While one batch of answers is on its way, others gather for the next: the busier the
// stream, the less a call costs. A stream with kMostUnanswered calls that have not been
// answered, or whose answers have not left, is not read until there are fewer. When the
// client goes away, calls that wait are cancelled.
//
// Thread-safe.
#ifndef PACELINE_SERVER_IO_CALL_STREAM_H_
#define PACELINE_SERVER_IO_CALL_STREAM_H_

#include <grpcpp/server_context.h>
#include <grpcpp/support/async_stream.h>
#include <grpcpp/support/byte_buffer.h>
#include <grpcpp/support/slice.h>

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "common/rpc/held_event.h"
#include "common/sync.h"
#include "proto/data.pb.h"
#include "server/core/payload.h"

namespace paceline::server {

// Also the most calls of one batch.
inline constexpr size_t kMostUnanswered = 1024;

struct StreamAnswer {
  // Without id and payload_bytes, which are the stream's to set.
  v1::DataAnswer header;
  std::vector<grpc::Slice> payload;
  // Let go of when the answer has left, or the client has gone.
  std::shared_ptr<void> held;
};

class CallStream : public std::enable_shared_from_this<CallStream> {
 public:
  using Wire = grpc::ServerAsyncReaderWriter<grpc::ByteBuffer, grpc::ByteBuffer>;
  using Answer = std::function<void(StreamAnswer)>;

  struct Options {
    // Asks the service for the next stream; its event's tag points to a QueueEvent.
    std::function<void(grpc::ServerContext*, Wire*, void* tag)> request;
    // Serves a call. `answer` is called once, by any thread, perhaps before it returns, and
    // keeps the stream alive. Returns what ends the call's wait when the client goes; may
    // be null.
    std::function<std::function<void()>(const v1::DataCall& call, Payload payload, Answer answer)>
        serve;
    // Runs what adds work to the queue, unless the queue has been shut down: false.
    std::function<bool(const std::function<void()>&)> with_open_queue;
    // A stream has come: to be told to End when the server shuts down.
    std::function<void(const std::shared_ptr<CallStream>&)> arrived;
  };

  // Waits for a stream, and after it for the next.
  static void Await(std::shared_ptr<const Options> options);

  // Reads no further call, and ends the stream once all are answered.
  void End();

 private:
  struct Waiting {
    std::function<void()> cancel;
  };

  explicit CallStream(std::shared_ptr<const Options> options) : options_(std::move(options)) {}

  void OnArrived(bool ok);
  void OnRead(bool ok);
  void OnWritten(bool ok);
  void OnGone();
  absl::Status TakeBatch(const grpc::ByteBuffer& message);
  absl::Status ServeBatch(const v1::CallBatch& batch, const Payload& payload);
  void Serve(const v1::DataCall& call, Payload payload);
  void Answered(uint64_t id, StreamAnswer answer);
  // Cancels what waits; nothing is written any more.
  void Drop();
  // What the wire is to do next, decided under the lock and done without it.
  struct Due {
    bool read = false;
    std::optional<grpc::ByteBuffer> write;
    std::optional<grpc::Status> finish;
  };
  Due Decide() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void Do(const Due& due);
  grpc::ByteBuffer NextBatch() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  // Decides and does.
  void Proceed();

  const std::shared_ptr<const Options> options_;
  grpc::ServerContext context_;
  Wire wire_{&context_};
  HeldEvent arrived_{[this](bool ok) { OnArrived(ok); }};
  HeldEvent read_{[this](bool ok) { OnRead(ok); }};
  HeldEvent written_{[this](bool ok) { OnWritten(ok); }};
  HeldEvent finished_{[](bool) {}};
  HeldEvent gone_{[this](bool) { OnGone(); }};
  // Of the read that is due.
  grpc::ByteBuffer message_;

  Mutex mu_;
  bool reading_ ABSL_GUARDED_BY(mu_) = false;
  bool writing_ ABSL_GUARDED_BY(mu_) = false;
  // Batches that are being taken: the stream does not end before. Of them, small ones,
  // whose answers leave together.
  int taking_ ABSL_GUARDED_BY(mu_) = 0;
  int small_ ABSL_GUARDED_BY(mu_) = 0;
  // No further call is read: the client has said so, or the server shuts down.
  bool ending_ ABSL_GUARDED_BY(mu_) = false;
  // Finished, or the client has gone.
  bool over_ ABSL_GUARDED_BY(mu_) = false;
  absl::Status failure_ ABSL_GUARDED_BY(mu_);
  absl::flat_hash_map<uint64_t, Waiting> waiting_ ABSL_GUARDED_BY(mu_);
  std::deque<StreamAnswer> answers_ ABSL_GUARDED_BY(mu_);
  // In the message that is being written.
  std::vector<StreamAnswer> leaving_ ABSL_GUARDED_BY(mu_);
};

}  // namespace paceline::server

#endif  // PACELINE_SERVER_IO_CALL_STREAM_H_
