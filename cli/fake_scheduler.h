// A scheduler on a free port of loopback that answers from a script, for tests.
#ifndef PACELINE_CLI_FAKE_SCHEDULER_H_
#define PACELINE_CLI_FAKE_SCHEDULER_H_

#include <grpcpp/server.h>

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "common/sync.h"
#include "proto/cluster.grpc.pb.h"
#include "proto/cluster.pb.h"

namespace paceline::cli {

// Thread-safe.
class FakeScheduler final : public v1::Scheduler::Service {
 public:
  FakeScheduler();
  ~FakeScheduler() override;

  std::string address() const;

  // Jobs get ids from 1. Each WatchJob stream sends the next of `streams`: its
  // updates, then its end. After the last stream the job stays as it is.
  struct Stream {
    std::vector<v1::Job> updates;
    grpc::Status end;
    // The stream stays open after its updates until the client gives up.
    bool hangs = false;
    // The stream waits for this before its updates.
    std::function<bool()> after = [] { return true; };
  };
  void Script(std::vector<Stream> streams);
  void SetCut(std::vector<v1::CutChunk> chunks);
  void SetBackup(std::vector<v1::BackupChunk> chunks);
  void SetError(grpc::Status error);
  // Adds a job, or replaces one, by its id.
  void SetJob(const v1::Job& job);
  // Instead of one worker with a free slot.
  void SetCluster(v1::Cluster cluster);

  // What a node that is drained waits for, from call to call; then nothing.
  void SetDrainWaits(std::vector<std::string> waits);

  std::vector<v1::JobSpec> submitted() const;
  std::vector<uint64_t> deleted() const;
  std::vector<v1::DrainNodeRequest> drained() const;
  std::vector<v1::CancelJobRequest> cancelled() const;
  // WatchJob streams that were opened.
  int watches() const;

  grpc::Status SubmitJob(grpc::ServerContext*, const v1::SubmitJobRequest* request,
                         v1::SubmitJobResponse* response) override;
  grpc::Status GetJob(grpc::ServerContext*, const v1::GetJobRequest* request,
                      v1::Job* response) override;
  grpc::Status ListJobs(grpc::ServerContext*, const v1::ListJobsRequest* request,
                        v1::ListJobsResponse* response) override;
  grpc::Status CancelJob(grpc::ServerContext*, const v1::CancelJobRequest* request,
                         v1::Job* response) override;
  // Names cut 5.
  grpc::Status CheckpointJob(grpc::ServerContext*, const v1::CheckpointJobRequest* request,
                             v1::CheckpointJobResponse* response) override;
  grpc::Status WatchJob(grpc::ServerContext* context, const v1::WatchJobRequest* request,
                        grpc::ServerWriter<v1::Job>* writer) override;
  grpc::Status DescribeCluster(grpc::ServerContext*, const v1::DescribeClusterRequest*,
                               v1::Cluster* response) override;
  // Job 1 alone has ended.
  grpc::Status DeleteJob(grpc::ServerContext*, const v1::DeleteJobRequest* request,
                         v1::DeleteJobResponse* response) override;
  grpc::Status DrainNode(grpc::ServerContext*, const v1::DrainNodeRequest* request,
                         v1::NodeStatus* response) override;
  grpc::Status ReadCut(grpc::ServerContext*, const v1::ReadCutRequest* request,
                       grpc::ServerWriter<v1::CutChunk>* writer) override;
  grpc::Status BackupState(grpc::ServerContext*, const v1::BackupStateRequest* request,
                           grpc::ServerWriter<v1::BackupChunk>* writer) override;

 private:
  // Node 3 as it is now.
  v1::NodeStatus Node() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);

  mutable Mutex mu_;
  CondVar changed_;
  bool stopping_ ABSL_GUARDED_BY(mu_) = false;
  grpc::Status error_ ABSL_GUARDED_BY(mu_);
  std::map<std::string, uint64_t> requests_ ABSL_GUARDED_BY(mu_);
  std::vector<v1::JobSpec> submitted_ ABSL_GUARDED_BY(mu_);
  std::vector<v1::Job> jobs_ ABSL_GUARDED_BY(mu_);
  std::vector<Stream> streams_ ABSL_GUARDED_BY(mu_);
  int watches_ ABSL_GUARDED_BY(mu_) = 0;
  std::vector<v1::CutChunk> chunks_ ABSL_GUARDED_BY(mu_);
  std::vector<v1::BackupChunk> backup_ ABSL_GUARDED_BY(mu_);
  v1::Cluster cluster_ ABSL_GUARDED_BY(mu_);
  std::vector<v1::CancelJobRequest> cancelled_ ABSL_GUARDED_BY(mu_);
  std::vector<uint64_t> deleted_ ABSL_GUARDED_BY(mu_);
  std::vector<v1::DrainNodeRequest> drained_ ABSL_GUARDED_BY(mu_);
  std::vector<std::string> drain_waits_ ABSL_GUARDED_BY(mu_);

  int port_ = 0;
  std::unique_ptr<grpc::Server> server_;
};

}  // namespace paceline::cli

#endif  // PACELINE_CLI_FAKE_SCHEDULER_H_
