#include "cli/fake_scheduler.h"

#include <grpcpp/security/server_credentials.h>
#include <grpcpp/server_builder.h>

#include <utility>

#include "absl/strings/str_cat.h"
#include "common/check.h"
#include "common/clock.h"

namespace paceline::cli {

FakeScheduler::FakeScheduler() {
  grpc::ServerBuilder builder;
  builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port_);
  builder.RegisterService(this);
  server_ = builder.BuildAndStart();
  PL_CHECK(server_ != nullptr);
}

FakeScheduler::~FakeScheduler() {
  {
    MutexLock lock(&mu_);
    stopping_ = true;
    changed_.NotifyAll();
  }
  server_->Shutdown();
}

std::string FakeScheduler::address() const { return absl::StrCat("127.0.0.1:", port_); }

void FakeScheduler::Script(std::vector<Stream> streams) {
  MutexLock lock(&mu_);
  streams_ = std::move(streams);
}

void FakeScheduler::SetCut(std::vector<v1::CutChunk> chunks) {
  MutexLock lock(&mu_);
  chunks_ = std::move(chunks);
}

void FakeScheduler::SetBackup(std::vector<v1::BackupChunk> chunks) {
  MutexLock lock(&mu_);
  backup_ = std::move(chunks);
}

void FakeScheduler::SetError(grpc::Status error) {
  MutexLock lock(&mu_);
  error_ = std::move(error);
}

void FakeScheduler::SetJob(const v1::Job& job) {
  MutexLock lock(&mu_);
  if (job.job_id() > jobs_.size()) jobs_.resize(job.job_id());
  jobs_[job.job_id() - 1] = job;
}

void FakeScheduler::SetCluster(v1::Cluster cluster) {
  MutexLock lock(&mu_);
  cluster_ = std::move(cluster);
}

std::vector<v1::JobSpec> FakeScheduler::submitted() const {
  MutexLock lock(&mu_);
  return submitted_;
}

std::vector<v1::CancelJobRequest> FakeScheduler::cancelled() const {
  MutexLock lock(&mu_);
  return cancelled_;
}

void FakeScheduler::SetDrainWaits(std::vector<std::string> waits) {
  MutexLock lock(&mu_);
  drain_waits_ = std::move(waits);
}

std::vector<uint64_t> FakeScheduler::deleted() const {
  MutexLock lock(&mu_);
  return deleted_;
}

std::vector<v1::DrainNodeRequest> FakeScheduler::drained() const {
  MutexLock lock(&mu_);
  return drained_;
}

int FakeScheduler::watches() const {
  MutexLock lock(&mu_);
  return watches_;
}

grpc::Status FakeScheduler::SubmitJob(grpc::ServerContext*, const v1::SubmitJobRequest* request,
                                      v1::SubmitJobResponse* response) {
  MutexLock lock(&mu_);
  if (!error_.ok()) {
    return error_;
  }
  const auto [place, is_new] = requests_.emplace(request->request_id(), jobs_.size() + 1);
  if (is_new) {
    submitted_.push_back(request->spec());
    v1::Job job;
    job.set_job_id(place->second);
    *job.mutable_spec() = request->spec();
    job.set_state(v1::JOB_STATE_PENDING);
    job.set_reason("needs 2 workers, 0 free");
    job.mutable_summary()->set_job_id(absl::StrCat(job.job_id()));
    job.mutable_summary()->set_state("pending");
    jobs_.push_back(job);
  }
  response->set_job_id(place->second);
  return grpc::Status::OK;
}

grpc::Status FakeScheduler::GetJob(grpc::ServerContext*, const v1::GetJobRequest* request,
                                   v1::Job* response) {
  MutexLock lock(&mu_);
  if (!error_.ok()) {
    return error_;
  }
  if (request->job_id() == 0 || request->job_id() > jobs_.size()) {
    return {grpc::StatusCode::NOT_FOUND, absl::StrCat("no job ", request->job_id())};
  }
  *response = jobs_[request->job_id() - 1];
  return grpc::Status::OK;
}

grpc::Status FakeScheduler::ListJobs(grpc::ServerContext*, const v1::ListJobsRequest* request,
                                     v1::ListJobsResponse* response) {
  MutexLock lock(&mu_);
  // Pages of two.
  for (const v1::Job& job : jobs_) {
    if (job.job_id() <= request->after_job_id()) {
      continue;
    }
    if (response->jobs_size() == 2) {
      response->set_more(true);
      break;
    }
    *response->add_jobs() = job;
  }
  return grpc::Status::OK;
}

grpc::Status FakeScheduler::CancelJob(grpc::ServerContext*, const v1::CancelJobRequest* request,
                                      v1::Job* response) {
  MutexLock lock(&mu_);
  if (request->job_id() == 0 || request->job_id() > jobs_.size()) {
    return {grpc::StatusCode::NOT_FOUND, absl::StrCat("no job ", request->job_id())};
  }
  cancelled_.push_back(*request);
  v1::Job& job = jobs_[request->job_id() - 1];
  job.set_state(v1::JOB_STATE_CANCELLED);
  job.mutable_summary()->set_state("cancelled");
  *response = job;
  return grpc::Status::OK;
}

grpc::Status FakeScheduler::CheckpointJob(grpc::ServerContext*,
                                          const v1::CheckpointJobRequest* request,
                                          v1::CheckpointJobResponse* response) {
  MutexLock lock(&mu_);
  if (request->job_id() == 0 || request->job_id() > jobs_.size()) {
    return {grpc::StatusCode::NOT_FOUND, absl::StrCat("no job ", request->job_id())};
  }
  response->set_cut_id(5);
  return grpc::Status::OK;
}

grpc::Status FakeScheduler::WatchJob(grpc::ServerContext* context,
                                     const v1::WatchJobRequest* request,
                                     grpc::ServerWriter<v1::Job>* writer) {
  Stream stream;
  {
    MutexLock lock(&mu_);
    ++watches_;
    if (request->job_id() == 0 || request->job_id() > jobs_.size()) {
      return {grpc::StatusCode::NOT_FOUND, absl::StrCat("no job ", request->job_id())};
    }
    if (streams_.empty()) {
      stream.hangs = true;
    } else {
      stream = streams_.front();
      streams_.erase(streams_.begin());
    }
  }
  RealClock clock;
  {
    MutexLock lock(&mu_);
    while (!stream.after() && !stopping_ && !context->IsCancelled()) {
      clock.WaitUntil(&mu_, &changed_, clock.Monotonic() + absl::Milliseconds(5));
    }
    for (v1::Job& update : stream.updates) {
      update.set_job_id(request->job_id());
      *update.mutable_spec() = jobs_[request->job_id() - 1].spec();
      jobs_[request->job_id() - 1] = update;
    }
  }
  for (const v1::Job& update : stream.updates) {
    writer->Write(update);
  }
  MutexLock lock(&mu_);
  while (stream.hangs && !stopping_ && !context->IsCancelled()) {
    clock.WaitUntil(&mu_, &changed_, clock.Monotonic() + absl::Milliseconds(20));
  }
  return stream.end;
}

grpc::Status FakeScheduler::DescribeCluster(grpc::ServerContext*, const v1::DescribeClusterRequest*,
                                            v1::Cluster* response) {
  MutexLock lock(&mu_);
  if (!error_.ok()) {
    return error_;
  }
  if (cluster_.nodes_size() > 0) {
    *response = cluster_;
    return grpc::Status::OK;
  }
  response->set_cluster_id("c1");
  response->set_address(address());
  *response->add_nodes() = Node();
  return grpc::Status::OK;
}

v1::NodeStatus FakeScheduler::Node() {
  v1::NodeStatus node;
  node.set_node_id(3);
  node.set_role(v1::NODE_ROLE_WORKER);
  node.set_address("w1:7072");
  node.set_slots(2);
  node.set_slots_used(1);
  node.set_live(true);
  if (drained_.empty() || drained_.back().undo()) {
    return node;
  }
  node.set_drain_requested(true);
  node.set_drain_reason(drained_.back().reason());
  if (!drain_waits_.empty()) {
    node.set_drain_waits_for(drain_waits_.front());
    drain_waits_.erase(drain_waits_.begin());
  }
  return node;
}

grpc::Status FakeScheduler::DeleteJob(grpc::ServerContext*, const v1::DeleteJobRequest* request,
                                      v1::DeleteJobResponse* /*response*/) {
  MutexLock lock(&mu_);
  if (request->job_id() != 1) {
    return {grpc::StatusCode::FAILED_PRECONDITION,
            absl::StrCat("job ", request->job_id(), " is running; cancel it first")};
  }
  deleted_.push_back(request->job_id());
  return grpc::Status::OK;
}

grpc::Status FakeScheduler::DrainNode(grpc::ServerContext*, const v1::DrainNodeRequest* request,
                                      v1::NodeStatus* response) {
  MutexLock lock(&mu_);
  if (request->node_id() != 3 && request->address() != "w1:7072") {
    return {grpc::StatusCode::NOT_FOUND, "no such node"};
  }
  drained_.push_back(*request);
  *response = Node();
  return grpc::Status::OK;
}

grpc::Status FakeScheduler::ReadCut(grpc::ServerContext*, const v1::ReadCutRequest* request,
                                    grpc::ServerWriter<v1::CutChunk>* writer) {
  MutexLock lock(&mu_);
  if (request->job_id() != 1) {
    return {grpc::StatusCode::NOT_FOUND, absl::StrCat("no job ", request->job_id())};
  }
  for (const v1::CutChunk& chunk : chunks_) {
    writer->Write(chunk);
  }
  return grpc::Status::OK;
}

grpc::Status FakeScheduler::BackupState(grpc::ServerContext*,
                                        const v1::BackupStateRequest* /*request*/,
                                        grpc::ServerWriter<v1::BackupChunk>* writer) {
  MutexLock lock(&mu_);
  if (!error_.ok()) {
    return error_;
  }
  for (const v1::BackupChunk& chunk : backup_) {
    writer->Write(chunk);
  }
  return grpc::Status::OK;
}

}  // namespace paceline::cli
