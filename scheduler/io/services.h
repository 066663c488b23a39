// The scheduler's gRPC services: one line per call into the coordinator.
#ifndef PACELINE_SCHEDULER_IO_SERVICES_H_
#define PACELINE_SCHEDULER_IO_SERVICES_H_

#include "common/audit/audit_log.h"
#include "common/cut/held_cuts.h"
#include "proto/cluster.grpc.pb.h"
#include "proto/node.grpc.pb.h"
#include "scheduler/io/coordinator.h"

namespace paceline::scheduler {

// What users ask. Thread-safe.
class SchedulerService final : public v1::Scheduler::CallbackService {
 public:
  // All outlive the service. `audit`: where calls that change something are recorded.
  SchedulerService(Coordinator* coordinator, const HeldCuts* cuts, AuditLog* audit)
      : coordinator_(coordinator), cuts_(cuts), audit_(audit) {}

  grpc::ServerUnaryReactor* SubmitJob(grpc::CallbackServerContext* context,
                                      const v1::SubmitJobRequest* request,
                                      v1::SubmitJobResponse* response) override;
  grpc::ServerUnaryReactor* GetJob(grpc::CallbackServerContext* context,
                                   const v1::GetJobRequest* request, v1::Job* response) override;
  grpc::ServerUnaryReactor* ListJobs(grpc::CallbackServerContext* context,
                                     const v1::ListJobsRequest* request,
                                     v1::ListJobsResponse* response) override;
  grpc::ServerUnaryReactor* CheckpointJob(grpc::CallbackServerContext* context,
                                          const v1::CheckpointJobRequest* request,
                                          v1::CheckpointJobResponse* response) override;
  grpc::ServerUnaryReactor* CancelJob(grpc::CallbackServerContext* context,
                                      const v1::CancelJobRequest* request,
                                      v1::Job* response) override;
  grpc::ServerUnaryReactor* DeleteJob(grpc::CallbackServerContext* context,
                                      const v1::DeleteJobRequest* request,
                                      v1::DeleteJobResponse* response) override;
  grpc::ServerUnaryReactor* DrainNode(grpc::CallbackServerContext* context,
                                      const v1::DrainNodeRequest* request,
                                      v1::NodeStatus* response) override;
  grpc::ServerUnaryReactor* DescribeCluster(grpc::CallbackServerContext* context,
                                            const v1::DescribeClusterRequest* request,
                                            v1::Cluster* response) override;
  grpc::ServerWriteReactor<v1::Job>* WatchJob(grpc::CallbackServerContext* context,
                                              const v1::WatchJobRequest* request) override;
  grpc::ServerWriteReactor<v1::CutChunk>* ReadCut(grpc::CallbackServerContext* context,
                                                  const v1::ReadCutRequest* request) override;
  grpc::ServerWriteReactor<v1::BackupChunk>* BackupState(
      grpc::CallbackServerContext* context, const v1::BackupStateRequest* request) override;

 private:
  Coordinator* const coordinator_;
  const HeldCuts* const cuts_;
  AuditLog* const audit_;
};

// What nodes and tasks say. Thread-safe.
class CoordinationService final : public v1::Coordination::CallbackService {
 public:
  // Outlives the service.
  explicit CoordinationService(Coordinator* coordinator) : coordinator_(coordinator) {}

  grpc::ServerUnaryReactor* Heartbeat(grpc::CallbackServerContext* context,
                                      const v1::HeartbeatRequest* request,
                                      v1::HeartbeatResponse* response) override;
  grpc::ServerUnaryReactor* SyncTask(grpc::CallbackServerContext* context,
                                     const v1::SyncTaskRequest* request,
                                     v1::SyncTaskResponse* response) override;

 private:
  Coordinator* const coordinator_;
};

}  // namespace paceline::scheduler

#endif  // PACELINE_SCHEDULER_IO_SERVICES_H_
