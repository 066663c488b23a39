// Nodes and tasks that do at once what they are told, whatever carries the words:
// for tests of the scheduler.
//
// Owned by one thread at a time.
#ifndef PACELINE_SCHEDULER_CORE_FAKE_NODE_H_
#define PACELINE_SCHEDULER_CORE_FAKE_NODE_H_

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "proto/job.pb.h"
#include "proto/node.pb.h"

namespace paceline::scheduler {

// A job without data files that validates: the counting model, 3 iterations a rank.
v1::JobSpec CountingSpec(uint32_t workers, uint32_t servers, v1::Policy policy);

// A logistic job over records that ranks find in their data.
v1::JobSpec RecordsSpec(uint32_t workers, uint32_t servers, v1::Policy policy,
                        uint32_t global_batch, uint32_t epochs);

// A task that walks its rounds or grants, `pace` iterations each time it is answered.
struct FakeTask {
  // What it says next.
  v1::SyncTaskRequest report;
  v1::JobSpec spec;
  std::vector<v1::Grant> grants;
  bool grants_complete = false;
  bool exited = false;
  uint64_t pace = 1;
  // Rank 0: the loss that evaluations before an iteration find. Not set: it makes none.
  std::function<double(uint64_t)> loss;
  // What it was given.
  std::optional<uint32_t> gpu;

  // `records`: found in the data, if the job has any.
  void Heed(const v1::SyncTaskResponse& reply, uint64_t records);

 private:
  void Work();
  void Evaluate();
};

// A server that opens shards, writes cuts and holds copies at once, or a worker whose tasks start
// and stop at once.
struct FakeNode {
  // What it says next.
  v1::HeartbeatRequest report;
  bool alive = true;
  // Worker: by job and rank.
  std::map<std::pair<uint64_t, uint32_t>, FakeTask> tasks;
  // Server: writes the files of a cut. Not set: reports files without bytes.
  std::function<void(const v1::ServerJobOrder&, v1::CutReport*)> write_cut;
  // Server: holds a replicated cut. Not set: it is done at once.
  std::function<void(v1::HeldCut*)> hold_cut;

  static FakeNode Server(const std::string& address, uint64_t process_nonce);
  static FakeNode Worker(const std::string& address, uint64_t process_nonce, uint32_t slots);
  // A GPU, with the next ordinal.
  void AddGpu(const std::string& name, uint64_t memory_mib);

  void Heed(const v1::HeartbeatResponse& reply);
  // Marks the tasks that exited in the report.
  void ReportExits();

 private:
  void Serve(const v1::ServerJobOrder& order);
  void Close(uint64_t job_id);
  void Run(const v1::TaskOrder& order);
  void Stop(const v1::TaskOrder& order);
};

}  // namespace paceline::scheduler

#endif  // PACELINE_SCHEDULER_CORE_FAKE_NODE_H_
