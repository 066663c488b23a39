// Serves the logs of this worker's task processes, and follows them as they grow.
//
// Limits: kMaxReaders calls at a time; beyond that ResourceExhausted.
//
// Thread-safe.
#ifndef PACELINE_WORKER_IO_NODE_TASK_LOGS_SERVICE_H_
#define PACELINE_WORKER_IO_NODE_TASK_LOGS_SERVICE_H_

#include <string>

#include "common/clock.h"
#include "common/fs.h"
#include "common/sync.h"
#include "proto/cluster.grpc.pb.h"
#include "worker/io/node/task_supervisor.h"

namespace paceline::worker {

class TaskLogsService final : public v1::TaskLogs::Service {
 public:
  static constexpr int kMaxReaders = 16;

  struct Options {
    // All outlive the service.
    Clock* clock = nullptr;
    FileSystem* fs = nullptr;
    const TaskSupervisor* supervisor = nullptr;
    std::string data_dir;
  };

  explicit TaskLogsService(Options options);

  // Errors:  PermissionDenied   the job is somebody else's; also if nobody knows whose.
  //          NotFound           no task of the rank has run here.
  //          ResourceExhausted  too many readers.
  //          Unavailable        the worker shuts down.
  grpc::Status ReadTaskLog(grpc::ServerContext* context, const v1::ReadTaskLogRequest* request,
                           grpc::ServerWriter<v1::LogChunk>* writer) override;

  // Ends all calls.
  void Shutdown();

 private:
  absl::Status Read(grpc::ServerContext* context, const v1::ReadTaskLogRequest& request,
                    grpc::ServerWriter<v1::LogChunk>* writer);

  const Options options_;
  Mutex mu_;
  CondVar changed_;
  int readers_ ABSL_GUARDED_BY(mu_) = 0;
  bool shut_down_ ABSL_GUARDED_BY(mu_) = false;
};

}  // namespace paceline::worker

#endif  // PACELINE_WORKER_IO_NODE_TASK_LOGS_SERVICE_H_
