// Calls to one server over one stream: they leave in batches and are answered in any order.
//
// While one batch is on its way, further calls gather for the next, so that the busier the
// stream, the less a call costs. A call whose time is over is forgotten, and its late answer
// dropped. When the stream breaks, all its calls end with the reason; the next ones need
// another stream.
//
// Thread-safe. Callbacks run without a lock held.
#ifndef PACELINE_WORKER_IO_NET_SERVER_STREAM_H_
#define PACELINE_WORKER_IO_NET_SERVER_STREAM_H_

#include <grpcpp/client_context.h>
#include <grpcpp/completion_queue.h>
#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/support/byte_buffer.h>
#include <grpcpp/support/slice.h>

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/rpc/held_event.h"
#include "common/rpc/payload.h"
#include "common/sync.h"
#include "proto/data.pb.h"
#include "worker/io/net/send_together.h"

namespace paceline::worker {

struct StreamAnswer {
  v1::DataAnswer header;
  // Of the batch that the answer came with; other answers share it.
  std::shared_ptr<const Payload> payload;
  // Where the answer's part of it begins; it has header.payload_bytes().
  uint64_t offset = 0;
};

class ServerStream final : public Sender, public std::enable_shared_from_this<ServerStream> {
 public:
  using Done = std::function<void(absl::StatusOr<StreamAnswer>)>;

  // Connects; returns at once. The queue's tags point to QueueEvents; it outlives the stream,
  // which lives while an event of it is due. `gone`: it is being deleted.
  static std::shared_ptr<ServerStream> Open(std::shared_ptr<grpc::GenericStub> stub,
                                            grpc::CompletionQueue* queue,
                                            std::function<void()> gone);
  ~ServerStream() override;

  // `call` without id, timeout_ms and payload_bytes. The slices are held until they have left.
  // `done` is called once; its errors are those of the server, DeadlineExceeded, and why the
  // stream broke.
  // False: the stream has broken, and nothing has been taken.
  bool Start(v1::DataCall&& call, std::vector<grpc::Slice>&& payload, absl::Duration timeout,
             Done&& done);

  // Lets the calls leave that have been started: Start schedules it (send_together.h).
  void Send() override;

  // Ends the calls whose time is over; to be asked several times a second.
  void Expire(absl::Time now);

  // Ends all calls with `why`, which is not OK.
  void Break(const absl::Status& why);

 private:
  struct Call {
    absl::Time deadline;
    Done done;
  };
  struct Unsent {
    v1::DataCall header;
    std::vector<grpc::Slice> payload;
  };

  ServerStream(std::shared_ptr<grpc::GenericStub> stub, grpc::CompletionQueue* queue,
               std::function<void()> gone);
  void OnStarted(bool ok);
  void OnRead(bool ok);
  void OnWritten(bool ok);
  void OnFinished();
  absl::Status TakeBatch(const grpc::ByteBuffer& message);
  grpc::ByteBuffer NextBatch() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  // Of a broken stream, asks for the server's status once nothing else is due.
  void FinishIfQuiet();

  // Outlives the wire.
  const std::shared_ptr<grpc::GenericStub> stub_;
  const std::function<void()> gone_;
  grpc::ClientContext context_;
  const std::unique_ptr<grpc::GenericClientAsyncReaderWriter> wire_;
  HeldEvent started_{[this](bool ok) { OnStarted(ok); }};
  HeldEvent read_{[this](bool ok) { OnRead(ok); }};
  HeldEvent written_{[this](bool ok) { OnWritten(ok); }};
  HeldEvent finished_{[this](bool) { OnFinished(); }};
  // Of the read that is due, and of the end.
  grpc::ByteBuffer message_;
  grpc::Status status_;

  Mutex mu_;
  // Events that are due.
  bool starting_ ABSL_GUARDED_BY(mu_) = true;
  bool reading_ ABSL_GUARDED_BY(mu_) = false;
  bool writing_ ABSL_GUARDED_BY(mu_) = false;
  // It takes no further call.
  bool broken_ ABSL_GUARDED_BY(mu_) = false;
  bool finishing_ ABSL_GUARDED_BY(mu_) = false;
  uint64_t next_id_ ABSL_GUARDED_BY(mu_) = 1;
  std::deque<Unsent> unsent_ ABSL_GUARDED_BY(mu_);
  absl::flat_hash_map<uint64_t, Call> calls_ ABSL_GUARDED_BY(mu_);
};

}  // namespace paceline::worker

#endif  // PACELINE_WORKER_IO_NET_SERVER_STREAM_H_
