// The DataPlane service over completion queues: bytes in, ServerJob, bytes out.
//
//   grpc::ServerBuilder builder;
//   DataPlane data_plane(options);
//   data_plane.Register(&builder);
//   server = builder.BuildAndStart();
//   data_plane.Start();
//   ...
//   data_plane.EndStreams();
//   server->Shutdown(deadline);
//   data_plane.Shutdown();
//
// Pushes and pulls arrive and leave as raw messages: a payload is applied from the
// slices it was received in, and rows leave in the blocks they are kept in. Between
// processes of one host payloads lie in shared memory (shared_arenas.h), and messages
// say where. Every thread takes the next event of one queue, so a long update holds up nobody
// else's call; what else the process serves goes by that queue too (served_queue.h).
//
// A pull that is not admitted waits as a ticket, not as a thread: until it is
// admitted, its max_wait_ms or the call's deadline passes (NOT_YET), or the caller
// goes away.
//
// Calls come one at a time (unary_calls.h) or, from ranks, by streams (streamed_calls.h).
//
// Thread-safe.
#ifndef PACELINE_SERVER_IO_DATA_PLANE_H_
#define PACELINE_SERVER_IO_DATA_PLANE_H_

#include <grpcpp/completion_queue.h>
#include <grpcpp/server_builder.h>

#include <cstdint>
#include <memory>
#include <vector>

#include "absl/time/time.h"
#include "common/clock.h"
#include "common/rpc/served_queue.h"
#include "common/sync.h"
#include "proto/data.grpc.pb.h"
#include "server/core/server_state.h"
#include "server/io/data_plane_stats.h"
#include "server/io/reply_limit.h"
#include "server/io/shared_arenas.h"

namespace paceline::server {

class CallStream;

// A pull waits at most this long for admission, whatever it asks for.
inline constexpr absl::Duration kMaxPullWait = absl::Minutes(1);

inline constexpr uint64_t kMostReplyBytes = uint64_t{1} << 30;

class DataPlane {
 public:
  struct Options {
    // Outlive the data plane.
    Clock* clock = nullptr;
    ServerState* state = nullptr;
    DataPlaneStats* stats = nullptr;
    // Outlives the data plane. Null: payloads travel in messages.
    const SharedArenas* arenas = nullptr;
    // Of replies that wait for their clients to take them; beyond it pulls are answered
    // NOT_YET.
    uint64_t most_reply_bytes = kMostReplyBytes;
    // At least 1.
    int threads = 2;
  };

  // What has payloads raw, the rest as messages.
  using Service = v1::DataPlane::WithRawMethod_Stream<
      v1::DataPlane::WithRawMethod_Push<v1::DataPlane::WithRawMethod_Pull<
          v1::DataPlane::WithAsyncMethod_OpenRank<v1::DataPlane::WithAsyncMethod_Pin<
              v1::DataPlane::WithAsyncMethod_Unpin<v1::DataPlane::Service>>>>>>;

  explicit DataPlane(const Options& options);
  // After Shutdown, or if it was never started.
  ~DataPlane() = default;
  DataPlane(const DataPlane&) = delete;
  DataPlane& operator=(const DataPlane&) = delete;

  // Adds the service and its queue. Before BuildAndStart.
  void Register(grpc::ServerBuilder* builder);
  // Takes calls. After BuildAndStart.
  void Start();
  // Streams answer what they have been asked and end: else the server's Shutdown would wait
  // for them until its deadline.
  void EndStreams();
  // After the server's own Shutdown: ends the queue and joins the threads.
  void Shutdown();

  // For the calls.
  void Track(const std::shared_ptr<CallStream>& stream);
  ServerState& state() { return *options_.state; }
  DataPlaneStats& stats() { return *options_.stats; }
  // For the times of calls.
  absl::Duration Now() const { return options_.clock->Monotonic(); }
  const SharedArenas* arenas() const { return options_.arenas; }
  ReplyLimit& replies() { return replies_; }
  Service& service() { return service_; }
  // For other services of the server. After Register.
  ServedQueue* served_queue() { return &queue_; }
  grpc::ServerCompletionQueue* queue() { return queue_.get(); }
  // Runs `use`, which adds work to the queue, unless the queue has been shut down.
  // Returns whether it ran.
  template <typename Use>
  bool WithOpenQueue(Use use) {
    return queue_.WithOpen(use);
  }

 private:
  const Options options_;
  ReplyLimit replies_;
  Service service_;
  ServedQueue queue_;
  Mutex streams_mu_;
  bool streams_ending_ ABSL_GUARDED_BY(streams_mu_) = false;
  std::vector<std::weak_ptr<CallStream>> streams_ ABSL_GUARDED_BY(streams_mu_);
};

}  // namespace paceline::server

#endif  // PACELINE_SERVER_IO_DATA_PLANE_H_
