// Gives others the files of replicated cuts that lie here: the CutFiles service on the
// server's own queue (common/rpc/served_queue.h). Files are read by a thread of their own,
// a piece at a time, so a slow disk holds up no call of the data plane.
//
// Errors of ReadCutFile:  those of the reader.
//                         ResourceExhausted  too many wait for the disk.
//                         Unavailable        the server shuts down.
//
// Thread-safe.
#ifndef PACELINE_SERVER_IO_CUT_FILE_CALLS_H_
#define PACELINE_SERVER_IO_CUT_FILE_CALLS_H_

#include <grpcpp/server_builder.h>

#include <atomic>
#include <cstddef>
#include <functional>

#include "absl/status/statusor.h"
#include "common/rpc/served_queue.h"
#include "common/rpc/unary_call.h"
#include "proto/node.grpc.pb.h"
#include "server/io/work_queue.h"

namespace paceline::server {

inline constexpr size_t kMostWaitingReads = 1024;

class CutFileCalls {
 public:
  // Reads a piece (common/rpc/cut_file_service.h).
  using Reader =
      std::function<absl::StatusOr<v1::ReadCutFileResponse>(const v1::ReadCutFileRequest&)>;

  // At most `most_waiting` calls beside the one whose piece is being read.
  explicit CutFileCalls(Reader reader, size_t most_waiting = kMostWaitingReads);

  // Adds the service. Before BuildAndStart.
  void Register(grpc::ServerBuilder* builder);
  // Takes calls. After BuildAndStart; `queue` is registered there too.
  void Start(ServedQueue* queue);
  // Answers what waits without reading it, and joins. After the server's own Shutdown and
  // before the queue's. May be called twice, by one thread.
  void Shutdown();

 private:
  using Answer = UnaryAnswer<v1::ReadCutFileResponse>;
  void Read(const v1::ReadCutFileRequest& request, const Answer& answer);

  const Reader reader_;
  v1::CutFiles::AsyncService service_;
  std::atomic<bool> stopping_{false};
  WorkQueue reads_;
};

}  // namespace paceline::server

#endif  // PACELINE_SERVER_IO_CUT_FILE_CALLS_H_
