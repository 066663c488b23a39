// A FakeNode on a thread of its own, and its tasks on theirs, that speak to a
// scheduler over gRPC: for tests.
//
// Thread-safe.
#ifndef PACELINE_SCHEDULER_LOOPBACK_NODE_H_
#define PACELINE_SCHEDULER_LOOPBACK_NODE_H_

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <utility>

#include "absl/status/status.h"
#include "common/fs.h"
#include "common/sync.h"
#include "proto/node.grpc.pb.h"
#include "scheduler/core/fake_node.h"

namespace paceline::scheduler {

class LoopbackNode {
 public:
  // `scheduler`: "host:port". `records`: what its tasks find in their data.
  LoopbackNode(const std::string& scheduler, FakeNode node, uint64_t records);
  // Stops, as a killed process does.
  ~LoopbackNode();

  // Looks at or changes the node between two calls of it.
  void With(const std::function<void(FakeNode&)>& look);
  // Blocks until `condition` holds of the node; false after a minute.
  bool Await(const std::function<bool(const FakeNode&)>& condition);
  void Stop();

 private:
  using TaskKey = std::pair<uint64_t, uint32_t>;
  using Life = std::pair<TaskKey, uint64_t>;

  void Beat();
  void RunTask(TaskKey key, uint64_t incarnation);
  bool stopped();

  const std::unique_ptr<v1::Coordination::Stub> stub_;
  const uint64_t records_;
  Mutex mu_;
  CondVar changed_;
  FakeNode node_ ABSL_GUARDED_BY(mu_);
  bool stop_ ABSL_GUARDED_BY(mu_) = false;
  // By task and incarnation.
  std::map<Life, std::thread> task_threads_;
  std::thread thread_;
};

// Writes the shards of `node` as safetensors files of ones.
std::function<void(const v1::ServerJobOrder&, v1::CutReport*)> CutOfOnes(FileSystem* fs,
                                                                         std::string node);

}  // namespace paceline::scheduler

#endif  // PACELINE_SCHEDULER_LOOPBACK_NODE_H_
